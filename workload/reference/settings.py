"""What the environment says; every name is `ALICERCE_` and the field in capitals."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reference import __version__


class Role(StrEnum):
    """The part of a product that this process plays."""

    API = "api"
    WEB = "web"
    WEBSOCKET = "websocket"
    WORKER = "worker"


class Settings(BaseSettings):
    """The process's settings; durations are seconds, sizes are bytes.

    Raises pydantic.ValidationError for a missing or impossible value.
    """

    model_config = SettingsConfigDict(env_prefix="ALICERCE_", frozen=True, extra="ignore")

    role: Role
    system: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")
    version: str = __version__
    host: str = "0.0.0.0"  # noqa: S104 - a pod is reached on its own address
    port: int = Field(default=8000, ge=0, le=65535)
    # NoDecode: the value is a comma list, which pydantic-settings would else read as JSON.
    health_paths: Annotated[tuple[str, ...], NoDecode] = ()
    check_seconds: float = Field(default=2.0, gt=0, le=30)
    cache_ttl: int = Field(default=60, ge=1)
    upload_limit_bytes: int = Field(default=500 * 1024 * 1024, ge=1)
    uploads_at_once: int = Field(default=4, ge=1, le=64)
    database_pool: int = Field(default=5, ge=1, le=100)
    drain_seconds: float = Field(default=5.0, ge=0, le=300)
    finish_seconds: float = Field(default=25.0, gt=0, le=600)
    # Longer than the idle time of the proxies before it (Traefik 90 s, ALB 60 s): the side that
    # reuses a connection has to be the one that closes it, or requests are lost in between.
    keep_alive_seconds: int = Field(default=120, ge=1, le=600)
    faults: bool = False
    secrets_dir: Path = Path("/run/secrets")

    @classmethod
    def read(cls) -> Self:
        """The settings of the environment."""
        nothing: dict[str, Any] = {}  # said in words, since a type checker misses the arguments
        return cls(**nothing)

    @field_validator("health_paths", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("health_paths")
    @classmethod
    def _absolute(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if not path.startswith("/") or "{" in path:
                raise ValueError(f"{path!r} is not a path: begin it with '/' and use no braces")
        return value
