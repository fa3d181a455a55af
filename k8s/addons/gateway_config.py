"""What the gateway reads from files: TLS, and the rules that systems' routes go through.

Rules stand in the gateway's own files instead of Traefik's custom resources: those would need ten
definitions, a second set of watches in every namespace, and the right to read them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from infra.settings.edge import RateLimit
from infra.settings.system import System
from k8s import routes

CERTIFICATE_FOLDER = "/run/secrets/tls"
RULES_PROVIDER = "file"
_SECURE = "websecure"

# Forward secrecy and authenticated encryption only (Mozilla's "intermediate", without RSA keys
# of old clients). TLS 1.3's suites are not a matter of choice in Go.
_CIPHERS = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
# What gets smaller. An archive or an image does not, and would lose its Content-Length, by which
# a client knows a download that was cut.
_TEXTS = (
    "application/javascript",
    "application/json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
)
_CURVES = ("X25519", "CurveP256", "CurveP384")


def dynamic(systems: Sequence[System]) -> str:
    """The file provider's configuration, as JSON (which is YAML too)."""
    middlewares: dict[str, Any] = {}
    routers: dict[str, Any] = {}
    for system in systems:
        middlewares |= _middlewares(system)
        routers |= _routers(system)
    http: dict[str, Any] = {"middlewares": middlewares} if middlewares else {}
    http |= {"routers": routers} if routers else {}
    document = {"tls": _tls()} | ({"http": http} if http else {})
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _tls() -> dict[str, Any]:
    own = {
        "certFile": f"{CERTIFICATE_FOLDER}/tls.crt",
        "keyFile": f"{CERTIFICATE_FOLDER}/tls.key",
    }
    at_least_12 = {
        "minVersion": "VersionTLS12",
        "cipherSuites": list(_CIPHERS),
        "curvePreferences": list(_CURVES),
    }
    at_least_13 = {"minVersion": "VersionTLS13", "curvePreferences": list(_CURVES)}
    return {
        "stores": {"default": {"defaultCertificate": own}},
        "options": {"default": at_least_12, "tls-13": at_least_13},
    }


def _middlewares(system: System) -> dict[str, Any]:
    edge = system.edge
    found: dict[str, Any] = {}
    if edge.headers:
        # An empty value removes a header: the server's name and version are nobody's business.
        sent = {**edge.headers, "Server": "", "X-Powered-By": ""}
        found[routes.headers(system)] = {"headers": {"customResponseHeaders": sent}}
    if edge.compression:
        found[routes.compression(system)] = {
            "compress": {"minResponseBodyBytes": 1024, "includedContentTypes": list(_TEXTS)}
        }
    for rule in edge.rate_limits:
        found[routes.limit(system, rule)] = {"rateLimit": _limit(rule)}
    for each in edge.restricted:
        allowed = {"ipAllowList": {"sourceRange": list(each.networks)}}
        found[routes.restriction(system, each)] = allowed
    for cached in edge.cache_rules:
        value = f"public, max-age={int(cached.ttl.seconds)}, immutable"
        kept = {"customResponseHeaders": {"Cache-Control": value}}
        found[routes.caching(system, cached)] = {"headers": kept}
    return found


def _limit(rule: RateLimit) -> dict[str, Any]:
    events, period = routes.average(rule.limit)
    return {"average": events, "period": period, "burst": rule.burst}


def _routers(system: System) -> dict[str, Any]:
    found = {}
    for route in routes.restricted_methods(system):
        methods = " || ".join(f"Method(`{method}`)" for method in route.methods)
        name = f"{route.rules[0]}-methods"
        found[name] = {
            "entryPoints": [_SECURE],
            "rule": f"Host(`{system.edge.host}`) && PathPrefix(`{route.path}`) && ({methods})",
            "middlewares": list(route.rules),
            # As the gateway's Kubernetes provider names a Service.
            "service": f"{system.namespace}-{route.workload.name}-http@kubernetes",
            "tls": {},
        }
    return found
