"""A system as a tier gives it: the same system, smaller."""

from __future__ import annotations

from typing import TypeVar

from infra.settings.data import Cache, Database
from infra.settings.quantities import Cpu, Duration, Percent, Size
from infra.settings.system import System
from infra.settings.tiers import Tier
from infra.settings.workload import Quota, Replicas, Resources, Workload

# What a Redis member may take beside its data: buffers, and pages copied during a rewrite.
CACHE_OVERHEAD = Size("32Mi")
CACHE_CPU = Cpu("25m")
# Migrations, cache warming, schedules and drills run beside the workloads.
JOB_PODS = 6

_Amount = TypeVar("_Amount", Cpu, Size)


def sized(system: System, tier: Tier) -> System:
    """The system at the tier's size, checked again; raises ``Refused`` for what can't hold."""
    return system.changed(
        workloads=tuple(_workload(each, tier) for each in system.workloads),
        database=_database(system.database, tier),
        cache=_cache(system.cache, tier),
    )


def quota(system: System, tier: Tier) -> Quota:
    """The quota of a sized system's namespace: its own, or its maxima with the tier's headroom."""
    if system.quota is not None:
        return system.quota
    largest = max(system.workloads, key=lambda each: each.resources.memory)
    pods = [(each.resources, each.replicas.maximum) for each in system.workloads]
    pods.append((largest.resources, JOB_PODS))
    database, members = system.database, cache_members(system.cache)
    instances = database.instances + database.read_replicas
    cpu = [Cpu.total([each.cpu] * count) for each, count in pods]
    cpu += [database.cpu] * instances + [CACHE_CPU] * members
    memory = [Size.total([each.memory] * count) for each, count in pods]
    memory += [database.memory] * instances
    memory += [Size.total([system.cache.memory, CACHE_OVERHEAD])] * members
    storage = [database.storage] * instances + [system.cache.storage] * members
    room = tier.quota_headroom
    count = sum(count for _, count in pods) + instances + members
    return Quota(
        pods=int(count * room.ratio),
        cpu=Cpu.total(cpu).scaled(room),
        memory=Size.total(memory).scaled(room),
        storage=Size.total(storage).scaled(room),
    )


def cache_members(cache: Cache) -> int:
    """Pods of a cache: one; a master, two replicas and three sentinels; or three such pairs."""
    return {"standalone": 1, "sentinel": 6, "cluster": 6}[cache.topology]


def _workload(workload: Workload, tier: Tier) -> Workload:
    return workload.changed(
        replicas=_replicas(workload, tier), resources=_resources(workload.resources, tier)
    )


def _replicas(workload: Workload, tier: Tier) -> Replicas:
    declared = workload.replicas
    if declared.fixed and tier.keeps_fixed_replicas:
        return declared
    least = 2 if workload.survives_pod_loss else 1
    minimum = min(declared.minimum, max(tier.replica_cap or declared.minimum, least))
    ceiling = max(tier.replica_ceiling or declared.maximum, minimum)
    # Without an autoscaler the two are one number, and stay one.
    maximum = min(declared.maximum, ceiling) if workload.autoscaling else minimum
    return declared.changed(minimum=minimum, maximum=maximum)


def _resources(asked: Resources, tier: Tier) -> Resources:
    cpu = _at_least(asked.cpu.scaled(tier.cpu_request), tier.cpu_request_floor)
    memory = _at_least(asked.memory.scaled(tier.memory_request), tier.memory_request_floor)
    return Resources(
        cpu=cpu,
        memory=memory,
        cpu_limit=max(asked.cpu_limit, tier.cpu_limit_floor, cpu),
        memory_limit=max(asked.memory_limit, memory),
    )


def _database(database: Database, tier: Tier) -> Database:
    instances = min(database.instances, tier.database_instances_cap or database.instances)
    replicas = database.read_replicas
    if tier.read_replicas_cap is not None:
        replicas = min(replicas, tier.read_replicas_cap)
    return database.changed(
        instances=instances,
        read_replicas=replicas,
        synchronous=database.synchronous and tier.synchronous and instances > 1,
        cpu=_at_least(database.cpu.scaled(tier.database_cpu), tier.database_cpu_floor),
        memory=_at_least(database.memory.scaled(tier.database_memory), tier.database_memory_floor),
        storage=_shrunk(database.storage, tier.storage, tier.storage_floor),
        backup_retention=_at_most(database.backup_retention, tier.backup_retention_cap),
        recovery_window=_at_most(database.recovery_window, tier.recovery_window_cap),
    )


def _cache(cache: Cache, tier: Tier) -> Cache:
    memory = _shrunk(cache.memory, tier.cache_memory, tier.cache_memory_floor)
    return cache.changed(
        topology="standalone" if tier.cache_standalone else cache.topology, memory=memory
    )


def _at_least(value: _Amount, floor: _Amount) -> _Amount:
    return max(value, floor)


def _at_most(value: Duration, cap: Duration | None) -> Duration:
    return value if cap is None else min(value, cap)


def _shrunk(value: Size, by: Percent, floor: Size) -> Size:
    """Scaled down, not under the floor, and never above what was asked for."""
    return min(value, max(value.scaled(by), floor))
