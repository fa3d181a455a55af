"""Parts of a Pod that every workload and add-on share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.core.contracts import Secret
from infra.settings.quantities import Cpu, Size
from infra.settings.tiers import Tier
from infra.settings.workload import Resources

Body = dict[str, Any]

# The user of images that have none of their own (Debian and distroless call it nonroot).
NOBODY = 65532
HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
COMPONENT = "app.kubernetes.io/component"


def pod_security(user: int = NOBODY) -> Body:
    """A Pod's security context that the ``restricted`` standard takes."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        # Else every start walks the whole volume to change its owner.
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Body:
    """A container's: no root, no capabilities, nothing to write to but its volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def resources(asked: Resources) -> Body:
    """Requests and limits of a container."""
    return amounts(asked.cpu, asked.memory, asked.cpu_limit, asked.memory_limit)


def amounts(cpu: Cpu, memory: Size, cpu_limit: Cpu, memory_limit: Size) -> Body:
    """Requests and limits of a container, from single values."""
    return {
        "requests": {"cpu": cpu.kubernetes, "memory": memory.kubernetes},
        "limits": {"cpu": cpu_limit.kubernetes, "memory": memory_limit.kubernetes},
    }


def spread(tier: Tier, selector: Mapping[str, str]) -> list[Body]:
    """Pods of one kind over nodes, and over zones where the tier has several."""
    if tier.anti_affinity == "none":
        return []
    strict = tier.anti_affinity == "required"
    rules = [(HOSTNAME, strict)] + ([(ZONE, False)] if tier.zones > 1 else [])
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule" if must else "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(selector)},
            # Old Pods of a rollout would count against the new ones.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key, must in rules
    ]


def mounted(name: str, secret: Secret, path: str, keys: Sequence[str] = ()) -> tuple[Body, Body]:
    """A Secret as a folder of files: the volume and its mount. ``keys`` narrows what is shown."""
    source: Body = {"secretName": secret.name, "defaultMode": 0o440}
    if keys:
        source["items"] = [{"key": key, "path": key} for key in keys]
    return {"name": name, "secret": source}, {"name": name, "mountPath": path, "readOnly": True}


def scratch(name: str, path: str, size: str) -> tuple[Body, Body]:
    """An empty folder that goes with the Pod: the volume and its mount."""
    return {"name": name, "emptyDir": {"sizeLimit": size}}, {"name": name, "mountPath": path}


def http_probe(path: str, port: str, *, period: int, failures: int, timeout: int = 2) -> Body:
    """An HTTP probe; ``period`` and ``timeout`` in seconds."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": timeout,
    }


def digest(content: Any) -> str:
    """A short text that changes with the content: Pods annotated with it restart when it does."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
