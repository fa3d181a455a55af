"""Is it alive, and can it serve: the two questions a cluster asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from reference.drain import Drain
from reference.metrics import Metrics
from reference.problems import describe
from reference.settings import Settings

_log = structlog.stdlib.get_logger("reference.health")
LIVE = "/health/live"
READY = "/health/ready"
_NO_STORE = {"Cache-Control": "no-store"}

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Result:
    """What one check found; `latency_ms` is milliseconds, up to the time-out if it failed."""

    status: str
    latency_ms: float


class Health:
    """Checks every part at once, each within `check_seconds`.

    Askers that come together share one round: a public health path must not multiply load.
    """

    def __init__(
        self, settings: Settings, drain: Drain, metrics: Metrics, checks: Mapping[str, Check]
    ) -> None:
        self._settings = settings
        self._drain = drain
        self._metrics = metrics
        self._checks = checks
        self._round: asyncio.Task[dict[str, Result]] | None = None

    async def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether requests may be sent here, and the report to show."""
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._check_all())
        # Shielded: one asker who leaves must not cancel the round of the others.
        results = await asyncio.shield(self._round)
        well = all(result.status == "ok" for result in results.values())
        draining = self._drain.draining.is_set()
        status = "draining" if draining else "ok" if well else "unready"
        return well and not draining, {
            "status": status,
            "system": self._settings.system,
            "role": self._settings.role.value,
            "version": self._settings.version,
            "checks": {name: asdict(result) for name, result in results.items()},
        }

    async def _check_all(self) -> dict[str, Result]:
        names = list(self._checks)
        found = await asyncio.gather(*(self._check(name) for name in names))
        return dict(zip(names, found, strict=True))

    async def _check(self, name: str) -> Result:
        began = time.perf_counter()
        status = "ok"
        try:
            async with asyncio.timeout(self._settings.check_seconds):
                await self._checks[name]()
        except TimeoutError:
            status = "timeout"
            _log.warning("check timed out", dependency=name)
        except Exception as error:  # whatever it is, the part can't be used
            status = "failed"
            _log.warning("check failed", dependency=name, error=describe(error))
        self._metrics.dependency_up.labels(name).set(status == "ok")
        return Result(status, round((time.perf_counter() - began) * 1000, 2))


def router(health: Health, extra_paths: tuple[str, ...]) -> APIRouter:
    """The health routes; `extra_paths` answer like readiness."""
    routes = APIRouter()

    async def live() -> JSONResponse:
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    async def ready() -> JSONResponse:
        able, report = await health.report()
        return JSONResponse(report, 200 if able else 503, _NO_STORE)

    routes.add_api_route(LIVE, live, methods=["GET"], response_class=JSONResponse)
    for path in dict.fromkeys((READY, *extra_paths)):
        if path != LIVE:
            routes.add_api_route(path, ready, methods=["GET"], response_class=JSONResponse)
    return routes
