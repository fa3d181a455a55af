"""What is promised, and what is said when a promise is at risk."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from infra.settings.base import Count, DnsName, Identifier, Settings
from infra.settings.errors import Refused
from infra.settings.quantities import Duration, Percent, Rate

Indicator = Literal[
    "availability", "error_ratio", "latency", "query_latency", "websocket_latency",
    "upload_time", "page_load", "cache_hit_ratio", "throughput", "concurrent_users",
    "recovery_time", "mean_latency", "latency_reduction", "query_reduction",
]  # fmt: skip

# What an indicator is measured in; a target of another kind would compare apples with pears.
_MEASURE: dict[str, type] = {
    "availability": Percent,
    "error_ratio": Percent,
    "latency": Duration,
    "query_latency": Duration,
    "websocket_latency": Duration,
    "upload_time": Duration,
    "page_load": Duration,
    "cache_hit_ratio": Percent,
    "throughput": Rate,
    "concurrent_users": int,
    "recovery_time": Duration,
    "mean_latency": Duration,
    "latency_reduction": Percent,
    "query_reduction": Percent,
}
_BURNING = frozenset({"availability", "error_ratio", "latency", "query_latency"})


class BurnRate(NamedTuple):
    """An alert on how fast an error budget is spent: ``factor`` times as fast as it lasts."""

    factor: Fraction
    over: Duration
    severity: Literal["page", "ticket"]


# Source: the multiwindow, multi-burn-rate alerts of the SRE workbook, chapter 5.
BURN_RATES = (
    BurnRate(Fraction("14.4"), Duration("1h"), "page"),
    BurnRate(Fraction(6), Duration("6h"), "page"),
    BurnRate(Fraction(1), Duration("3d"), "ticket"),
)


class Objective(Settings):
    """A service level objective: an indicator, its target and its window."""

    name: DnsName
    indicator: Indicator
    target: Percent | Duration | Rate | Count
    percentile: Percent | None = None
    window: Duration = Duration("30d")
    baseline: Percent | Duration | None = None  # what was once measured; a regression floor
    condition: Literal["always", "first-week", "chaos"] = "always"

    @property
    def budget(self) -> Fraction | None:
        """The share of events that may be bad; None where no events are counted."""
        if self.indicator == "error_ratio" and isinstance(self.target, Percent):
            return self.target.base / 100
        if self.indicator == "availability" and isinstance(self.target, Percent):
            return 1 - self.target.base / 100
        if self.indicator in _BURNING and self.percentile is not None:
            return 1 - self.percentile.base / 100
        return None

    @model_validator(mode="after")
    def _can_be_kept_and_watched(self) -> Self:
        measure = _MEASURE[self.indicator]
        if type(self.target) is not measure:
            raise Refused(
                f"objective {self.name!r}: {self.indicator} can't have the target {self.target}",
                f"write a {getattr(measure, 'kind', 'whole number')}",
            )
        if isinstance(self.target, Percent) and self.target.base > 100:
            raise Refused(f"objective {self.name!r} asks for {self.target}", "ask for at most 100%")
        if self.indicator in ("latency", "query_latency") and self.percentile is None:
            raise Refused(
                f"objective {self.name!r} has no percentile",
                'say of which share of the requests, like percentile "95%"',
            )
        budget = self.budget
        if budget is None:
            return self
        fastest, longest = BURN_RATES[0], BURN_RATES[-1]
        if budget <= 0:
            raise Refused(
                f"objective {self.name!r} leaves no error budget, so its burn alerts can never"
                " say anything but broken",
                "promise less than 100%, like 99.9%",
            )
        if fastest.factor * budget >= 1:
            raise Refused(
                f"objective {self.name!r} leaves a budget of {float(budget):.1%}: its fastest burn"
                f" alert needs {float(fastest.factor)} times that, more than everything failing,"
                " so it can never fire",
                f"leave a budget below {float(1 / fastest.factor):.1%}",
            )
        if self.window < longest.over:
            raise Refused(
                f"objective {self.name!r} has a window of {self.window}, shorter than the"
                f" {longest.over} that its slowest burn alert looks back",
                f"take a window of at least {longest.over}",
            )
        return self


Signal = Literal[
    "latency_p95", "error_ratio", "query_latency_p95", "database_pool_used", "database_pool_free",
    "database_pool_waiting", "agent_failure_ratio", "cpu_used", "memory_used", "disk_used",
    "cache_down", "rate_limited_client", "answer_latency_p95", "system_status", "fallback_ratio",
    "logged_errors", "new_errors",
]  # fmt: skip


class Alert(Settings):
    """A named alert that a register asks for, besides the objectives' burn rates.

    ``threshold`` None means that the signal itself is a state, which is bad when it is 1.
    """

    name: Identifier
    metric: Signal
    comparison: Literal[">", "<", "=="]
    threshold: Percent | Duration | Rate | Annotated[int, Field(ge=0)] | None
    window: Duration
    severity: Literal["page", "ticket", "info"]


class Metric(Settings):
    """A metric that a product exposes, by the name that its register gives."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...] = ()


class Dashboard(Settings):
    """A dashboard and its panels, by title."""

    title: str
    panels: Annotated[tuple[str, ...], Field(min_length=1)]


Channel = Literal["email", "slack", "on-call", "in-app"]
