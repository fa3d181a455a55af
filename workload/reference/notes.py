"""Notes: rows written to PostgreSQL and read through the cache."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from reference import cache as caching
from reference.cache import Cache
from reference.database import Database
from reference.metrics import Metrics
from reference.problems import Problem, describe

_log = structlog.stdlib.get_logger("reference.notes")
PREPARE = """
CREATE TABLE IF NOT EXISTS reference_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)
"""
_INSERT = "INSERT INTO reference_notes (text) VALUES ($1) RETURNING id, text, created_at"
_UPDATE = "UPDATE reference_notes SET text = $2 WHERE id = $1 RETURNING id, text, created_at"
_SELECT = "SELECT id, text, created_at FROM reference_notes WHERE id = $1"

NoteId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class Draft(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid")
    # PostgreSQL's text can't hold the zero character.
    text: str = Field(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")


class Note(BaseModel):
    """What a client gets."""

    id: int
    text: str
    created_at: datetime


class Notes:
    """The notes of this system; `ttl` is seconds."""

    def __init__(self, database: Database, cache: Cache | None, metrics: Metrics, ttl: int) -> None:
        self._database = database
        self._cache = cache
        self._metrics = metrics
        self._ttl = ttl

    async def add(self, text: str) -> Note:
        """Writes a row; Problem 503 if the database is away."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_INSERT, text)
        # New here, but after a restore to an earlier time the cache may know this number.
        await self._forget(row["id"])
        return Note(**row)

    async def change(self, note_id: int, text: str) -> Note:
        """Writes a row anew; Problem 404 or 503."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_UPDATE, note_id, text)
        if row is None:
            raise _absent()
        # After the commit. A reader in between may put the old row back, for one TTL at most.
        await self._forget(note_id)
        return Note(**row)

    async def get(self, note_id: int) -> tuple[str, bool]:
        """The note as JSON, and whether the cache had it; Problem 404 or 503."""
        kept = await self._recall(note_id)
        if kept is not None:
            return kept, True
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SELECT, note_id)
        if row is None:
            raise _absent()
        text = Note(**row).model_dump_json()
        await self._keep(note_id, text)
        return text, False

    async def _recall(self, note_id: int) -> str | None:
        if self._cache is None:
            return None
        try:
            found = await self._cache.get(f"notes:{note_id}")
        except caching.AWAY as error:
            self._metrics.cache_reads.labels("error").inc()
            _log.warning("cache not read", error=describe(error))
            return None
        self._metrics.cache_reads.labels("miss" if found is None else "hit").inc()
        return found

    async def _keep(self, note_id: int, text: str) -> None:
        if self._cache is None:
            return
        try:
            await self._cache.put(f"notes:{note_id}", text, self._ttl)
        except caching.AWAY as error:
            _log.warning("cache not written", error=describe(error))

    async def _forget(self, note_id: int) -> None:
        if self._cache is None:
            return
        try:
            await self._cache.forget(f"notes:{note_id}")
        except caching.AWAY as error:
            _log.warning("cache not invalidated", seconds=self._ttl, error=describe(error))


def _absent() -> Problem:
    return Problem(404, "There is no such note.", "Check the number, or POST a new note.")


def reading(notes: Notes) -> APIRouter:
    """The routes that only read."""
    routes = APIRouter()

    @routes.get("/api/notes/{note_id}", response_class=Response)
    async def get(note_id: NoteId) -> Response:
        text, hit = await notes.get(note_id)
        headers = {"X-Cache": "hit" if hit else "miss", "Cache-Control": "no-store"}
        return Response(text, headers=headers, media_type="application/json")

    return routes


def writing(notes: Notes) -> APIRouter:
    """The routes that write."""
    routes = APIRouter()

    @routes.post("/api/notes", status_code=201)
    async def add(draft: Draft, response: Response) -> Note:
        note = await notes.add(draft.text)
        response.headers["Location"] = f"/api/notes/{note.id}"
        return note

    @routes.put("/api/notes/{note_id}")
    async def change(note_id: NoteId, draft: Draft) -> Note:
        return await notes.change(note_id, draft.text)

    return routes
