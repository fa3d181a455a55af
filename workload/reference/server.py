"""uvicorn, taught to drain: it keeps listening through the window and ends with status 0."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from reference.drain import Drain
from reference.settings import Settings
from reference.sockets import Sockets

_log = structlog.stdlib.get_logger("reference.server")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class DrainingServer(uvicorn.Server):
    """A server whose signals begin a drain instead of closing the listeners."""

    def __init__(self, config: uvicorn.Config, drain: Drain, sockets: Sockets) -> None:
        super().__init__(config)
        self._drain = drain
        self._sockets = sockets

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Replaces uvicorn's handlers, which stop listening at once and die of the signal."""
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            loop.add_signal_handler(name, self._signalled, name)
        leaving = asyncio.ensure_future(self._leave())
        try:
            yield
        finally:
            leaving.cancel()
            for name in _SIGNALS:
                loop.remove_signal_handler(name)

    def _signalled(self, name: signal.Signals) -> None:
        _log.info("draining", signal=name.name)
        self._drain.begin()

    async def _leave(self) -> None:
        await self._drain.window()
        await self._sockets.gone()
        _log.info("stopping")
        self.should_exit = True


def make(app: FastAPI, settings: Settings, drain: Drain, sockets: Sockets) -> DrainingServer:
    """The server of `app`, not yet listening."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=max(1, round(settings.finish_seconds)),
    )
    return DrainingServer(config, drain, sockets)
