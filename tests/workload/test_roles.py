"""Roles: each has its own routes and no others; answers are problem+json, traced and counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from reference.app import Application
from reference.mounts import MountError
from reference.settings import Role, Settings
from workload_process import write_secret

ALL = {"database", "cache", "bucket"}
ROUTES = {
    Role.API: {"/api/notes", "/api/notes/{note_id}", "/api/jobs", "/api/uploads/{name}"},
    Role.WEB: {"/", "/api/notes/{note_id}"},
    Role.WEBSOCKET: {"/ws"},
    Role.WORKER: set[str](),
}
PROBES = {
    "/": ("GET", "/"),
    "/api/notes": ("POST", "/api/notes"),
    "/api/notes/{note_id}": ("GET", "/api/notes/1"),
    "/api/jobs": ("POST", "/api/jobs"),
    "/api/uploads/{name}": ("GET", "/api/uploads/a"),
}


def _mount(secrets: Path, parts: set[str]) -> None:
    for name in parts & {"database", "cache"}:
        values = {"host": "127.0.0.1", "port": "1", "password": "x", "dbname": "x"}
        write_secret(secrets / name, user="x", **values)
    if "bucket" in parts:
        folder = write_secret(secrets / "bucket", endpoint="http://127.0.0.1:1", bucket="bkt")
        write_secret(folder, access_key_id="x", secret_access_key="x")


def _settings(role: Role, secrets: Path) -> Settings:
    return Settings(
        role=role, system="blipee", secrets_dir=secrets, health_paths=("/health",), check_seconds=1
    )


def _client(role: Role, secrets: Path) -> TestClient:
    return TestClient(Application(_settings(role, secrets)).web, raise_server_exceptions=False)


@pytest.mark.parametrize("role", list(Role))
def test_routes_of_a_role(secrets: Path, role: Role) -> None:
    _mount(secrets, ALL)
    with _client(role, secrets) as client:
        for template, (method, path) in PROBES.items():
            there = client.request(method, path).status_code not in (404, 405)
            assert there == (template in ROUTES[role]), (role, path)


@pytest.mark.parametrize("role", list(Role))
def test_alive_but_not_ready_while_the_parts_are_away(secrets: Path, role: Role) -> None:
    _mount(secrets, ALL)
    with _client(role, secrets) as client:
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", "/health"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert set(answer.json()["checks"]) == ALL
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("part", sorted(ALL))
def test_what_is_not_mounted_is_not_checked(secrets: Path, part: str) -> None:
    _mount(secrets, {part})
    with _client(Role.WORKER, secrets) as client:
        assert set(client.get("/health/ready").json()["checks"]) == {part}


def test_ready_without_parts(secrets: Path) -> None:
    with _client(Role.API, secrets) as client:
        assert client.get("/health/ready").status_code == 200


def test_problem_json_with_the_trace(secrets: Path) -> None:
    _mount(secrets, {"database"})
    trace = "0af7651916cd43dd8448eb211c80319c"
    header = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    with _client(Role.API, secrets) as client:
        answer = client.get("/api/notes/1", headers=header)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["traceparent"].startswith(f"00-{trace}-")
    body = answer.json()
    assert body["trace_id"] == trace
    assert body["title"]
    assert body["action"]


def test_what_a_client_sent_is_not_repeated(secrets: Path) -> None:
    _mount(secrets, {"database"})
    with _client(Role.API, secrets) as client:
        for body in ('{"text": 1, "password": "canary"}', "canary", '{"text": "canary\\u0000"}'):
            answer = client.post(
                "/api/notes", content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code == 422
            assert "canary" not in answer.text


def test_a_defect_tells_the_client_nothing_of_itself(secrets: Path) -> None:
    application = Application(_settings(Role.WORKER, secrets))

    @application.web.get("/defect")
    async def defect() -> None:
        raise ValueError("canary")

    with TestClient(application.web) as client:
        answer = client.get("/defect")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary" not in answer.text


def test_labels_stay_few(secrets: Path) -> None:
    with _client(Role.API, secrets) as client:
        for number in range(5):
            client.get(f"/nowhere/{number}")
        client.request("BREW", "/nowhere")
        metrics = client.get("/metrics").text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 5.0' in metrics
    assert 'method="OTHER"' in metrics
    assert "/nowhere" not in metrics
    assert "process_resident_memory_bytes" in metrics


def test_a_folder_without_its_keys_is_refused(secrets: Path) -> None:
    (secrets / "bucket").mkdir()
    with pytest.raises(MountError, match="bucket"):
        Application(_settings(Role.API, secrets))


def test_the_page(secrets: Path) -> None:
    with _client(Role.WEB, secrets) as client:
        answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for words in ('<html lang="en">', "<title>blipee is ok", "light dark", "<main>", 'scope="row"'):
        assert words in answer.text
