"""Uploads: a body of any length goes to the bucket part by part, in constant memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from reference.problems import Problem, describe

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

_log = structlog.stdlib.get_logger("reference.uploads")
# One part is all that is held of a body. S3 wants 5 MiB at least and 10000 parts at most.
PART_BYTES = 8 * 1024 * 1024


class Store(Protocol):
    """Where an upload goes: what is used of S3, and no more."""

    async def put(self, key: str, kind: str, body: io.BytesIO) -> None: ...
    async def begin(self, key: str, kind: str) -> str: ...
    async def part(self, key: str, upload: str, number: int, body: io.BytesIO) -> str: ...
    async def complete(self, key: str, upload: str, parts: list[CompletedPartTypeDef]) -> None: ...
    async def abort(self, key: str, upload: str) -> None: ...


@dataclass(frozen=True)
class Received:
    """What was stored: its key, size in bytes and SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str


class Upload:
    """One upload on its way; use it once."""

    def __init__(
        self, store: Store, key: str, kind: str, limit: int, part: int = PART_BYTES
    ) -> None:
        self._store = store
        self._key = key
        self._kind = kind
        self._limit = limit
        self._part_bytes = part
        self._digest = hashlib.sha256()
        self._size = 0
        self._buffer = io.BytesIO()
        self._upload: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    async def take(self, chunks: AsyncIterator[bytes]) -> Received:
        """Stores all of `chunks`; on any failure nothing stays behind in the bucket.

        Problem 413 beyond the limit; what the store or the client raises passes through.
        """
        try:
            async for chunk in chunks:
                await self._add(chunk)
            await self._finish()
        except BaseException:
            await self._abort()
            raise
        return Received(self._key, self._size, self._digest.hexdigest())

    async def _add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._digest.update(chunk)
        self._buffer.write(chunk)
        if self._buffer.tell() >= self._part_bytes:
            await self._send_part()

    async def _send_part(self) -> None:
        if self._upload is None:
            self._upload = await self._store.begin(self._key, self._kind)
        number = len(self._parts) + 1
        self._buffer.seek(0)
        tag = await self._store.part(self._key, self._upload, number, self._buffer)
        self._parts.append({"PartNumber": number, "ETag": tag})
        self._buffer = io.BytesIO()

    async def _finish(self) -> None:
        if self._upload is None:
            # Short or empty: S3 has no multipart upload without parts.
            self._buffer.seek(0)
            await self._store.put(self._key, self._kind, self._buffer)
            return
        if self._buffer.tell():
            await self._send_part()
        await self._store.complete(self._key, self._upload, self._parts)
        self._upload = None

    async def _abort(self) -> None:
        if self._upload is None:
            return
        # Shielded: this runs when the request is being cancelled, and still has to be done.
        await asyncio.shield(self._abort_quietly(self._upload))

    async def _abort_quietly(self, upload: str) -> None:
        try:
            await self._store.abort(self._key, upload)
        except Exception as error:  # the first failure is the one to tell
            # The bucket's own rule for unfinished uploads takes it away later.
            _log.warning("upload not aborted", key=self._key, error=describe(error))


def too_large(limit: int) -> Problem:
    """413; the connection closes, since the rest of the body isn't read."""
    return Problem(
        413,
        f"The upload is larger than {limit} bytes.",
        "Send less, or ask for a higher limit.",
        {"Connection": "close"},
    )
