"""The only door out of a stack: typed, versioned, and without a secret.

Ansible, host tests and ``ops`` read this and nothing else. A field may be added; one that goes
or changes its meaning raises ``VERSION``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pulumi

from infra.core.contracts import PlatformContract, SystemContract
from infra.settings.platform import Platform

VERSION = 1
NAME = "alicerce"


@dataclass(frozen=True)
class WorkloadExport:
    """A Deployment and what goes with it."""

    name: str
    service: str | None
    port: int
    autoscaler: str | None
    health_path: str


@dataclass(frozen=True)
class DatabaseExport:
    """A database by names; its Secrets are in the system's namespace."""

    host: str
    port: int
    name: str
    application_secret: str
    owner_secret: str


@dataclass(frozen=True)
class CacheExport:
    """A cache by names."""

    host: str
    port: int
    secret: str


@dataclass(frozen=True)
class BucketExport:
    """A bucket by names."""

    name: str
    endpoint: str
    secret: str


@dataclass(frozen=True)
class SystemExport:
    """One system: where it answers, and what it is made of."""

    namespace: str
    host: str
    url: str
    health_url: str
    workloads: tuple[WorkloadExport, ...]
    database: DatabaseExport
    cache: CacheExport
    buckets: tuple[BucketExport, ...]


def exports(platform: Platform, built: PlatformContract) -> dict[str, Any]:
    """What the stack tells: plain data, but for the authority's certificate, an Output."""
    return {
        "version": VERSION,
        "stack": platform.stack,
        "target": platform.target,
        "tier": platform.tier.name,
        "context": platform.kube_context,
        "authority": built.ground.site.authority.certificate,
        "systems": {each.slug: asdict(_system(each)) for each in built.systems},
    }


def publish(platform: Platform, built: PlatformContract) -> None:
    """Hands the exports to the engine."""
    pulumi.export(NAME, exports(platform, built))


def _system(system: SystemContract) -> SystemExport:
    data = system.data
    return SystemExport(
        namespace=system.namespace,
        host=system.host,
        url=f"https://{system.host}",
        health_url=f"https://{system.host}{system.health_path}",
        workloads=tuple(
            WorkloadExport(each.name, each.service, each.port, each.autoscaler, each.health_path)
            for each in system.workloads
        ),
        database=DatabaseExport(
            data.database.host,
            data.database.port,
            data.database.name,
            data.database.application.name,
            data.database.owner.name,
        ),
        cache=CacheExport(data.cache.host, data.cache.port, data.cache.credentials.name),
        buckets=tuple(
            BucketExport(each.name, each.endpoint, each.credentials.name) for each in data.buckets
        ),
    )
