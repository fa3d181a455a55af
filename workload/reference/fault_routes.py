"""How faults are switched on, and where they bite. Not there unless ALICERCE_FAULTS is on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query

from reference.faults import MOST_MIB, MOST_MS, MOST_SECONDS, Faults
from reference.problems import Problem

Seconds = Annotated[float, Query(gt=0, le=MOST_SECONDS)]
Milliseconds = Annotated[int, Query(ge=1, le=MOST_MS)]
Ratio = Annotated[float, Query(gt=0, le=1)]
Mebibytes = Annotated[int, Query(ge=1, le=MOST_MIB)]


def biting(faults: Faults) -> Callable[[], Awaitable[None]]:
    """A dependency that slows or fails the requests of the routes that carry it.

    Inside the route, not around the application, so that metrics and logs name the route hurt.
    """

    async def bite() -> None:
        if delay := faults.latency_seconds():
            await asyncio.sleep(delay)
        if faults.fails():
            raise Problem(500, "A fault was injected.", "End it with DELETE /faults.")

    return bite


def router(faults: Faults) -> APIRouter:
    """The fault routes."""
    routes = APIRouter(prefix="/faults")

    @routes.post("/latency", status_code=202)
    async def latency(ms: Milliseconds, for_seconds: Seconds) -> dict[str, float]:
        faults.inject("latency", ms, for_seconds)
        return {"ms": ms, "for_seconds": for_seconds}

    @routes.post("/errors", status_code=202)
    async def errors(ratio: Ratio, for_seconds: Seconds) -> dict[str, float]:
        faults.inject("errors", ratio, for_seconds)
        return {"ratio": ratio, "for_seconds": for_seconds}

    @routes.post("/memory", status_code=202)
    async def memory(mib: Mebibytes, for_seconds: Seconds) -> dict[str, float]:
        await faults.fill(mib, for_seconds)
        return {"mib": mib, "for_seconds": for_seconds}

    @routes.post("/crash", status_code=202)
    async def crash() -> dict[str, str]:
        faults.crash()
        return {"status": "crashing"}

    @routes.delete("", status_code=204)
    async def clear() -> None:
        faults.clear()

    return routes
