"""Uploads: every byte accounted for, little held at once, nothing left behind."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.problems import Problem
from reference.uploads import PART_BYTES, Received, Upload

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

PART = 100


class Store:
    """A bucket in memory that remembers what was asked of it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.pending: dict[str, list[bytes]] = {}
        self.largest = 0
        self.broken = False

    async def put(self, key: str, kind: str, body: io.BytesIO) -> None:
        self.objects[key] = body.read()

    async def begin(self, key: str, kind: str) -> str:
        self.pending[key] = []
        return f"upload-{key}"

    async def part(self, key: str, upload: str, number: int, body: io.BytesIO) -> str:
        if self.broken:
            raise OSError("the gateway is gone")
        data = body.read()
        self.largest = max(self.largest, len(data))
        self.pending[key].append(data)
        assert number == len(self.pending[key])
        return f"tag-{number}"

    async def complete(self, key: str, upload: str, parts: list[CompletedPartTypeDef]) -> None:
        stored = self.pending.pop(key)
        assert [part["PartNumber"] for part in parts] == list(range(1, len(stored) + 1))
        assert all(len(part) >= PART for part in stored[:-1])
        self.objects[key] = b"".join(stored)

    async def abort(self, key: str, upload: str) -> None:
        del self.pending[key]


async def _chunks(
    chunks: Iterable[bytes], then: BaseException | None = None
) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if then is not None:
        raise then


def _upload(store: Store, chunks: AsyncIterator[bytes], limit: int = 10_000) -> Received:
    return asyncio.run(Upload(store, "key", "text/plain", limit, PART).take(chunks))


@given(st.lists(st.binary(max_size=250), max_size=30))
def test_what_goes_in_is_what_is_stored(chunks: list[bytes]) -> None:
    store = Store()
    body = b"".join(chunks)
    received = _upload(store, _chunks(chunks))
    assert store.objects == {"key": body}
    assert received == Received("key", len(body), hashlib.sha256(body).hexdigest())
    assert not store.pending
    # One part and at most one chunk over: that is all that is ever held.
    assert store.largest < PART + 250


def test_exactly_the_limit_passes_and_one_more_does_not() -> None:
    store = Store()
    assert _upload(store, _chunks([b"x" * 50] * 10), limit=500).size == 500
    with pytest.raises(Problem) as refused:
        _upload(store, _chunks([b"x" * 50] * 10 + [b"y"]), limit=500)
    assert refused.value.status == 413
    assert not store.pending


def test_a_client_who_leaves_leaves_nothing_behind() -> None:
    store = Store()
    with pytest.raises(ConnectionResetError):
        _upload(store, _chunks([b"x" * 150], then=ConnectionResetError()))
    assert not store.pending
    assert not store.objects


def test_a_cancelled_request_leaves_nothing_behind() -> None:
    async def story() -> None:
        store = Store()

        async def endless() -> AsyncIterator[bytes]:
            yield b"x" * 150
            await asyncio.Event().wait()

        task = asyncio.ensure_future(Upload(store, "key", "text/plain", 9999, PART).take(endless()))
        await asyncio.sleep(0.02)  # the first part is on its way, the next never comes
        assert store.pending
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not store.pending

    asyncio.run(story())


def test_a_broken_store_is_told_and_nothing_is_left() -> None:
    store = Store()
    store.broken = True
    with pytest.raises(OSError, match="gone"):
        _upload(store, _chunks([b"x" * 150]))
    assert not store.pending


def test_the_part_size_suits_s3() -> None:
    assert 5 * 1024**2 <= PART_BYTES <= 16 * 1024**2
    assert PART_BYTES * 10_000 > 50 * 1024**3
