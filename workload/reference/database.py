"""PostgreSQL through a pool that survives rotation, failover and a transaction pooler."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog
import tenacity

from reference.metrics import Metrics
from reference.mounts import Mount, MountError, verifying
from reference.problems import describe, needing

_log = structlog.stdlib.get_logger("reference.database")
_CONNECT_SECONDS = 3.0
_ACQUIRE_SECONDS = 2.0
_COMMAND_SECONDS = 5.0

# What says that the server is away or changing hands; anything else is a defect and answers 500.
AWAY: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.UndefinedTableError,
    MountError,
    OSError,
    TimeoutError,
)


class NotPreparedError(RuntimeError):
    """The database answers, but what this role needs in it isn't made yet."""


class Database:
    """A pool of connections, and one connection aside for health checks.

    Times are seconds. `prepare` is SQL run once before the part counts as ready; it must bear
    being run by several replicas at the same moment.
    """

    def __init__(self, mount: Mount, limit: int, name: str, prepare: str | None) -> None:
        self._mount = mount
        self._limit = limit
        self._name = name
        self._prepare = prepare
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._probe: asyncpg.Connection[asyncpg.Record] | None = None
        self._preparing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Opens the pool without a connection, so that a missing server doesn't stop the start."""
        self._pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._limit,
            connect=self._connect,
            reset=_keep,
            max_inactive_connection_lifetime=300,
        )
        if self._prepare is not None:
            self._preparing = asyncio.create_task(self._prepare_patiently(self._prepare))

    async def close(self) -> None:
        """Waits for connections in use, then closes all."""
        if self._preparing is not None:
            self._preparing.cancel()
        if self._probe is not None:
            self._probe.terminate()
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection of the pool; Problem 503 while the server is away."""
        assert self._pool is not None, "start() comes first"
        with needing("database", *AWAY):
            async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
                yield connection

    async def check(self) -> None:
        """Raises unless a query gets through.

        On a connection of its own: a pool that is busy serving must not look like a dead server,
        or load would take the pods out one after the other.
        """
        if self._preparing is not None and not self._preparing.done():
            raise NotPreparedError("its tables aren't made yet; retrying")
        probe = self._probe
        if probe is None or probe.is_closed():
            probe = self._probe = await self._connect()
        try:
            await probe.fetchval("SELECT 1")
        except BaseException:
            # After a time-out its state is unknown; the next check makes a new one.
            self._probe = None
            probe.terminate()
            raise

    def measure(self, metrics: Metrics) -> None:
        """Lets the gauges read the pool when they are scraped."""
        metrics.pool_limit.set(self._limit)
        metrics.pool_size.set_function(lambda: self._pool.get_size() if self._pool else 0)
        metrics.pool_free.set_function(lambda: self._pool.get_idle_size() if self._pool else 0)

    async def _connect(self, *_args: Any, **options: Any) -> asyncpg.Connection[asyncpg.Record]:
        mount = self._mount
        authority = mount.authority(mount.folder.with_name("database-ca"))
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            host=mount.read("host"),
            port=int(mount.find("port") or 5432),
            user=mount.read("user", "username"),
            password=mount.read("password"),
            database=mount.read("dbname"),
            ssl=verifying(authority) if authority else "prefer",
            timeout=_CONNECT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            # A transaction pooler gives each transaction another server connection, on which
            # a prepared statement of before isn't known.
            statement_cache_size=0,
            server_settings={"application_name": self._name},
            **options,
        )
        return connection

    async def _prepare_patiently(self, sql: str) -> None:
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(Exception),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            before_sleep=_tell,
        )
        async for attempt in retrying:
            with attempt:
                await self._prepare_once(sql)

    async def _prepare_once(self, sql: str) -> None:
        connection = await self._connect()
        try:
            async with connection.transaction():
                # IF NOT EXISTS alone still collides when two replicas create at the same moment.
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext('reference'))")
                await connection.execute(sql)
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)


async def _keep(_connection: Any) -> None:
    """Nothing to reset: no session state is made here, and each reset costs a round trip."""


def _tell(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning(
        "database not ready",
        attempt=state.attempt_number,
        error=describe(error) if error else None,
    )
