"""How tiers differ: one table of typed values.

A system is described as production needs it; a tier says how much of that a
stack gets. `sizing.py` applies it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Count, Settings
from infra.settings.quantities import Cpu, Duration, Percent, Size
from infra.settings.workload import Resources

TierName = Literal["ephemeral", "local", "staging", "prod"]


class Tier(Settings):
    """What a stack of this tier gets. None as a cap: as much as the system asks for."""

    name: TierName
    purpose: str

    # --- Pods
    replica_cap: Count | None  # most Pods of a workload's minimum
    replica_ceiling: Count | None  # most Pods that an autoscaler may ask for
    keeps_fixed_replicas: bool  # numbers that a register fixes (FLO's 3 to 20) stand
    cpu_request: Percent  # of what the system asks; requests only, so that Pods may burst
    cpu_request_floor: Cpu
    memory_request: Percent
    memory_request_floor: Size  # a Python process at rest must stay under the HPA's target of it
    cpu_limit_floor: Cpu  # no Pod is throttled below this
    anti_affinity: Literal["none", "preferred", "required"]  # of a workload's Pods over nodes
    zones: Count  # that Pods and database instances are spread over, where there are any

    # --- data
    database_instances_cap: Count | None
    read_replicas_cap: Annotated[int, Field(ge=0)] | None
    synchronous: bool  # whether a database may wait for a second copy of each write
    database_cpu: Percent
    database_cpu_floor: Cpu
    database_memory: Percent
    database_memory_floor: Size
    storage: Percent
    storage_floor: Size
    # Of the whole stack: a claim can't shrink, so a system that comes or goes must not decide it.
    object_storage: Size
    cache_standalone: bool  # one Redis whatever topology the system asks for
    cache_memory: Percent
    cache_memory_floor: Size

    # --- safety
    backup_retention_cap: Duration | None
    recovery_window_cap: Duration | None
    deletion_protection: bool  # the engine and the provider refuse to delete what holds data
    retain_data: bool  # `destroy` leaves volumes and buckets behind, and lists them
    expires_after: Duration | None  # the stack is taken away after this

    # --- the rest
    addon: Resources  # what each add-on of the cluster may take
    quota_headroom: Percent  # a namespace's quota over the sum of its maxima
    certificates: Literal["local-ca", "acme"]
    log_retention: Duration
    metrics_retention: Duration
    own_hosts: bool  # systems answer on their production host names


_SMALL = Resources(
    cpu=Cpu("25m"), memory=Size("64Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("512Mi")
)

LOCAL = Tier(
    name="local",
    purpose="all five systems on one machine of 2 cores; under 8 GiB resident, under 1.6 cores"
    " requested",
    replica_cap=1,  # 2 where surviving the loss of a Pod is promised
    replica_ceiling=4,
    keeps_fixed_replicas=True,
    # Small, but never so small that a Pod at rest looks busy to its autoscaler: a Python process
    # at rest takes about 5m and 90 MiB, far under 70 % of 40m and 80 % of 192Mi.
    cpu_request=Percent("20%"),
    cpu_request_floor=Cpu("10m"),
    memory_request=Percent("40%"),
    memory_request_floor=Size("192Mi"),
    cpu_limit_floor=Cpu("2cores"),
    anti_affinity="preferred",  # one node must do; three are used when there are three
    zones=1,
    database_instances_cap=1,
    read_replicas_cap=1,  # one is enough to prove that reads go to it
    synchronous=False,
    database_cpu=Percent("3%"),
    database_cpu_floor=Cpu("25m"),
    database_memory=Percent("10%"),
    database_memory_floor=Size("256Mi"),
    storage=Percent("5%"),
    storage_floor=Size("2Gi"),
    object_storage=Size("5Gi"),
    cache_standalone=True,
    cache_memory=Percent("10%"),
    cache_memory_floor=Size("64Mi"),
    backup_retention_cap=Duration("7d"),
    recovery_window_cap=Duration("7d"),
    deletion_protection=False,
    retain_data=False,
    expires_after=None,
    addon=_SMALL,
    quota_headroom=Percent("200%"),  # room for a rollout and a restored copy beside the original
    certificates="local-ca",
    log_retention=Duration("3d"),
    metrics_retention=Duration("2d"),
    own_hosts=False,
)

EPHEMERAL = LOCAL.changed(
    name="ephemeral",
    purpose="one branch, proven and taken away",
    replica_ceiling=2,
    keeps_fixed_replicas=False,
    read_replicas_cap=0,
    backup_retention_cap=Duration("2d"),
    recovery_window_cap=Duration("1d"),
    expires_after=Duration("4h"),
    log_retention=Duration("1d"),
    metrics_retention=Duration("1d"),
)

PROD = Tier(
    name="prod",
    purpose="customers; everything as the registers ask",
    replica_cap=None,
    replica_ceiling=None,
    keeps_fixed_replicas=True,
    cpu_request=Percent("100%"),
    cpu_request_floor=Cpu("10m"),
    memory_request=Percent("100%"),
    memory_request_floor=Size("128Mi"),
    cpu_limit_floor=Cpu("500m"),
    anti_affinity="required",
    zones=3,
    database_instances_cap=None,
    read_replicas_cap=None,
    synchronous=True,
    database_cpu=Percent("100%"),
    database_cpu_floor=Cpu("100m"),
    database_memory=Percent("100%"),
    database_memory_floor=Size("512Mi"),
    storage=Percent("100%"),
    storage_floor=Size("10Gi"),
    object_storage=Size("100Gi"),
    cache_standalone=False,
    cache_memory=Percent("100%"),
    cache_memory_floor=Size("128Mi"),
    backup_retention_cap=None,
    recovery_window_cap=None,
    deletion_protection=True,
    retain_data=True,
    expires_after=None,
    addon=Resources(
        cpu=Cpu("100m"), memory=Size("128Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    quota_headroom=Percent("150%"),
    certificates="acme",
    log_retention=Duration("30d"),
    metrics_retention=Duration("35d"),  # a 30 d objective needs its whole window
    own_hosts=True,
)

STAGING = PROD.changed(
    name="staging",
    purpose="the same shapes as production, at half the size",
    replica_cap=2,
    replica_ceiling=6,
    cpu_request=Percent("50%"),
    memory_request=Percent("50%"),
    memory_request_floor=Size("192Mi"),
    anti_affinity="preferred",
    zones=2,
    database_instances_cap=2,  # failover is what staging must be able to show
    read_replicas_cap=1,
    database_cpu=Percent("25%"),
    database_memory=Percent("25%"),
    storage=Percent("25%"),
    object_storage=Size("25Gi"),
    cache_memory=Percent("50%"),
    backup_retention_cap=Duration("14d"),
    recovery_window_cap=Duration("7d"),
    deletion_protection=True,
    retain_data=False,
    log_retention=Duration("14d"),
    metrics_retention=Duration("15d"),
    own_hosts=False,
)

TIERS: dict[str, Tier] = {tier.name: tier for tier in (EPHEMERAL, LOCAL, STAGING, PROD)}
