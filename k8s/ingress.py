"""A system's Ingresses: one for each set of gateway rules that its paths go through."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from infra.core.contracts import GatewayContract
from infra.settings.system import System
from k8s.routes import Route, routes

_PREFIX = "traefik.ingress.kubernetes.io"


def ingresses(system: System, gateway: GatewayContract) -> list[dict[str, Any]]:
    """The Ingress with the shortest path has the system's name, the others add their path."""
    by_rules = sorted(routes(system), key=lambda route: (route.rules, len(route.path), route.path))
    groups = [list(found) for _, found in groupby(by_rules, lambda route: route.rules)]
    groups.sort(key=lambda found: (len(found[0].path), found[0].path))
    return [
        _ingress(system, gateway, system.dashed if at == 0 else _named(system, found), found)
        for at, found in enumerate(groups)
    ]


def _named(system: System, found: list[Route]) -> str:
    path = re.sub(r"[^a-z0-9]+", "-", found[0].path.lower()).strip("-")
    return f"{system.dashed}-{path or 'root'}"


def _ingress(
    system: System,
    gateway: GatewayContract,
    name: str,
    found: list[Route],
) -> dict[str, Any]:
    rules = found[0].rules
    annotations = {
        f"{_PREFIX}/router.entrypoints": "websecure",
        f"{_PREFIX}/router.tls": "true",
    }
    if gateway.rules_provider and rules:
        chain = ",".join(f"{rule}@{gateway.rules_provider}" for rule in rules)
        annotations[f"{_PREFIX}/router.middlewares"] = chain
    if gateway.rules_provider and system.edge.minimum_tls != "1.2":
        options = f"tls-{system.edge.minimum_tls.replace('.', '')}@{gateway.rules_provider}"
        annotations[f"{_PREFIX}/router.tls.options"] = options
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": system.namespace, "annotations": annotations},
        "spec": {
            "ingressClassName": gateway.ingress_class,
            "rules": [
                {"host": system.edge.host, "http": {"paths": [_path(route) for route in found]}}
            ],
        },
    }


def _path(route: Route) -> dict[str, Any]:
    service = {"name": route.workload.name, "port": {"name": "http"}}
    return {"path": route.path, "pathType": "Prefix", "backend": {"service": service}}
