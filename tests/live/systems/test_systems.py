"""Every system answers, keeps what it is given, and takes uploads and WebSockets."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from ops.stack import platform_of
from ops.up import LOOPBACK
from stacks.systems import SYSTEMS
from tests.live.support import Live, until

MIB = 2**20
CHUNK = 10**6
UPLOAD = 100 * CHUNK
# Asks a workload's own process, from inside its Pod.
ASK_READY = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8000/health/ready", timeout=10).read().decode())
"""
ASK_COMPILED = """
import os, sys, reference.app
of = lambda name: getattr(sys.modules[name], "__cached__", None)
ours = [of(name) for name in list(sys.modules) if name.startswith(("reference", "fastapi"))]
assert len(ours) > 30 and all(map(os.path.exists, filter(None, ours))), ours
"""
MAX_GROWTH = 64 * MIB
every_system = pytest.mark.parametrize("slug", sorted(SYSTEMS))


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param(slug, marks=[pytest.mark.req("M3D-086")] if slug == "models_3d" else [])
        for slug in sorted(SYSTEMS)
    ],
)
def test_answers_over_verified_tls(live: Live, slug: str) -> None:
    with live.client(slug) as client:
        answer = client.get(live.systems[slug]["health_url"])
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@every_system
def test_readiness_looks_at_every_store_that_a_workload_uses(live: Live, slug: str) -> None:
    namespace = live.systems[slug]["namespace"]
    for workload in platform_of().system(slug).workloads:
        pod = live.pods(namespace, f"app.kubernetes.io/name={workload.name}")[0]
        answer = live.kubectl(
            "exec", "-n", namespace, pod["metadata"]["name"], "--", "python3", "-c", ASK_READY
        )
        checks = json.loads(answer)["checks"]
        assert {name: check["status"] for name, check in checks.items()} == dict.fromkeys(
            workload.uses, "ok"
        ), workload.name


