"""WebSockets: an echo that says who answers, and that closes politely when the pod leaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import APIRouter, WebSocket

from reference.drain import Drain, first, pause
from reference.metrics import Metrics
from reference.settings import Settings

_log = structlog.stdlib.get_logger("reference.sockets")
_GOING_AWAY = 1001
_FAREWELL_SECONDS = 5.0


class Sockets:
    """The open WebSockets of this process."""

    def __init__(self, drain: Drain, metrics: Metrics) -> None:
        self._drain = drain
        self._metrics = metrics
        self._open = 0
        self._none = asyncio.Event()
        self._none.set()

    async def gone(self) -> None:
        """Waits until all are closed, at most the few seconds that a farewell may take."""
        await pause(_FAREWELL_SECONDS, self._none)

    async def serve(self, socket: WebSocket, greeting: dict[str, Any]) -> None:
        """Greets, echoes until the client leaves, or closes with 1001 when stopping."""
        await socket.accept()
        self._count(1)
        try:
            await socket.send_json(greeting)
            await self._echo(socket)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._open += change
        self._metrics.sockets.inc(change)
        if self._open:
            self._none.clear()
        else:
            self._none.set()

    async def _echo(self, socket: WebSocket) -> None:
        while True:
            receiving = asyncio.ensure_future(socket.receive())
            try:
                # A message that came at the same moment is answered before the farewell.
                if not await first(receiving, self._drain.stopping):
                    await socket.close(_GOING_AWAY, "the pod is leaving; connect anew")
                    return
                message = receiving.result()
            finally:
                receiving.cancel()
            if message["type"] == "websocket.disconnect":
                return
            await self._answer(socket, message)

    async def _answer(self, socket: WebSocket, message: Mapping[str, Any]) -> None:
        if message.get("text") is not None:
            await socket.send_text(message["text"])
        else:
            await socket.send_bytes(message["bytes"])
        self._metrics.socket_messages.inc()


def router(sockets: Sockets, settings: Settings) -> APIRouter:
    """The WebSocket route."""
    routes = APIRouter()
    greeting = {
        "type": "greeting",
        "pod": os.environ.get("HOSTNAME", "unknown"),
        "system": settings.system,
        "version": settings.version,
    }

    @routes.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await sockets.serve(socket, greeting)

    return routes
