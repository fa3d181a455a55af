"""What a workload is told: its environment, and the secrets that it finds as files."""

from __future__ import annotations

from typing import Any

from infra.core.contracts import DataContract
from infra.settings.quantities import Duration
from infra.settings.system import System
from infra.settings.workload import Workload
from k8s import pods
from k8s.data.postgres_tuning import connections_per_pod

SECRETS = "/run/secrets"
# For a cache whose description names neither keys nor a default.
_CACHE_TTL = Duration("60s")


def environment(system: System, workload: Workload) -> dict[str, str]:
    """The variables of ``workload``; its own come last, so that they can change any."""
    largest = max(bucket.largest_upload.bytes for bucket in system.buckets)
    found = {
        "ALICERCE_SYSTEM": system.dashed,
        "ALICERCE_ROLE": workload.role.value,
        "ALICERCE_PORT": str(workload.port),
        "ALICERCE_HEALTH_PATHS": workload.health_path,
        "ALICERCE_DRAIN_SECONDS": _seconds(workload.drain),
        "ALICERCE_FINISH_SECONDS": _seconds(workload.finish),
        "ALICERCE_CACHE_TTL": _seconds(_ttl(system)),
        "ALICERCE_UPLOAD_LIMIT_BYTES": str(largest),
        "ALICERCE_DATABASE_POOL": str(connections_per_pod(system)),
    }
    # The reference workload takes the probe's own paths for granted.
    if workload.health_path.startswith("/health/"):
        del found["ALICERCE_HEALTH_PATHS"]
    return dict(sorted({**found, **workload.environment}.items()))


def secrets(workload: Workload, data: DataContract) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Volumes and mounts of what the workload uses, and of nothing else."""
    found = []
    if "database" in workload.uses:
        found.append(pods.mounted("database", data.database.application, f"{SECRETS}/database"))
        authority = data.database.authority
        found.append(
            pods.mounted("database-ca", authority, f"{SECRETS}/database-ca", authority.keys)
        )
    if "cache" in workload.uses:
        found.append(pods.mounted("cache", data.cache.credentials, f"{SECRETS}/cache"))
    if "bucket" in workload.uses:
        # The first is the one that the description puts first; others have names of their own.
        for at, bucket in enumerate(data.buckets):
            folder = "bucket" if at == 0 else f"bucket-{at + 1}"
            found.append(pods.mounted(folder, bucket.credentials, f"{SECRETS}/{folder}"))
    return found


def _ttl(system: System) -> Duration:
    cache = system.cache
    if cache.default_ttl is not None:
        return cache.default_ttl
    return min((key.ttl for key in cache.keys), default=_CACHE_TTL)


def _seconds(span: Duration) -> str:
    return f"{span.seconds:g}"
