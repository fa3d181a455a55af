"""Who can reach whom, asked from inside the Pods: only the declared flows are open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from ops.stack import platform_of
from stacks.systems import SYSTEMS
from tests.live.support import Live, until

OUTSIDER = "alicerce-test-outsider"
# Runs in a Pod: tries all targets of standard input at once, and prints the open ones.
PROBE = """
import concurrent.futures, json, socket, sys
def attempt(target):
    try:
        socket.create_connection((target[0], target[1]), timeout=2).close()
        return target
    except OSError:
        return None
targets = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps([t for t in pool.map(attempt, targets) if t]))
"""
Target = tuple[str, int]


@dataclass(frozen=True)
class Stores:
    """Where one system's parts listen."""

    database: Target
    cache: Target
    bucket: Target
    services: dict[str, Target]


def stores(live: Live) -> dict[str, Stores]:
    """Each system's parts, by slug."""
    found = {}
    for slug, system in live.systems.items():
        endpoint = urlsplit(system["buckets"][0]["endpoint"])
        found[slug] = Stores(
            (system["database"]["host"], system["database"]["port"]),
            (system["cache"]["host"], system["cache"]["port"]),
            (str(endpoint.hostname), endpoint.port or 443),
            {
                each["name"]: (f"{each['service']}.{system['namespace']}.svc", each["port"])
                for each in system["workloads"]
                if each["service"]
            },
        )
    return found


def reached(live: Live, namespace: str, pod: str, targets: list[Target]) -> set[Target]:
    """Which of the targets the Pod can open a connection to."""
    answer = live.kubectl(
        "exec", "-i", "-n", namespace, pod, "--", "python3", "-c", PROBE, stdin=json.dumps(targets)
    )
    return {(host, port) for host, port in json.loads(answer)}


def everything(parts: dict[str, Stores]) -> list[Target]:
    """All that listens, once each."""
    found = [
        target
        for each in parts.values()
        for target in (each.database, each.cache, each.bucket, *each.services.values())
    ]
    return list(dict.fromkeys(found))


def pod_of(live: Live, slug: str, workload: str) -> str:
    """A running Pod of the workload."""
    pods = live.pods(live.systems[slug]["namespace"], f"app.kubernetes.io/name={workload}")
    assert pods, f"{workload} has no Pod"
    return str(pods[0]["metadata"]["name"])


def declared(slug: str, workload: str, parts: dict[str, Stores]) -> set[Target]:
    """What the description lets this workload reach."""
    system = platform_of().system(slug)
    wanted = next(each for each in system.workloads if each.name == workload)
    own = parts[slug]
    uses = {"database": own.database, "cache": own.cache, "bucket": own.bucket}
    calls = {own.services[name] for name in wanted.calls if name in own.services}
    return {uses[what] for what in wanted.uses} | calls


@pytest.mark.parametrize("slug", sorted(SYSTEMS))
def test_a_workload_reaches_what_it_declares_and_nothing_else(live: Live, slug: str) -> None:
    parts = stores(live)
    namespace = live.systems[slug]["namespace"]
    for workload in platform_of().system(slug).workloads:
        open_ = reached(live, namespace, pod_of(live, slug, workload.name), everything(parts))
        assert open_ == declared(slug, workload.name, parts), workload.name


@pytest.fixture(scope="module")
def outsider(live: Live) -> Iterator[str]:
    """A Pod of no system, in a namespace that holds nobody back from going out."""
    live.kubectl("create", "namespace", OUTSIDER)
    live.kubectl("apply", "-f", "-", stdin=json.dumps(_pod(live)))
    live.kubectl("wait", "pod/outsider", "-n", OUTSIDER, "--for=condition=Ready", "--timeout=60s")
    yield "outsider"
    live.kubectl("delete", "namespace", OUTSIDER, "--wait=true")


def _pod(live: Live) -> dict[str, Any]:
    model = live.pods(live.systems["blipee"]["namespace"], "app.kubernetes.io/component=api")[0]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "outsider", "namespace": OUTSIDER},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": model["spec"]["containers"][0]["image"],
                    "command": ["python3", "-m", "http.server", "8000", "--directory", "/app"],
                }
            ],
        },
    }


def test_a_stranger_in_the_cluster_reaches_nothing(live: Live, outsider: str) -> None:
    assert reached(live, OUTSIDER, outsider, everything(stores(live))) == set()


@pytest.mark.parametrize("slug", sorted(SYSTEMS))
def test_nobody_reaches_a_place_that_was_not_declared(live: Live, outsider: str, slug: str) -> None:
    address = live.get("pod", outsider, "-n", OUTSIDER)["status"]["podIP"]
    namespace = live.systems[slug]["namespace"]
    for workload in platform_of().system(slug).workloads:
        pod = pod_of(live, slug, workload.name)
        assert reached(live, namespace, pod, [(address, 8000)]) == set(), workload.name


def test_one_policy_less_is_noticed(live: Live, outsider: str) -> None:
    """The same look turns red when the database's policies are gone."""
    namespace = live.systems["blipee"]["namespace"]
    database = stores(live)["blipee"].database
    saved = [
        live.get("networkpolicy", name, "-n", namespace) for name in ("postgres", "default-deny")
    ]
    for policy in saved:
        live.kubectl("delete", "networkpolicy", policy["metadata"]["name"], "-n", namespace)
    try:
        until(
            lambda: reached(live, OUTSIDER, outsider, [database]) == {database},
            60,
            "the stranger reaches the database that lost its policies",
        )
    finally:
        for policy in saved:
            for key in ("resourceVersion", "uid", "creationTimestamp", "generation"):
                policy["metadata"].pop(key, None)
            fields = json.dumps(policy)
            live.kubectl("create", "--save-config=false", "-f", "-", stdin=fields)
    until(
        lambda: reached(live, OUTSIDER, outsider, [database]) == set(),
        60,
        "the restored policies close the database again",
    )


def test_credentials_of_one_system_do_not_open_anothers_bucket(live: Live) -> None:
    script = """
import json, sys
from pathlib import Path
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
m = Path('/run/secrets/bucket')
read = lambda key: (m / key).read_text().strip()
s = botocore.session.get_session().create_client('s3', endpoint_url=read('endpoint'),
    region_name=read('region'), aws_access_key_id=read('access-key-id'),
    aws_secret_access_key=read('secret-access-key'), verify=str(m / 'ca.crt'),
    config=Config(s3={'addressing_style': 'path'}))
found = {}
for bucket in json.load(sys.stdin):
    try:
        s.list_objects_v2(Bucket=bucket, MaxKeys=1)
        found[bucket] = 'open'
    except ClientError as error:
        found[bucket] = error.response['Error']['Code']
print(json.dumps(found))
"""
    names = {slug: s["buckets"][0]["name"] for slug, s in live.systems.items()}
    for slug, system in live.systems.items():
        api = next(w.name for w in platform_of().system(slug).workloads if "bucket" in w.uses)
        answer = live.kubectl(
            "exec", "-i", "-n", system["namespace"], pod_of(live, slug, api), "--",
            "python3", "-c", script, stdin=json.dumps(list(names.values())),
        )  # fmt: skip
        verdicts = json.loads(answer)
        assert verdicts.pop(names[slug]) == "open"
        assert set(verdicts.values()) == {"AccessDenied"}, verdicts
