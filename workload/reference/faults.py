"""Faults on demand, for drills. Each is bounded and ends by itself."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from reference.metrics import Metrics

_log = structlog.stdlib.get_logger("reference.faults")
_BLOCK_BYTES = 16 * 1024 * 1024
CRASH_STATUS = 70
MOST_SECONDS = 3600
MOST_MS = 30_000
MOST_MIB = 4096


@dataclass(frozen=True)
class Fault:
    """A strength (milliseconds, ratio or MiB, by kind) and the clock's second at which it ends."""

    strength: float
    until: float


class Faults:
    """The faults in force; `clock` gives seconds that only go forward."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._active: dict[str, Fault] = {}
        self._ballast: list[bytes] = []
        self._ending: asyncio.TimerHandle | None = None
        for kind in ("latency", "errors", "memory"):
            metrics.fault.labels(kind).set_function(partial(self._active_now, kind))

    def inject(self, kind: str, strength: float, for_seconds: float) -> None:
        """Puts a fault in force, in place of one of the same kind."""
        self._active[kind] = Fault(strength, self._clock() + for_seconds)
        _log.warning("fault on", kind=kind, strength=strength, for_seconds=for_seconds)

    def strength(self, kind: str) -> float:
        """How strong the fault is now; 0 if there is none or its time is over."""
        fault = self._active.get(kind)
        return fault.strength if fault and self._clock() < fault.until else 0.0

    def _active_now(self, kind: str) -> float:
        return float(self.strength(kind) > 0)

    def latency_seconds(self) -> float:
        """What a request has to wait."""
        return self.strength("latency") / 1000

    def fails(self) -> bool:
        """Whether this request is one of the unlucky."""
        return random.random() < self.strength("errors")  # noqa: S311 - a die, not a key

    async def fill(self, mib: int, for_seconds: float) -> None:
        """Holds `mib` MiB of touched memory; given back when the time is over."""
        self.release()
        self.inject("memory", mib, for_seconds)
        loop = asyncio.get_running_loop()
        self._ending = loop.call_later(for_seconds, self.release)
        wanted = mib * 1024 * 1024
        while wanted > 0 and self.strength("memory") > 0:
            # Written, not only reserved: the kernel counts pages that were touched.
            self._ballast.append(b"\x01" * min(_BLOCK_BYTES, wanted))
            wanted -= _BLOCK_BYTES
            await asyncio.sleep(0)

    def release(self) -> None:
        """Gives the memory back."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self._active.pop("memory", None)
        self._ballast.clear()

    def clear(self) -> None:
        """Ends every fault."""
        self.release()
        self._active.clear()
        _log.warning("faults off")

    def crash(self) -> None:
        """Ends the process without a goodbye, a moment later so that the answer gets out."""
        _log.error("crash on demand", status=CRASH_STATUS)
        asyncio.get_running_loop().call_later(0.2, os._exit, CRASH_STATUS)
