"""The parts that a process has: those whose secret is mounted, opened and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from reference import notes
from reference.cache import Cache, connect
from reference.database import Database
from reference.health import Check
from reference.jobs import Queue
from reference.mounts import Mount
from reference.settings import Role, Settings

if TYPE_CHECKING:
    from reference.bucket import Bucket

_QUEUE_SECONDS = 3.0


class Parts:
    """Database, cache, queue and bucket; None where nothing is mounted.

    MountError if a folder is there and lacks what is needed to make a client at all.
    """

    def __init__(self, settings: Settings) -> None:
        name = f"{settings.system}-{settings.role}"
        self.database = self._database(settings, name)
        mount = Mount(settings.secrets_dir / "cache")
        self.cache = Cache(connect(mount, name), settings.system) if mount.present else None
        # Apart from the cache's: a worker waits on it longer than a read ever may.
        self.queue = (
            Queue(connect(mount, name, _QUEUE_SECONDS), settings.system) if mount.present else None
        )
        self.bucket = self._bucket(settings)

    @staticmethod
    def _database(settings: Settings, name: str) -> Database | None:
        mount = Mount(settings.secrets_dir / "database")
        if not mount.present:
            return None
        prepare = notes.PREPARE if settings.role in (Role.API, Role.WEB) else None
        return Database(mount, settings.database_pool, name, prepare)

    @staticmethod
    def _bucket(settings: Settings) -> Bucket | None:
        mount = Mount(settings.secrets_dir / "bucket")
        if not mount.present:
            return None
        # Here and not above: it takes half a second and 25 MiB, which most roles can spare.
        from reference.bucket import Bucket  # noqa: PLC0415

        return Bucket(mount)

    def checks(self) -> dict[str, Check]:
        """The health check of each part there is."""
        parts = {"database": self.database, "cache": self.cache, "bucket": self.bucket}
        return {name: part.check for name, part in parts.items() if part is not None}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Starts the parts, and closes them in the other order."""
        async with AsyncExitStack() as stack:
            for closing in (self.cache, self.queue):
                if closing is not None:
                    stack.push_async_callback(closing.close)
            for starting in (self.bucket, self.database):
                if starting is not None:
                    await starting.start()
                    stack.push_async_callback(starting.close)
            yield
