"""A system: everything that one product needs from the platform, checked as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.base import Namespace, Settings, Slug
from infra.settings.data import Bucket, Cache, Database, Retention, Schedule
from infra.settings.edge import Edge, Egress
from infra.settings.errors import Refused, meant
from infra.settings.operations import Chaos, Delivery, Forecast, Incidents, LoadTest, Tracing
from infra.settings.promises import Alert, Channel, Dashboard, Metric, Objective
from infra.settings.quality import Quality
from infra.settings.workload import Budget, Quota, Subscription, Workload


class System(Settings):
    """Everything that one product needs from the platform."""

    slug: Slug
    title: str
    namespace: Namespace
    owner: str
    description: str
    workloads: Annotated[tuple[Workload, ...], Field(min_length=1)]
    database: Database
    cache: Cache
    buckets: Annotated[tuple[Bucket, ...], Field(min_length=1)]
    schedules: tuple[Schedule, ...] = ()
    edge: Edge
    egress: tuple[Egress, ...] = ()
    objectives: tuple[Objective, ...] = ()
    alerts: tuple[Alert, ...] = ()
    notifications: tuple[Channel, ...] = ()
    metrics: tuple[Metric, ...] = ()
    dashboards: tuple[Dashboard, ...] = ()
    budgets: tuple[Budget, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    retention: tuple[Retention, ...] = ()
    load_tests: tuple[LoadTest, ...] = ()
    chaos: tuple[Chaos, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    delivery: Delivery | None = None
    quality: Quality | None = None
    incidents: Incidents | None = None
    tracing: Tracing | None = None
    quota: Quota | None = None  # None: worked out from the workloads and the tier

    @property
    def dashed(self) -> str:
        """The slug as host names and object names take it."""
        return self.slug.replace("_", "-")

    def workload(self, name: str) -> Workload:
        """The workload of that name; raises ``KeyError`` for an unknown one."""
        return next((each for each in self.workloads if each.name == name), None) or _missing(name)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        named: dict[str, Iterable[str]] = {
            "workload": [each.name for each in self.workloads],
            "bucket": [each.name for each in self.buckets],
            "schedule": [each.name for each in self.schedules],
            "outside service": [each.name for each in self.egress],
            "objective": [each.name for each in self.objectives],
            "alert": [each.name for each in self.alerts],
            "budget": [each.name for each in self.budgets],
            "load test": [each.name for each in self.load_tests],
            "retention": [each.what for each in self.retention],
            # Two workloads on one prefix would share its requests at random.
            "route": [route for each in self.workloads for route in each.routes],
        }
        for what, names in named.items():
            seen: set[str] = set()
            for name in names:
                if name in seen:
                    raise Refused(f"system {self.slug!r} has two {what}s {name!r}", "rename one")
                seen.add(name)
        return self

    @model_validator(mode="after")
    def _uses_what_it_declares(self) -> Self:
        outside = {each.name for each in self.egress}
        inside = {each.name for each in self.workloads}
        for workload in self.workloads:
            for name in sorted(workload.egress - outside):
                raise Refused(
                    f"workload {workload.name!r} uses the outside service {name!r}, which the"
                    f" system {self.slug!r} does not declare",
                    f"add it to egress; {meant(name, outside)}",
                )
            for name in sorted(workload.calls - inside):
                raise Refused(
                    f"workload {workload.name!r} calls {name!r}, which is no workload of"
                    f" {self.slug!r}",
                    meant(name, inside),
                )
        for user, name in [(each.name, each.workload) for each in self.chaos] + [
            (each.name, each.workload) for each in self.forecasts
        ]:
            if name not in inside:
                raise Refused(
                    f"{user!r} is about the unknown workload {name!r}", meant(name, inside)
                )
        used = {name for workload in self.workloads for name in workload.egress}
        for name in sorted(outside - used):
            raise Refused(
                f"no workload of {self.slug!r} uses the outside service {name!r}",
                "name it in a workload's egress, or remove it: every open flow needs a user",
            )
        return self

    @model_validator(mode="after")
    def _budgets_add_up(self) -> Self:
        parts = [each for each in self.budgets if each.covers != "total"]
        for total in [each for each in self.budgets if each.covers == "total"]:
            monthly = sum(each.monthly.base for each in parts)
            if monthly != total.monthly.base:
                raise Refused(
                    f"the budgets of {self.slug!r} sum to {int(monthly)}USD, not {total.monthly}",
                    "correct the total or a part",
                )
        for each in self.budgets:
            if each.three_months is None or each.covers == "total" or not each.recurring:
                continue
            if each.three_months.base != 3 * each.monthly.base:
                raise Refused(
                    f"budget {each.name!r} is {each.monthly} a month but {each.three_months}"
                    " in three",
                    "correct one, or set recurring to False",
                )
        return self


def _missing(name: str) -> Workload:
    raise KeyError(name)
