"""Who is kept when a node runs out: the platform, then data, then workloads."""

from __future__ import annotations

import pulumi

from infra.core.component import Component, Scope
from infra.core.contracts import Priorities

_VALUES = {"platform": 1_000_000, "data": 100_000, "workload": 10_000}


class PriorityClasses(Component):
    """Three PriorityClasses; ``contract`` names them."""

    kind = "addons:Priorities"

    def __init__(self, name: str, scope: Scope) -> None:
        super().__init__(name, scope)
        self.classes = [self._class(level, value) for level, value in _VALUES.items()]
        self.contract = Priorities(**{level: f"alicerce-{level}" for level in _VALUES})
        self.register_outputs({})

    def _class(self, level: str, value: int) -> pulumi.Resource:
        manifest = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": f"alicerce-{level}"},
            "value": value,
            "description": f"Pods of the {level}",
        }
        return self.add(level, manifest, replace_first=True)