def test_another_authority_is_not_trusted(live: Live) -> None:
    host = live.systems["blipee"]["host"]
    with (
        socket.create_connection((LOOPBACK, 443), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname=host)


@every_system
def test_a_write_survives_the_pod_and_the_database_pod(live: Live, slug: str) -> None:
    text = f"kept {os.urandom(6).hex()}"
    namespace = live.systems[slug]["namespace"]
    with live.client(slug) as client:
        created = client.post("/api/notes", json={"text": text})
        assert created.status_code == 201, created.text
        place = f"/api/notes/{created.json()['id']}"
        assert client.get(place).json()["text"] == text
        _delete_pods(live, namespace, "app.kubernetes.io/component=api")
        _still_there(client, place, text)
        _delete_pods(live, namespace, "cnpg.io/podRole=instance")
        # The cache must not answer for the database.
        _flush_cache(live, namespace)
        _still_there(client, place, text)
    _settled(live, namespace)


@pytest.mark.req("FLO-052")
def test_slow_statements_are_on_record_and_passwords_are_not(live: Live) -> None:
    slowest = (
        "SELECT query, mean_exec_time, calls, total_exec_time FROM pg_stat_statements"
        " ORDER BY mean_exec_time DESC LIMIT 10"
    )
    assert _count(live, f"({slowest}) AS slowest") == 10
    assert _count(live, "pg_stat_statements WHERE query LIKE '%SCRAM-SHA-256%'") == 0


def _count(live: Live, rows: str) -> int:
    """How many rows Flow Studio's database has of these."""
    namespace = live.systems["flow_studio"]["namespace"]
    name = platform_of().system("flow_studio").database.name
    return int(live.kubectl(
        "exec", "-n", namespace, "postgres-1", "-c", "postgres", "--",
        "psql", "--tuples-only", "--dbname", name, "--command", f"SELECT count(*) FROM {rows}",
    ))  # fmt: skip


def test_an_api_without_pods_is_unavailable_and_nobody_answers_for_it(live: Live) -> None:
    namespace, name = live.systems["models_3d"]["namespace"], "deployment/models-3d-api"
    with live.client("models_3d") as client:
        live.kubectl("scale", "-n", namespace, name, "--replicas=0")
        try:
            until(lambda: client.get("/api/notes/1").status_code == 503, 60, "503")
        finally:
            live.kubectl("scale", "-n", namespace, name, "--replicas=1")
            _settled(live, namespace)
        until(lambda: client.get("/api/notes/1").status_code in (200, 404), 60, "the API's own")


def _settled(live: Live, namespace: str) -> None:
    """Wait until every workload has its Pods again."""
    live.kubectl("wait", "deployment", "--all", "-n", namespace, "--for=condition=Available",
                 "--timeout=180s")  # fmt: skip


def test_a_pod_starts_from_compiled_modules(live: Live) -> None:
    """Its root is read-only: what is not compiled in the image is compiled at every start."""
    pod = live.pods("blipee", "app.kubernetes.io/component=api")[0]["metadata"]["name"]
    live.kubectl("exec", "-n", "blipee", pod, "--", "python3", "-c", ASK_COMPILED)


def _delete_pods(live: Live, namespace: str, selector: str) -> None:
    assert live.pods(namespace, selector), f"no Pod matches {selector} in {namespace}"
    live.kubectl("delete", "pods", "-n", namespace, "-l", selector, "--wait=true")


def _flush_cache(live: Live, namespace: str) -> None:
    live.kubectl("delete", "pods", "-n", namespace, "-l", "app.kubernetes.io/component=cache")


def _still_there(client: httpx.Client, place: str, text: str) -> None:
    until(
        lambda: client.get(place).json()["text"] == text,
        180,
        f"{place} reads {text!r} again",
    )


@every_system
def test_an_upload_arrives_whole_without_filling_memory(live: Live, slug: str) -> None:
    digest = hashlib.sha256()

    def body() -> Iterator[bytes]:
        for number in range(UPLOAD // CHUNK):
            chunk = number.to_bytes(8, "big") * (CHUNK // 8)
            digest.update(chunk)
            yield chunk

    with live.client(slug, timeout=120) as client:
        before = _resident(live, slug)
        answer = client.put("/api/uploads/large.bin", content=body())
        after = _resident(live, slug)
        assert answer.status_code in (200, 201), answer.text
        assert answer.json()["sha256"] == digest.hexdigest()
        assert answer.json()["size"] == UPLOAD
        read = hashlib.sha256()
        with client.stream("GET", "/api/uploads/large.bin") as stream:
            assert stream.headers["content-length"] == str(UPLOAD)
            for piece in stream.iter_bytes(MIB):
                read.update(piece)
        assert read.hexdigest() == digest.hexdigest()
    # A Pod that the autoscaler added meanwhile has no "before".
    growth = max(after[pod] - before[pod] for pod in after.keys() & before.keys())
    print(f"{slug}: 100 MB upload, memory grew by at most {growth / MIB:.1f} MiB")
    assert growth < MAX_GROWTH


def _resident(live: Live, slug: str) -> dict[str, int]:
    """Each API Pod's peak resident memory in bytes, as its process reports it."""
    namespace = live.systems[slug]["namespace"]
    found = {}
    for pod in live.pods(namespace, "app.kubernetes.io/component=api"):
        name = pod["metadata"]["name"]
        status = live.kubectl("exec", "-n", namespace, name, "--", "cat", "/proc/1/status")
        found[name] = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]
    return found


def test_websocket_echoes_and_stays_with_its_pod(live: Live) -> None:
    host = live.systems["models_3d"]["host"]
    context = ssl.create_default_context(cadata=live.exports["authority"])

    def open_socket(cookie: str | None):  # type: ignore[no-untyped-def]
        headers = {"Cookie": cookie} if cookie else {}
        return connect(
            f"wss://{host}/ws", sock=socket.create_connection((LOOPBACK, 443)), ssl=context,
            server_hostname=host, additional_headers=headers,
        )  # fmt: skip

    with open_socket(None) as first:
        greeting = first.recv(timeout=10)
        first.send("hello")
        assert "hello" in str(first.recv(timeout=10))
        cookie = first.response.headers["Set-Cookie"].split(";")[0]
    for _ in range(5):
        with open_socket(cookie) as again:
            assert again.recv(timeout=10) == greeting, "a sticky session must meet the same Pod"
