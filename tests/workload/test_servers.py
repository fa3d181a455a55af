"""Against a real PostgreSQL and a real Redis: notes, cache, jobs, rotation, starting together."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from workload_process import PASSWORD, Launch, Process, free_port, wait_for


def _note(process: Process, text: str = "words") -> dict[str, Any]:
    answer = httpx.post(f"{process.address}/api/notes", json={"text": text}, timeout=10)
    assert answer.status_code == 201, answer.text
    note: dict[str, Any] = answer.json()
    return note


def _metric(process: Process, name: str) -> float:
    lines = process.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def _redis(port: int, *words: str) -> str:
    command = ["redis-cli", "-p", str(port), "--no-auth-warning", "-a", PASSWORD, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.usefixtures("database", "cache")
def test_written_read_kept_and_forgotten(launch: Launch) -> None:
    process = launch("api", cache_ttl="30").ready()
    note = _note(process)
    path = f"/api/notes/{note['id']}"
    first, second = process.get(path), process.get(path)
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.json() == second.json() == note
    changed = httpx.put(process.address + path, json={"text": "others"}).json()
    third = process.get(path)
    assert third.headers["x-cache"] == "miss"
    assert third.json() == changed
    assert process.get("/api/notes/999999").status_code == 404
    assert _metric(process, 'cache_reads_total{result="hit"}') == 1
    assert _metric(process, "database_pool_connections") >= 1


@pytest.mark.usefixtures("database", "cache")
def test_the_cache_forgets_in_time(launch: Launch, redis_port: int) -> None:
    process = launch("api", cache_ttl="2").ready()
    note = _note(process)
    process.get(f"/api/notes/{note['id']}")
    left = int(_redis(redis_port, "PTTL", f"flow-studio:notes:{note['id']}"))
    assert 0 < left <= 2000
    wait_for(lambda: process.get(f"/api/notes/{note['id']}").headers["x-cache"] == "miss", 5)


@pytest.mark.usefixtures("database")
def test_reads_go_on_without_the_cache(launch: Launch, cache: Path) -> None:
    (cache / "port").write_text(str(free_port()))
    process = launch("api").listening()
    wait_for(
        lambda: process.get("/health/ready").json()["checks"]["database"]["status"] == "ok", 20
    )
    note = _note(process)
    assert process.get(f"/api/notes/{note['id']}").headers["x-cache"] == "miss"
    report = process.get("/health/ready")
    assert report.status_code == 503
    assert report.json()["checks"]["cache"]["status"] == "failed"
    assert _metric(process, 'cache_reads_total{result="error"}') == 1


@pytest.mark.usefixtures("cache")
def test_starts_before_its_database_and_becomes_ready(launch: Launch, database: Path) -> None:
    right = (database / "port").read_text()
    (database / "port").write_text(str(free_port()))
    process = launch("api").listening()
    assert process.get("/health/ready").status_code == 503
    answer = process.get("/api/notes/999999")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    (database / "port").write_text(right)
    process.ready()
    assert _note(process)["id"] > 0


@pytest.mark.usefixtures("cache")
def test_a_rotated_password_is_read_anew(launch: Launch, database: Path) -> None:
    (database / "password").write_text("of-yesterday")
    process = launch("api").listening()
    assert process.get("/health/ready").status_code == 503
    (database / "password").write_text(PASSWORD)
    process.ready()
    assert "of-yesterday" not in process.log()


@pytest.mark.usefixtures("database")
def test_a_rotated_cache_password_is_read_anew(launch: Launch, cache: Path) -> None:
    (cache / "password").write_text("of-yesterday")
    process = launch("websocket").listening()
    assert process.get("/health/ready").status_code == 503
    (cache / "password").write_text(PASSWORD)
    process.ready()


@pytest.mark.usefixtures("cache")
def test_replicas_start_together_on_an_empty_database(
    launch: Launch, database: Path, postgres_port: int
) -> None:
    environment = {"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"}
    command = ["psql", "-h", "127.0.0.1", "-p", str(postgres_port), "-U", "app", "postgres"]
    subprocess.run([*command, "-c", "CREATE DATABASE fresh"], check=True, env=environment)
    (database / "dbname").write_text("fresh")
    replicas = [launch("api"), launch("api"), launch("web")]
    for replica in replicas:
        replica.ready()
        assert "database not ready" not in replica.log()
    note = _note(replicas[0])
    assert replicas[2].get(f"/api/notes/{note['id']}").json() == note
    assert replicas[2].get("/").status_code == 200


@pytest.mark.usefixtures("cache")
def test_jobs_are_done_once_and_the_one_in_hand_is_finished(
    launch: Launch, redis_port: int
) -> None:
    api = launch("api").ready()
    worker = launch("worker").ready()
    done = int(_redis(redis_port, "GET", "flow-studio:jobs:done") or 0)
    for _ in range(20):
        httpx.post(f"{api.address}/api/jobs", json={"work_ms": 5}).raise_for_status()
    wait_for(lambda: _metric(worker, 'worker_jobs_total{result="done"}') == 20, 20)
    _redis(redis_port, "XADD", "flow-studio:jobs", "*", "work_ms", "nonsense")
    wait_for(lambda: _metric(worker, 'worker_jobs_total{result="refused"}') == 1, 20)
    httpx.post(f"{api.address}/api/jobs", json={"work_ms": 1500}).raise_for_status()
    pending = ("XPENDING", "flow-studio:jobs", "workers")
    wait_for(lambda: _redis(redis_port, *pending).startswith("1"), 5)
    worker.leave()
    assert worker.wait() == 0
    assert int(_redis(redis_port, "GET", "flow-studio:jobs:done")) == done + 22
    assert _redis(redis_port, "XLEN", "flow-studio:jobs") == "0"
