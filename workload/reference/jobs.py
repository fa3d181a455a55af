"""The queue between api and worker: a Redis stream with one group of consumers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

_GROUP = "workers"
_MOST = 100_000
_MOST_MS = 60_000


@dataclass(frozen=True)
class Job:
    """One job; `work_ms` is how long it takes, None if what was queued can't be read."""

    id: str
    work_ms: int | None


class Queue:
    """Jobs are delivered at least once: one whose worker died is given to another."""

    def __init__(self, client: Redis, system: str) -> None:
        self._client = client
        self._stream = f"{system}:jobs"
        self._done = f"{system}:jobs:done"

    async def check(self) -> None:
        """Raises unless the server answers."""
        await self._client.ping()

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def add(self, work_ms: int) -> str:
        """Queues a job and gives its id."""
        fields: dict[Any, Any] = {"work_ms": work_ms}
        return str(await self._client.xadd(self._stream, fields, maxlen=_MOST))

    async def open(self) -> None:
        """Makes the group if it isn't there; says nothing if another was first."""
        try:
            await self._client.xgroup_create(self._stream, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def take(self, consumer: str, wait_ms: int) -> Job | None:
        """The next job, or None after `wait_ms` milliseconds without one."""
        found: Any = await self._client.xreadgroup(
            _GROUP, consumer, {self._stream: ">"}, count=1, block=wait_ms
        )
        return _first(found[0][1]) if found else None

    async def reclaim(self, consumer: str, idle_ms: int) -> Job | None:
        """A job that its worker left unfinished for `idle_ms`, or None."""
        found: Any = await self._client.xautoclaim(
            self._stream, _GROUP, consumer, min_idle_time=idle_ms, count=1
        )
        return _first(found[1])

    async def finish(self, job: Job) -> None:
        """Takes the job off the queue and counts it, both or neither."""
        async with self._client.pipeline(transaction=True) as together:
            together.xack(self._stream, _GROUP, job.id)
            together.xdel(self._stream, job.id)
            together.incr(self._done)
            await together.execute()

    async def length(self) -> int:
        """How many jobs wait or are in work."""
        return int(await self._client.xlen(self._stream))


def _first(entries: list[tuple[str, dict[str, str]]]) -> Job | None:
    if not entries:
        return None
    job_id, fields = entries[0]
    text = fields.get("work_ms", "")
    if not text.isascii() or not text.isdigit() or int(text) > _MOST_MS:
        return Job(job_id, None)
    return Job(job_id, int(text))
