"""How a product is delivered, tried and rescued: the numbers that tests and drills read."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.base import Count, DnsName, HostName, Port, Settings, UrlPath
from infra.settings.errors import Refused
from infra.settings.quantities import Duration, Percent, Rate

Users = Annotated[int, Field(ge=0)]


class Stage(Settings):
    """A stretch of a load test: the users at its end, reached in a straight line."""

    duration: Duration
    users: Users


class LoadTest(Settings):
    """A load, and what must hold under it."""

    name: DnsName
    path: UrlPath
    stages: tuple[Stage, ...] = ()
    users: Count | None = None  # at once, where no stages are given
    rate: Rate | None = None  # requests that arrive whether or not earlier ones are answered
    expected_status: Annotated[int, Field(ge=100, le=599)] = 200
    latency_below: Duration | None = None
    errors_below: Percent | None = None

    @model_validator(mode="after")
    def _loads(self) -> Self:
        if not self.stages and self.users is None and self.rate is None:
            raise Refused(f"load test {self.name!r} has no load", "give stages, users or a rate")
        return self


class Chaos(Settings):
    """An experiment that takes Pods away, and what must hold meanwhile."""

    name: DnsName
    experiment: Literal["pod-delete"]
    duration: Duration
    interval: Duration
    workload: DnsName
    availability: Percent

    @model_validator(mode="after")
    def _strikes(self) -> Self:
        if self.interval > self.duration:
            raise Refused(
                f"chaos {self.name!r} strikes every {self.interval} for {self.duration}: never",
                "shorten interval",
            )
        return self


class Forecast(Settings):
    """A Prophet model: what it predicts, how far ahead, and how often an alert must be right.

    The prior scales default to Prophet's own.
    """

    name: DnsName
    metrics: tuple[str, ...]
    changepoint_prior_scale: Annotated[float, Field(gt=0)] = 0.05
    seasonality_prior_scale: Annotated[float, Field(gt=0)] = 10.0
    holidays_prior_scale: Annotated[float, Field(gt=0)] = 10.0
    daily_seasonality: bool = True
    weekly_seasonality: bool = True
    yearly_seasonality: bool = False
    periods: Count
    period: Duration
    precision: Percent | None = None
    workload: DnsName


class Delivery(Settings):
    """How a new version of a product gets out, and back."""

    strategy: Literal["rolling", "blue-green"]
    automatic_rollback: bool
    success: Percent | None = None  # of deploys; one that was rolled back did not succeed
    apply_order: tuple[str, ...] = ()


class Severity(Settings):
    """How fast somebody answers an incident of a severity."""

    level: Literal["P0", "P1", "P2", "P3"]
    title: str
    respond_within: Duration
    business_days: bool = False  # the span counts business days only


class Incidents(Settings):
    """What happens when something breaks."""

    severities: tuple[Severity, ...] = ()
    steps: tuple[str, ...] = ()
    post_mortem: bool = True


class Tracing(Settings):
    """Where traces go."""

    namespace: DnsName
    deployment: DnsName
    zipkin_port: Port


class Vitals(Settings):
    """What a page may take in a browser, at the 75th percentile."""

    first_contentful_paint: Duration | None = None
    largest_contentful_paint: Duration | None = None
    time_to_interactive: Duration | None = None
    first_input_delay: Duration | None = None
    cumulative_layout_shift: Annotated[float, Field(gt=0)] | None = None  # a score, no unit


Score = Annotated[float, Field(ge=0, le=1)]


class Lighthouse(Settings):
    """Runs of Lighthouse and the scores below which they fail (0 to 1)."""

    url_host: HostName
    runs: Count
    performance: Score | None = None
    accessibility: Score | None = None
    best_practices: Score | None = None
    seo: Score | None = None
    server: HostName | None = None  # keeps the reports
