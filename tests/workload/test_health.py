"""Health: all checks at once, each bounded, and one verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from reference.drain import Drain
from reference.health import Check, Health
from reference.metrics import Metrics
from reference.settings import Role, Settings


def _health(checks: Mapping[str, Check], drain: Drain | None = None) -> Health:
    settings = Settings(role=Role.API, system="blipee", check_seconds=0.3)
    return Health(settings, drain or Drain(0), Metrics(settings), checks)


def _report(checks: Mapping[str, Check]) -> tuple[bool, dict[str, Any]]:
    async def ask() -> tuple[bool, dict[str, Any]]:
        return await _health(checks).report()

    return asyncio.run(ask())


async def _fine() -> None:
    return None


async def _broken() -> None:
    raise ConnectionRefusedError("nobody there")


async def _stuck() -> None:
    await asyncio.Event().wait()


def test_nothing_to_check_is_ready() -> None:
    able, report = _report({})
    assert able
    assert report["status"] == "ok"
    assert (report["system"], report["role"]) == ("blipee", "api")


def test_checks_run_together() -> None:
    async def story() -> None:
        barrier = asyncio.Barrier(3)

        async def meet() -> None:
            await barrier.wait()

        able, report = await _health(dict.fromkeys("abc", meet)).report()
        assert able, report

    asyncio.run(story())


def test_one_failure_is_enough_and_the_others_are_told() -> None:
    able, report = _report({"database": _broken, "cache": _fine})
    assert not able
    assert report["status"] == "unready"
    assert report["checks"]["database"]["status"] == "failed"
    assert report["checks"]["cache"]["status"] == "ok"
    assert "nobody there" not in str(report), "details belong in the log"


def test_a_stuck_part_is_given_up() -> None:
    able, report = _report({"bucket": _stuck})
    assert not able
    assert report["checks"]["bucket"]["status"] == "timeout"
    assert 250 < report["checks"]["bucket"]["latency_ms"] < 5000


def test_draining_is_unready_though_all_is_well() -> None:
    async def story() -> None:
        drain = Drain(0)
        health = _health({"cache": _fine}, drain)
        assert (await health.report())[0]
        drain.begin()
        able, report = await health.report()
        assert not able
        assert report["status"] == "draining"

    asyncio.run(story())


def test_askers_share_a_round_and_one_who_leaves_spoils_nothing() -> None:
    async def story() -> None:
        asked = 0
        gate = asyncio.Event()

        async def count() -> None:
            nonlocal asked
            asked += 1
            await gate.wait()

        health = _health({"cache": count})
        askers = [asyncio.ensure_future(health.report()) for _ in range(20)]
        await asyncio.sleep(0.02)  # all twenty have asked and wait
        askers[0].cancel()
        gate.set()
        answers = await asyncio.gather(*askers[1:])
        assert asked == 1
        assert all(able for able, _report in answers)

    asyncio.run(story())
