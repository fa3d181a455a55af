"""Redis: reads through it may fail without harm, and its password may change."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import ReadOnlyError, RedisError

from reference.mounts import Mount, MountError

AWAY: tuple[type[BaseException], ...] = (RedisError, MountError, OSError, TimeoutError)


class _Mounted(CredentialProvider):
    """Reads user and password from the files at every new connection."""

    def __init__(self, mount: Mount) -> None:
        self._mount = mount

    def get_credentials(self) -> tuple[str, str]:
        return self._mount.find("username") or "default", self._mount.read("password")

    async def get_credentials_async(self) -> tuple[str, str]:
        return self.get_credentials()


def connect(mount: Mount, name: str, answer_seconds: float = 1.0) -> Redis:
    """A client that connects when first used; MountError if a key is missing.

    A `ca.crt` beside the keys, or a key `tls` that says `true`, turns TLS on.
    """
    authority = mount.authority()
    encrypted = authority is not None or mount.find("tls") == "true"
    return Redis(
        host=mount.read("host"),
        port=int(mount.find("port") or 6379),
        credential_provider=_Mounted(mount) if mount.find("password") else None,
        client_name=name,
        decode_responses=True,
        socket_connect_timeout=1.0,
        socket_timeout=answer_seconds,
        ssl=encrypted,
        ssl_ca_certs=str(authority) if authority else None,
        health_check_interval=15,
        # One more try on a new connection: after a failover the old master answers READONLY.
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 1),
        retry_on_error=[ReadOnlyError],
    )


class Cache:
    """Text by key, each with a time to live in seconds."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def check(self) -> None:
        """Raises unless the server answers."""
        await self._client.ping()

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def get(self, key: str) -> str | None:
        """The text under `key`, or None; one of AWAY if the server is."""
        found = await self._client.get(f"{self._prefix}:{key}")
        return None if found is None else str(found)

    async def put(self, key: str, text: str, seconds: int) -> None:
        """Keeps `text` for `seconds`."""
        await self._client.set(f"{self._prefix}:{key}", text, ex=seconds)

    async def forget(self, key: str) -> None:
        """Drops what is under `key`, if anything."""
        await self._client.delete(f"{self._prefix}:{key}")
