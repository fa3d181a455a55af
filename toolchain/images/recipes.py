"""What each image holds. One table; how one is made stands in ``build``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.settings.versions import IMAGES

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class User:
    """The account that the image's process runs as."""

    name: str
    uid: int
    gid: int


NOBODY = User("nonroot", 65532, 65532)


@dataclass(frozen=True)
class Recipe:
    """An image: Debian packages, or nothing, plus tools and folders of ours."""

    name: str
    user: User
    command: tuple[str, ...]
    packages: tuple[str, ...] = ()  # empty: the image has only what is added
    tools: Mapping[str, str] = field(default_factory=dict)  # path in the image -> tool
    folders: Mapping[str, Path] = field(default_factory=dict)  # path in the image -> source
    python: Path | None = None  # pinned requirements, installed to /app/site
    environment: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()  # paths that the image has no use for

    @property
    def reference(self) -> str:
        """The full name that manifests use."""
        return IMAGES[self.name].local


POSTGRES_BIN = "/usr/lib/postgresql/15/bin"

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "reference",
            NOBODY,
            ("/usr/bin/python3", "-m", "reference"),
            packages=("python3", "ca-certificates"),
            folders={"/app/reference": ROOT / "workload" / "reference"},
            python=ROOT / "workload" / "requirements.txt",
            environment={
                "PYTHONPATH": "/app:/app/site",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
            },
        ),
        # CloudNativePG runs its own manager in this image, as user 26 and with
        # the server's programs on PATH.
        Recipe(
            "postgres",
            User("postgres", 26, 26),
            (f"{POSTGRES_BIN}/postgres",),
            packages=("postgresql-15", "ca-certificates"),
            environment={"PATH": f"{POSTGRES_BIN}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        ),
        Recipe(
            "redis",
            User("redis", 999, 999),
            ("/usr/bin/redis-server",),
            packages=("redis-server", "redis-tools"),
        ),
        Recipe(
            "cloudnative-pg",
            NOBODY,
            ("/manager",),
            tools={"/manager": "cloudnative-pg", "/operator/manager_amd64": "cloudnative-pg"},
        ),
        Recipe("traefik", NOBODY, ("/traefik",), tools={"/traefik": "traefik"}),
        Recipe("s3-gateway", NOBODY, ("/versitygw",), tools={"/versitygw": "versitygw"}),
        # What the embedded cluster itself is made of.
        Recipe("pause", User("pause", 65535, 65535), ("/pause",), tools={"/pause": "pause"}),
        Recipe("coredns", NOBODY, ("/coredns",), tools={"/coredns": "coredns"}),
        Recipe(
            "metrics-server",
            NOBODY,
            ("/metrics-server",),
            tools={"/metrics-server": "metrics-server"},
        ),
    )
}
