"""What runs: a workload, how many Pods of it, and what they may take."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from infra.settings.base import (
    Count,
    DnsName,
    EnvironmentName,
    ImageReference,
    Port,
    Settings,
    UrlPath,
)
from infra.settings.errors import Refused, refuse_disorder
from infra.settings.quantities import Cpu, Duration, Money, Percent, Rate, Size


class Role(StrEnum):
    """What a workload does; it decides its probes, routes and ports."""

    API = "api"
    WEB = "web"
    WEBSOCKET = "websocket"
    WORKER = "worker"


class Autoscaling(Settings):
    """The targets of a workload's HorizontalPodAutoscaler."""

    name: DnsName | None = None  # None: names.autoscaler derives it from the workload's
    cpu: Percent | None = None  # of the CPU request
    memory: Percent | None = None  # of the memory request
    requests_per_second: Rate | None = None  # of one Pod
    requests_metric: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = (
        "requests_per_second"
    )
    respond_within: Duration | None = None  # from the load's rise to a Pod that takes its share

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if self.cpu is None and self.memory is None and self.requests_per_second is None:
            raise Refused(
                "autoscaling has no target, so it would never scale",
                "give cpu, memory or requests_per_second",
            )
        return self


class Replicas(Settings):
    """How many Pods a workload has, from and to."""

    minimum: Count
    maximum: Count
    # The numbers are a register's own: no tier narrows them but the ephemeral one.
    fixed: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        refuse_disorder(self.minimum, self.maximum)
        return self


class Resources(Settings):
    """What one Pod asks for, and what it may not exceed."""

    cpu: Cpu
    memory: Size
    cpu_limit: Cpu
    memory_limit: Size

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.cpu > self.cpu_limit:
            raise Refused(
                f"cpu {self.cpu} is above cpu_limit {self.cpu_limit}", "raise cpu_limit or ask less"
            )
        if self.memory > self.memory_limit:
            raise Refused(
                f"memory {self.memory} is above memory_limit {self.memory_limit}",
                "raise memory_limit or ask less",
            )
        if not self.cpu.base or not self.memory.base:
            raise Refused("a Pod can't ask for nothing", 'write at least "1m" and "1Mi"')
        return self


class Workload(Settings):
    """One Deployment of a system."""

    name: DnsName
    role: Role
    port: Port = 8000
    health_path: UrlPath = "/health/ready"
    replicas: Replicas
    autoscaling: Autoscaling | None = None
    resources: Resources
    routes: tuple[UrlPath, ...] = ()  # path prefixes on the system's host
    sticky: bool = False
    uses: frozenset[Literal["database", "cache", "bucket"]] = frozenset()
    egress: frozenset[DnsName] = frozenset()  # names of the system's outside services
    calls: frozenset[DnsName] = frozenset()  # workloads of the same system that it talks to
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    image: ImageReference | None = None  # None: the reference workload stands in
    product_image: ImageReference | None = None  # the product's own, for whoever can pull it
    # Availability while a Pod is lost is promised: never fewer than 2, whatever the tier saves.
    survives_pod_loss: bool = False
    startup: Duration = Duration("60s")  # how long a start may take before it counts as failed
    drain: Duration = Duration("5s")  # how long a stopping Pod still takes requests
    finish: Duration = Duration("25s")  # then, how long those in flight may take

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.sticky and self.role not in (Role.WEB, Role.WEBSOCKET):
            raise Refused(
                f"workload {self.name!r} is sticky, but its role is {self.role}",
                "stickiness is for web and websocket; leave sticky out",
            )
        if self.role is Role.WORKER and self.routes:
            raise Refused(
                f"workload {self.name!r} is a worker with routes {', '.join(self.routes)}",
                "a worker takes no requests; leave routes out, or make it an api",
            )
        if self.role is Role.WORKER and self.autoscaling and self.autoscaling.requests_per_second:
            raise Refused(
                f"workload {self.name!r} is a worker that scales on requests",
                "a worker takes no requests; scale it on cpu or memory",
            )
        if self.autoscaling is None and self.replicas.minimum != self.replicas.maximum:
            raise Refused(
                f"workload {self.name!r} has replicas {self.replicas.minimum} to"
                f" {self.replicas.maximum}, but nothing that scales it",
                "give autoscaling, or the same minimum and maximum",
            )
        if self.survives_pod_loss and self.replicas.minimum < 2:
            raise Refused(
                f"workload {self.name!r} promises to survive the loss of a Pod with 1 replica",
                "raise the minimum to 2",
            )
        if self.name in self.calls:
            raise Refused(f"workload {self.name!r} calls itself", "leave it out of calls")
        return self


class Quota(Settings):
    """The most that a system's namespace may hold; None in a System: worked out by the tier."""

    pods: Count
    cpu: Cpu  # sum of requests
    memory: Size  # sum of requests
    storage: Size  # sum of volume claims


class Budget(Settings):
    """A ceiling on spending, as a register's table gives it."""

    name: DnsName
    monthly: Money
    three_months: Money | None = None
    recurring: bool = True  # False: spent once, in one of the months
    covers: Literal["infrastructure", "tools", "licences", "training", "consulting", "total"] = (
        "infrastructure"
    )


class Subscription(Settings):
    """What a tool costs a month, once or for each host."""

    name: DnsName
    monthly: Money
    per: Literal["account", "host"] = "account"
