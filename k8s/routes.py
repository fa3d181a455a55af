"""Which path of a system goes to which workload, through which rules: worked out once.

The system's Ingresses and the gateway's rules are both made from this, so they can't disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from infra.settings.edge import CacheRule, RateLimit, Restriction
from infra.settings.quantities import Rate
from infra.settings.system import System
from infra.settings.workload import Workload

_Rule = TypeVar("_Rule", RateLimit, CacheRule, Restriction)


@dataclass(frozen=True)
class Route:
    """A path prefix of a system's host: the workload that answers, and the rules before it."""

    path: str
    workload: Workload
    rules: tuple[str, ...]  # names of the gateway's middlewares, outermost first
    methods: tuple[str, ...] = ()  # none: all


def headers(system: System) -> str:
    """The middleware that sets a system's response headers."""
    return f"{system.dashed}-headers"


def compression(system: System) -> str:
    """The middleware that compresses a system's answers."""
    return f"{system.dashed}-compression"


def limit(system: System, rule: RateLimit) -> str:
    """The middleware of a rate limit."""
    return f"{system.dashed}-limit{_slug(rule.path)}"


def restriction(system: System, rule: Restriction) -> str:
    """The middleware of a restricted path."""
    return f"{system.dashed}-restricted{_slug(rule.path)}"


def caching(system: System, rule: CacheRule) -> str:
    """The middleware that lets clients keep answers."""
    return f"{system.dashed}-caching{_slug(rule.path)}"


def routes(system: System) -> list[Route]:
    """Every path that is routed or has a rule of its own, the longest first."""
    edge = system.edge
    ruled: list[RateLimit | CacheRule | Restriction] = [*edge.rate_limits, *edge.cache_rules]
    ruled += [each for each in edge.restricted if not each.methods]
    paths = {path for each in system.workloads for path in each.routes}
    paths |= {rule.path for rule in ruled}
    found = [(path, _answering(system, path)) for path in paths]
    return sorted(
        (Route(path, workload, _rules(system, path)) for path, workload in found if workload),
        key=lambda route: (-len(route.path), route.path),
    )


def restricted_methods(system: System) -> list[Route]:
    """Restrictions that only some methods have: an Ingress knows no methods."""
    found = []
    for rule in system.edge.restricted:
        workload = _answering(system, rule.path)
        if rule.methods and workload:
            rules = (restriction(system, rule), *_rules(system, rule.path))
            found.append(Route(rule.path, workload, rules, rule.methods))
    return found


def health_path(system: System) -> str:
    """The health check that answers on the system's host: the one of whoever its path leads to."""
    for workload in system.workloads:
        if workload.routes and _answering(system, workload.health_path) == workload:
            return workload.health_path
    routed = next(each for each in system.workloads if each.routes)
    return routed.routes[0]


def average(rate: Rate) -> tuple[int, str]:
    """A rate as whole events in the shortest period that has them: ``60/min`` is (1, "1s")."""
    for seconds, period in ((1, "1s"), (60, "1m"), (3600, "1h")):
        events = rate.base * seconds
        if events == int(events) and events >= 1:
            return int(events), period
    return max(1, round(rate.base * 3600)), "1h"


def covers(prefix: str, path: str) -> bool:
    """Whether a path prefix holds for a path: whole segments, as Ingress counts them."""
    return prefix in ("/", path) or path.startswith(prefix.rstrip("/") + "/")


def _answering(system: System, path: str) -> Workload | None:
    best: tuple[int, Workload] | None = None
    for workload in system.workloads:
        for route in workload.routes:
            if covers(route, path) and (best is None or len(route) > best[0]):
                best = (len(route), workload)
    return best[1] if best else None


def _rules(system: System, path: str) -> tuple[str, ...]:
    edge = system.edge
    found = []
    barred = _nearest((r for r in edge.restricted if not r.methods), path)
    if barred:
        found.append(restriction(system, barred))
    limited = _nearest(edge.rate_limits, path)
    if limited:
        found.append(limit(system, limited))
    if edge.headers:
        found.append(headers(system))
    cached = _nearest(edge.cache_rules, path)
    if cached:
        found.append(caching(system, cached))
    if edge.compression:
        found.append(compression(system))
    return tuple(found)


def _nearest(rules: Iterable[_Rule], path: str) -> _Rule | None:
    fitting: Sequence[_Rule] = [rule for rule in rules if covers(rule.path, path)]
    return max(fitting, key=lambda rule: len(rule.path), default=None)


def _slug(path: str) -> str:
    return "-" + (re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "all")
