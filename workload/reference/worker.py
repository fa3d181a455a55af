"""The worker: takes jobs one by one, and finishes the one in hand before it leaves."""

from __future__ import annotations

import asyncio
import os
import secrets
import time

import structlog
import tenacity

from reference.cache import AWAY
from reference.drain import Drain, pause
from reference.jobs import Job, Queue
from reference.metrics import Metrics
from reference.problems import describe

_log = structlog.stdlib.get_logger("reference.worker")
_WAIT_MS = 1000
# Longer than the longest job: what is idle for so long has lost its worker.
_LOST_MS = 90_000


class Worker:
    """One consumer; the queue's group shares the jobs among all of them."""

    def __init__(self, queue: Queue, drain: Drain, metrics: Metrics) -> None:
        self._queue = queue
        self._drain = drain
        self._metrics = metrics
        # A restarted container keeps its pod's name; what it left is reclaimed, not resumed.
        self._name = f"{os.environ.get('HOSTNAME', 'worker')}-{secrets.token_hex(3)}"

    async def run(self) -> None:
        """Works until the drain begins; waits out a Redis that is away."""
        leaving = self._drain.draining
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(AWAY),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            stop=lambda _state: leaving.is_set(),
            sleep=lambda seconds: pause(seconds, leaving),
            before_sleep=_tell,
            retry_error_callback=_tell,
        )
        while not leaving.is_set():
            await retrying(self._turns)

    async def _turns(self) -> None:
        await self._queue.open()
        while not self._drain.draining.is_set():
            self._metrics.queue.set(await self._queue.length())
            job = await self._queue.reclaim(self._name, _LOST_MS)
            # Never cancelled while it waits: a job handed out in that moment would lie idle.
            job = job or await self._queue.take(self._name, _WAIT_MS)
            if job is not None:
                await self._do(job)

    async def _do(self, job: Job) -> None:
        began = time.perf_counter()
        if job.work_ms is None:
            _log.warning("job refused", job=job.id, reason="it can't be read")
        else:
            # The work itself is the passing of time; a product's own worker has better to do.
            await asyncio.sleep(job.work_ms / 1000)
        await self._queue.finish(job)
        seconds = time.perf_counter() - began
        self._metrics.jobs.labels("refused" if job.work_ms is None else "done").inc()
        self._metrics.job_seconds.observe(seconds)
        _log.info("job", job=job.id, duration_ms=round(seconds * 1000, 2))


def _tell(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("queue not ready", error=describe(error) if error else None)
