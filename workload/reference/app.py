"""Puts the parts of one role together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response
from prometheus_client.exposition import choose_encoder

from reference import fault_routes, health, job_routes, notes, pages, problems, sockets
from reference.drain import Drain
from reference.faults import Faults
from reference.health import Health
from reference.metrics import Metrics
from reference.observe import Observe
from reference.parts import Parts
from reference.settings import Role, Settings
from reference.sockets import Sockets
from reference.worker import Worker

_log = structlog.stdlib.get_logger("reference.app")
_METRICS = "/metrics"


class Application:
    """One role of one system: its web application, and what the server must know of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics(settings)
        self.drain = Drain(settings.drain_seconds)
        self.sockets = Sockets(self.drain, self.metrics)
        self.parts = Parts(settings)
        self.health = Health(settings, self.drain, self.metrics, self.parts.checks())
        if self.parts.database is not None:
            self.parts.database.measure(self.metrics)
        # What faults do to each route of the role; health and metrics are spared.
        self._bites: list[Any] = []
        self.web = self._web()

    def _web(self) -> FastAPI:
        # The chart of routes is for those who have the source; telemetry is this package's own.
        web = FastAPI(
            lifespan=self._lifespan,
            openapi_url=None,
            telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        )
        problems.install(web)
        quiet = {health.LIVE, health.READY, _METRICS, *self.settings.health_paths}
        if self.settings.faults:
            faults = Faults(self.metrics, time.monotonic)
            web.include_router(fault_routes.router(faults))
            self._bites = [Depends(fault_routes.biting(faults))]
        web.add_middleware(Observe, metrics=self.metrics, drain=self.drain, quiet=quiet)
        web.include_router(health.router(self.health, self.settings.health_paths))
        web.include_router(_metrics(self.metrics))
        self._role(web)
        return web

    def _role(self, web: FastAPI) -> None:
        if self.settings.role is Role.API:
            self._api(web)
        elif self.settings.role is Role.WEB:
            web.include_router(pages.router(self.health), dependencies=self._bites)
            if (book := self._notes()) is not None:
                web.include_router(notes.reading(book), dependencies=self._bites)
        elif self.settings.role is Role.WEBSOCKET:
            web.include_router(sockets.router(self.sockets, self.settings))

    def _api(self, web: FastAPI) -> None:
        if (book := self._notes()) is not None:
            web.include_router(notes.reading(book), dependencies=self._bites)
            web.include_router(notes.writing(book), dependencies=self._bites)
        if self.parts.queue is not None:
            web.include_router(job_routes.router(self.parts.queue), dependencies=self._bites)
        if self.parts.bucket is not None:
            from reference import upload_routes  # noqa: PLC0415 - as in parts.py

            routes = upload_routes.router(self.parts.bucket, self.settings, self.metrics)
            web.include_router(routes, dependencies=self._bites)

    def _notes(self) -> notes.Notes | None:
        if self.parts.database is None:
            return None
        ttl = self.settings.cache_ttl
        return notes.Notes(self.parts.database, self.parts.cache, self.metrics, ttl)

    @asynccontextmanager
    async def _lifespan(self, _web: FastAPI) -> AsyncIterator[None]:
        async with self.parts.opened(), self._working():
            _log.info("started", system=self.settings.system, role=self.settings.role.value)
            yield

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        if self.settings.role is not Role.WORKER or self.parts.queue is None:
            yield
            return
        work = asyncio.create_task(Worker(self.parts.queue, self.drain, self.metrics).run())
        # A worker that has died of a defect must not look alive: its pod is to start anew.
        work.add_done_callback(lambda _task: self.drain.begin())
        yield
        # A server that ends without a signal has to tell it too.
        self.drain.begin()
        with suppress(TimeoutError):
            await asyncio.wait_for(work, self.settings.finish_seconds)


def _metrics(metrics: Metrics) -> APIRouter:
    routes = APIRouter()

    @routes.get(_METRICS, response_class=Response)
    async def scrape(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), headers={"Content-Type": content_type})

    return routes
