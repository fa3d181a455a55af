"""Around every request: its trace, its log line, its metrics, and the last catch of errors."""

from __future__ import annotations

import time
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference.drain import Drain
from reference.metrics import Metrics
from reference.problems import Problem
from reference.tracing import Trace, follow

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLIENT_CLOSED = 499
_log = structlog.stdlib.get_logger("reference.requests")


def route_of(scope: Scope) -> str:
    """The route's template; one word for all that match none, so that labels stay few."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"


class Observe:
    """ASGI middleware; plain, since starlette's own base class would buffer streams."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, drain: Drain, quiet: set[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._drain = drain
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        trace = follow(scope["headers"])
        with structlog.contextvars.bound_contextvars(
            trace_id=trace.trace_id, span_id=trace.span_id
        ):
            if scope["type"] == "http":
                await self._request(scope, receive, send, trace)
            else:
                await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send, trace: Trace) -> None:
        began = time.perf_counter()
        answer = _Answer(send, trace, self._drain)
        with self._metrics.in_flight.track_inprogress():
            try:
                await self._app(scope, receive, answer)
            except ClientDisconnect:
                answer.status = _CLIENT_CLOSED
            except Exception:
                if not await self._failed(scope, receive, answer):
                    raise
            finally:
                self._record(scope, answer.status, time.perf_counter() - began)

    async def _failed(self, scope: Scope, receive: Receive, answer: _Answer) -> bool:
        """Logs and answers 500; False if it is too late for another status."""
        _log.exception("request failed", route=route_of(scope))
        if answer.started:
            # Only a broken connection can tell the client now.
            return False
        problem = Problem(
            500, "Something went wrong here.", "Try again; if it stays, report the trace id."
        )
        await problem.response()(scope, receive, answer)
        return True

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.duration.labels(route, method).observe(seconds)
        if route in self._quiet and status < 400:
            return
        line: dict[str, Any] = {"route": route, "method": method, "status": status}
        _log.info("request", **line, duration_ms=round(seconds * 1000, 2))


class _Answer:
    """The way back to the client; adds the trace, and asks it to leave while draining."""

    def __init__(self, send: Send, trace: Trace, drain: Drain) -> None:
        self._send = send
        self._trace = trace
        self._drain = drain
        self.started = False
        # What is recorded when nothing was answered: the handler was cancelled half-way.
        self.status = _CLIENT_CLOSED

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["traceparent"] = self._trace.header
            if self._drain.draining.is_set():
                # An idle kept connection would be cut at the end; a new one goes elsewhere.
                headers["connection"] = "close"
        await self._send(message)
