"""How the outside reaches a system, and what it reaches outside."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from infra.settings.base import Count, DnsName, HostName, Port, Settings, UrlPath
from infra.settings.errors import Refused
from infra.settings.quantities import Duration, Rate

# What every system sends unless its register says otherwise. X-XSS-Protection is "0" because
# the filter that it switched on was itself a way in, and browsers dropped it.
SECURE_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; object-src 'none'",
}


class RateLimit(Settings):
    """Requests that one client may make on a path prefix."""

    path: UrlPath
    limit: Rate
    burst: Count


class CacheRule(Settings):
    """How long an edge may keep an answer of a path prefix."""

    path: UrlPath
    ttl: Duration


class Restriction(Settings):
    """A path prefix that only operators reach, from private addresses."""

    path: UrlPath
    methods: tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], ...] = ()  # none: all
    networks: tuple[str, ...] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")


class Edge(Settings):
    """How the outside reaches a system."""

    host: HostName  # production's; a tier derives the others
    rate_limits: tuple[RateLimit, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    compression: bool = True
    cache_rules: tuple[CacheRule, ...] = ()
    cdn: bool = False  # static assets are served by a content delivery network where there is one
    minimum_tls: Literal["1.2", "1.3"] = "1.2"
    restricted: tuple[Restriction, ...] = ()

    @model_validator(mode="after")
    def _one_rule_a_path(self) -> Self:
        for what, paths in (
            ("rate limits", [rule.path for rule in self.rate_limits]),
            ("cache rules", [rule.path for rule in self.cache_rules]),
        ):
            for path in paths:
                if paths.count(path) > 1:
                    raise Refused(f"path {path} has two {what}", "keep the stricter")
        return self


class Egress(Settings):
    """A service outside the platform that a system depends on."""

    name: DnsName
    host: HostName
    port: Port = 443
    timeout: Duration
    credential: DnsName | None = None  # the name of its key in the secrets store; never the key
