"""An S3 bucket, on AWS or behind a gateway; bodies pass through in parts, never whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentialResolver, AioCredentials
from aiobotocore.session import AioSession, get_session
from botocore.credentials import CredentialProvider, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError

from reference.mounts import Mount, MountError

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

AWAY: tuple[type[BaseException], ...] = (BotoCoreError, ClientError, MountError, OSError)
_CHUNK = 64 * 1024


class _Mounted(AioCredentials):
    """Keys read from the files for every request that is signed."""

    def __init__(self, mount: Mount) -> None:
        super().__init__(mount.read("access-key-id"), mount.read("secret-access-key"))
        self._mount = mount

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:  # type: ignore[override]
        mount = self._mount
        return ReadOnlyCredentials(
            mount.read("access-key-id"), mount.read("secret-access-key"), None
        )


class _Provider(CredentialProvider):
    METHOD = "mounted"

    def __init__(self, mount: Mount) -> None:
        super().__init__()
        self._mount = mount

    async def load(self) -> _Mounted:
        return _Mounted(self._mount)


def _session(mount: Mount) -> AioSession:
    session = get_session()
    if mount.find("access-key-id"):
        # Only the files: else botocore would go on to ask a cloud's metadata address.
        resolver = AioCredentialResolver(providers=[_Provider(mount)])
        session.register_component("credential_provider", resolver)
    return session


class Bucket:
    """One bucket. Without keys in the mount, the cloud's own identity is used."""

    def __init__(self, mount: Mount) -> None:
        self._mount = mount
        self._stack = AsyncExitStack()
        self._client: S3Client | None = None
        self.name = mount.read("bucket")

    async def start(self) -> None:
        """Makes the client; connects to nothing yet."""
        endpoint = self._mount.find("endpoint")
        authority = self._mount.authority()
        config = AioConfig(
            connect_timeout=2,
            read_timeout=30,
            max_pool_connections=20,
            retries={"max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path" if endpoint else "auto"},
            # Not every gateway knows the newer trailing checksums; the signature covers the body.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        making = _session(self._mount).create_client(
            "s3",
            endpoint_url=endpoint,
            region_name=self._mount.find("region") or "us-east-1",
            verify=str(authority) if authority else None,
            config=config,
        )
        self._client = await self._stack.enter_async_context(making)

    async def close(self) -> None:
        """Closes the connections."""
        await self._stack.aclose()

    @property
    def client(self) -> S3Client:
        """The S3 client, for what streams."""
        assert self._client is not None, "start() comes first"
        return self._client

    async def check(self) -> None:
        """Raises unless the bucket is there and these keys may use it."""
        await self.client.head_bucket(Bucket=self.name)

    async def read(self, key: str) -> tuple[dict[str, str], AsyncIterator[bytes]] | None:
        """The headers and the bytes of `key`, or None if there is none."""
        try:
            found = await self.client.get_object(Bucket=self.name, Key=key)
        except self.client.exceptions.NoSuchKey:
            return None
        headers = {
            "Content-Type": found["ContentType"],
            "Content-Length": str(found["ContentLength"]),
            "ETag": found["ETag"],
        }
        return headers, _chunks(found["Body"])


async def _chunks(body: Any) -> AsyncIterator[bytes]:
    async with body:
        async for chunk in body.iter_chunks(_CHUNK):
            yield chunk
