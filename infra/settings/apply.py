"""A system as one stack holds it: sized by the tier, then changed as the operator says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from infra.settings import names
from infra.settings.errors import Refused, meant
from infra.settings.sizing import quota, sized
from infra.settings.stack import QuotaSetting, StackFile, SystemSetting, WorkloadSetting, Written
from infra.settings.system import System
from infra.settings.tiers import Tier
from infra.settings.workload import Workload

_Made = TypeVar("_Made")


class Attempt(Protocol):
    """Runs a step, and notes under a key of the stack file why it was refused."""

    def __call__(self, key: str, make: Callable[[], _Made]) -> _Made | None: ...


@dataclass(frozen=True)
class Ground:
    """What all systems of a stack stand on."""

    stack: str
    written: StackFile
    tier: Tier
    domain: str | None


def configured(attempt: Attempt, ground: Ground, system: System) -> System | None:
    """The system in this stack; None if a step was refused, which ``attempt`` has noted."""
    at = f"systemSettings.{system.slug}"
    setting = ground.written.system_settings.get(system.slug, SystemSetting())
    small = attempt(at, lambda: sized(system, ground.tier))
    if small is None:
        return None
    small = _database(attempt, at, small, setting)
    workloads = [
        attempt(f"{at}.workloads.{each.name}", partial(_workload, each, setting))
        for each in small.workloads
    ]
    known = {each.name for each in small.workloads}
    for name in sorted(set(setting.workloads) - known):
        attempt(f"{at}.workloads.{name}", partial(_unknown, name, known))
    if any(each is None for each in workloads):
        return None
    host = setting.host or (
        system.edge.host
        if ground.domain is None
        else attempt("domain", lambda: names.host(system, ground.domain or ""))
    )
    branch = ground.stack if ground.tier.expires_after is not None else None
    namespace = attempt("stack", lambda: names.namespace(system, branch=branch))
    attempt("stack", lambda: _object_names(ground.stack, small))
    if host is None or namespace is None:
        return None
    changed = attempt(
        at,
        lambda: small.changed(
            workloads=tuple(workloads),
            namespace=namespace,
            edge=small.edge.changed(host=host),
        ),
    )
    if changed is None:
        return None
    return attempt(
        f"{at}.quota",
        lambda: changed.changed(quota=_merged(quota(changed, ground.tier), setting.quota)),
    )


def _database(attempt: Attempt, at: str, system: System, setting: SystemSetting) -> System:
    if setting.database is None:
        return system
    given = _given(setting.database)
    made = attempt(f"{at}.database", lambda: system.database.changed(**given))
    return system if made is None else system.changed(database=made)


def _workload(workload: Workload, setting: SystemSetting) -> Workload:
    given = setting.workloads.get(workload.name, WorkloadSetting())
    values: dict[str, Any] = {"environment": {**workload.environment, **given.environment}}
    if given.image is not None:
        values["image"] = given.image
    if given.replicas is not None:
        values["replicas"] = workload.replicas.changed(**_given(given.replicas))
    if given.resources is not None:
        values["resources"] = workload.resources.changed(**_given(given.resources))
    return workload.changed(**values)


def _unknown(name: str, known: set[str]) -> None:
    raise Refused("is about an unknown workload", meant(name, known))


def _object_names(stack: str, system: System) -> None:
    """Makes every name that carries the stack or a suffix, so that one too long is seen now."""
    for bucket in system.buckets:
        names.bucket(stack, system, bucket.name)
    for schedule in system.schedules:
        names.job(system, schedule.name)
    for workload in system.workloads:
        names.autoscaler(workload)
        names.config_map(workload)


def _merged(worked_out: Any, own: QuotaSetting | None) -> Any:
    return worked_out if own is None else worked_out.changed(**_given(own))


def _given(setting: Written) -> dict[str, Any]:
    """What the operator named; the rest stays as it is."""
    return {name: value for name, value in setting.__dict__.items() if value is not None}
