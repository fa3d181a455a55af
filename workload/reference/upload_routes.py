"""PUT and GET of uploads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from reference.bucket import AWAY, Bucket
from reference.metrics import Metrics
from reference.problems import Problem, needing
from reference.s3_store import S3Store
from reference.settings import Settings
from reference.uploads import Upload, too_large

# No slash and no leading dot: a name is one segment, and can't climb out of a folder.
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]


class Uploads:
    """The uploads of this system; `uploads_at_once` bounds the memory that they take together."""

    def __init__(self, bucket: Bucket, settings: Settings, metrics: Metrics) -> None:
        self._store = S3Store(bucket)
        self._limit = settings.upload_limit_bytes
        self._places = asyncio.Semaphore(settings.uploads_at_once)
        self._metrics = metrics

    async def take(self, name: str, request: Request) -> dict[str, Any]:
        """Streams the request's body to the bucket; Problem 413 or 503."""
        if int(request.headers.get("content-length", "0")) > self._limit:
            self._metrics.uploads.labels("refused").inc()
            raise too_large(self._limit)
        kind = _kind(request)
        result = "failed"
        try:
            # Those who wait leave their body in the socket: the server stops reading it.
            async with self._places:
                upload = Upload(self._store, f"uploads/{name}", kind, self._limit)
                with needing("bucket", *AWAY):
                    received = await upload.take(self._counted(request.stream()))
            result = "stored"
        except Problem as problem:
            result = "refused" if problem.status == 413 else "failed"
            raise
        finally:
            self._metrics.uploads.labels(result).inc()
        return asdict(received)

    async def _counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self._metrics.upload_bytes.inc(len(chunk))
            yield chunk


def _kind(request: Request) -> str:
    """The content type to store; one that isn't plain text couldn't be signed."""
    kind = request.headers.get("content-type", "")
    plain = kind.isascii() and kind.isprintable() and 0 < len(kind) <= 200
    return kind if plain else "application/octet-stream"


def router(bucket: Bucket, settings: Settings, metrics: Metrics) -> APIRouter:
    """The upload routes."""
    routes = APIRouter()
    uploads = Uploads(bucket, settings, metrics)

    @routes.put("/api/uploads/{name}", status_code=201)
    async def put(name: Name, request: Request) -> dict[str, Any]:
        return await uploads.take(name, request)

    @routes.get("/api/uploads/{name}", response_class=StreamingResponse)
    async def get(name: Name) -> StreamingResponse:
        with needing("bucket", *AWAY):
            found = await bucket.read(f"uploads/{name}")
        if found is None:
            raise Problem(404, "There is no such upload.", "Check the name, or PUT it first.")
        headers, chunks = found
        # Whatever a client stored must not run as a page of this host.
        headers |= {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        return StreamingResponse(chunks, headers=headers)

    return routes
