"""Faults: bounded, ending by themselves, and not there unless asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from reference.app import Application
from reference.faults import Faults
from reference.metrics import Metrics
from reference.settings import Role, Settings


class Clock:
    """A clock that moves when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def _settings(secrets: Path, faults: bool) -> Settings:
    return Settings(role=Role.WEB, system="blipee", secrets_dir=secrets, faults=faults)


def _faults(clock: Clock) -> Faults:
    return Faults(Metrics(Settings(role=Role.API, system="blipee")), clock)


def test_a_fault_ends_by_itself() -> None:
    clock = Clock()
    faults = _faults(clock)
    faults.inject("latency", 250, 10)
    assert faults.latency_seconds() == 0.25
    clock.now += 9.9
    assert faults.latency_seconds() == 0.25
    clock.now += 0.1
    assert faults.latency_seconds() == 0.0


def test_errors_by_ratio() -> None:
    faults = _faults(Clock())
    assert not any(faults.fails() for _ in range(100))
    faults.inject("errors", 1, 10)
    assert all(faults.fails() for _ in range(100))
    faults.inject("errors", 0.5, 10)
    assert 350 < sum(faults.fails() for _ in range(1000)) < 650
    faults.clear()
    assert not any(faults.fails() for _ in range(100))


def test_memory_is_given_back() -> None:
    async def story() -> None:
        faults = Faults(Metrics(Settings(role=Role.API, system="blipee")), lambda: 0.0)
        await faults.fill(40, 2)
        assert sum(map(len, faults._ballast)) == 40 * 1024 * 1024
        await asyncio.sleep(2.1)  # the passing of time is what is tested
        assert not faults._ballast

    asyncio.run(story())


@pytest.mark.parametrize("path", ["latency", "errors", "memory", "crash"])
def test_absent_unless_asked_for(secrets: Path, path: str) -> None:
    with TestClient(Application(_settings(secrets, False)).web) as client:
        assert client.post(f"/faults/{path}?ms=1&ratio=1&mib=1&for_seconds=1").status_code == 404
        assert client.delete("/faults").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "latency?ms=30001&for_seconds=1",
        "latency?ms=10",
        "latency?ms=10&for_seconds=0",
        "latency?ms=10&for_seconds=3601",
        "latency?ms=10&for_seconds=nan",
        "errors?ratio=1.1&for_seconds=1",
        "errors?ratio=nan&for_seconds=1",
        "memory?mib=4097&for_seconds=1",
    ],
)
def test_bounds(secrets: Path, query: str) -> None:
    with TestClient(Application(_settings(secrets, True)).web) as client:
        assert client.post(f"/faults/{query}").status_code == 422


def test_they_bite_and_spare_health(secrets: Path) -> None:
    with TestClient(Application(_settings(secrets, True)).web) as client:
        assert client.post("/faults/errors?ratio=1&for_seconds=60").status_code == 202
        assert client.get("/").status_code == 500
        assert client.get("/").json()["action"] == "End it with DELETE /faults."
        assert client.get("/health/ready").status_code == 200
        metrics = client.get("/metrics").text
        assert 'fault_active{kind="errors"} 1.0' in metrics
        assert 'http_requests_total{method="GET",route="/",status="500"} 2.0' in metrics
        assert client.delete("/faults").status_code == 204
        assert client.get("/").status_code == 200
