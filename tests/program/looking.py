"""Where a register's numbers are found in what the whole program renders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ops.render import Manifest
from tests.support import Program, pod_of

STANDING = ("local", "staging", "prod")  # tiers that keep a system's own namespace
ANNOTATION = "traefik.ingress.kubernetes.io"
_SECONDS = {"1s": 1, "1m": 60, "1h": 3600}


@dataclass(frozen=True)
class Way:
    """What a request to a path goes through, and who answers it."""

    service: str
    rules: tuple[dict[str, Any], ...]

    def header(self, name: str) -> str | None:
        """A response header that the gateway sets."""
        for rule in self.rules:
            sent = rule.get("headers", {}).get("customResponseHeaders", {})
            if name in sent:
                return str(sent[name])
        return None

    @property
    def requests_a_minute(self) -> float | None:
        """How often one client may ask; None without a limit."""
        limits = [rule["rateLimit"] for rule in self.rules if "rateLimit" in rule]
        return min((60 * e["average"] / _SECONDS[e["period"]] for e in limits), default=None)


def gateway_rules(whole: Program) -> dict[str, Any]:
    """The gateway's configuration file."""
    text = whole.object("ConfigMap", "gateway", "gateway")["data"]["rules.yml"]
    found: dict[str, Any] = json.loads(text)
    return found


def ingresses(whole: Program, slug: str) -> list[Manifest]:
    """The Ingresses of a system's host."""
    host = whole.platform.system(slug).edge.host
    return [e for e in whole.objects("Ingress") if e["spec"]["rules"][0]["host"] == host]


def paths(whole: Program, slug: str) -> list[str]:
    """Every path prefix that a system's host is routed by."""
    return [path["path"] for each in ingresses(whole, slug) for path in _paths(each)]


def way(whole: Program, slug: str, path: str) -> Way:
    """What answers ``path``: of the prefixes that hold for it, the longest counts."""
    fitting = [
        (len(each["path"]), each, ingress)
        for ingress in ingresses(whole, slug)
        for each in _paths(ingress)
        if each["path"] in ("/", path) or path.startswith(each["path"] + "/")
    ]
    _, best, ingress = max(fitting, key=lambda each: each[0])
    named = ingress["metadata"]["annotations"][f"{ANNOTATION}/router.middlewares"]
    known = gateway_rules(whole)["http"]["middlewares"]
    rules = tuple(known[name.removesuffix("@file")] for name in named.split(","))
    return Way(best["backend"]["service"]["name"], rules)


def told(whole: Program, slug: str, workload: str) -> dict[str, str]:
    """The environment of a workload's Pods."""
    namespace = whole.platform.system(slug).namespace
    main = pod_of(whole.object("Deployment", namespace, workload))["containers"][0]
    (source,) = main["envFrom"]
    config = whole.object("ConfigMap", namespace, source["configMapRef"]["name"])
    found: dict[str, str] = config["data"]
    return found


def deployments(whole: Program, slug: str) -> list[Manifest]:
    """The Deployments in a system's namespace."""
    namespace = whole.platform.system(slug).namespace
    return [e for e in whole.objects("Deployment") if e["metadata"]["namespace"] == namespace]


def mounted(deployment: Manifest, secret: str) -> str | None:
    """Where a Deployment's container finds a Secret."""
    pod = pod_of(deployment)
    volumes = [e["name"] for e in pod["volumes"] if e.get("secret", {}).get("secretName") == secret]
    places = {e["name"]: e["mountPath"] for e in pod["containers"][0]["volumeMounts"]}
    return next((str(places[name]) for name in volumes), None)


def scaled(whole: Program, slug: str) -> dict[str, tuple[int, int]]:
    """The least and the most Pods of each Deployment that has an autoscaler."""
    namespace = whole.platform.system(slug).namespace
    return {
        e["spec"]["scaleTargetRef"]["name"]: (e["spec"]["minReplicas"], e["spec"]["maxReplicas"])
        for e in whole.objects("HorizontalPodAutoscaler")
        if e["metadata"]["namespace"] == namespace
    }


def _paths(ingress: Manifest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ingress["spec"]["rules"][0]["http"]["paths"]
    return found
