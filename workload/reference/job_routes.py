"""The route by which clients queue work for the worker."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from reference import cache as caching
from reference.jobs import Queue
from reference.problems import needing


class Order(BaseModel):
    """What a client sends; `work_ms` is milliseconds."""

    model_config = ConfigDict(extra="forbid")
    work_ms: int = Field(50, ge=0, le=60_000)


def router(queue: Queue) -> APIRouter:
    """The queueing route."""
    routes = APIRouter()

    @routes.post("/api/jobs", status_code=202)
    async def add(order: Order) -> dict[str, str]:
        with needing("cache", *caching.AWAY):
            return {"id": await queue.add(order.work_ms)}

    return routes
