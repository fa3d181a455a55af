"""Leaving without losing a request.

SIGTERM makes the process unready at once, but the news takes a while to reach every proxy: until
the window has passed, requests keep coming and have to be served. Only then does it stop.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any


class Drain:
    """The way out: `draining` (unready, still serving), then `stopping` (serving no more)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._hurry = asyncio.Event()
        self.draining = asyncio.Event()
        self.stopping = asyncio.Event()

    def begin(self) -> None:
        """Starts draining; said a second time, it ends the window."""
        if self.draining.is_set():
            self._hurry.set()
        self.draining.set()

    async def window(self) -> None:
        """Waits for the drain to begin, keeps the window open, then says `stopping`."""
        await self.draining.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self._seconds)
        self.stopping.set()


async def first(work: asyncio.Future[Any], event: asyncio.Event) -> bool:
    """Waits for `work` or `event`; True if `work` is done, which wins a tie."""
    told = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    return work.done()


async def pause(seconds: float, event: asyncio.Event) -> None:
    """Waits `seconds`, less if `event` comes first."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
