"""HorizontalPodAutoscalers from a workload's targets."""

from __future__ import annotations

from typing import Any

from infra.settings import names
from infra.settings.quantities import Percent
from infra.settings.system import System
from infra.settings.workload import Workload

# How long a load must be gone before Pods are: a wave comes back.
_CALM_SECONDS = 300
_SCALE_DOWN_PERIOD = 60
# The controller looks every 15 s; a shorter period would change nothing.
_SCALE_UP_PERIOD = 15


def autoscaler(system: System, workload: Workload) -> dict[str, Any]:
    """An autoscaler on CPU and memory. Requests a second join with a metrics adapter."""
    targets = workload.autoscaling
    assert targets is not None, "only a workload with targets has an autoscaler"
    metrics = [
        _utilization(resource, share)
        for resource, share in (("cpu", targets.cpu), ("memory", targets.memory))
        if share is not None
    ]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": names.autoscaler(workload), "namespace": system.namespace},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": workload.name,
            },
            "minReplicas": workload.replicas.minimum,
            "maxReplicas": workload.replicas.maximum,
            "metrics": metrics,
            "behavior": _behaviour(),
        },
    }


def _utilization(resource: str, share: Percent) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": int(share.base)}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def _behaviour() -> dict[str, Any]:
    """Up at once, as much as doubles the Pods or adds four; down slowly, a quarter at a time."""
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Percent", "value": 100, "periodSeconds": _SCALE_UP_PERIOD},
                {"type": "Pods", "value": 4, "periodSeconds": _SCALE_UP_PERIOD},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": _CALM_SECONDS,
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": 25, "periodSeconds": _SCALE_DOWN_PERIOD}],
        },
    }
