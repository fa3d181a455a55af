"""A product's place in the cluster: its namespace, its bounds, and its workloads in it."""

from __future__ import annotations

from typing import Any

from infra.core.component import Component, Scope, unawaited
from infra.core.contracts import Home, SystemContract
from infra.settings.quantities import Cpu, Size
from infra.settings.system import System
from k8s.addons.gateway_place import gateway_access
from k8s.data_network import cache_policy, database_policy
from k8s.ingress import ingresses
from k8s.namespace import closed, namespace
from k8s.routes import health_path
from k8s.workload import WorkloadPart

# What a container gets that names nothing: those of the operator's own Jobs.
_DEFAULT_CPU, _DEFAULT_MEMORY = Cpu("25m"), Size("64Mi")


class SystemSpace(Component):
    """The namespace of a system with its quota and limits, closed to the network.

    Everything of the system comes after ``namespace``.
    """

    kind = "system:Space"

    def __init__(self, name: str, scope: Scope, system: System) -> None:
        super().__init__(name, scope)
        space = self.add("namespace", namespace(system.namespace), holds_data=True)
        self.after = (space,)
        self.namespace = space
        self.add("default-deny", closed(system.namespace))
        self.add("quota", unawaited(_quota(system)))
        self.add("limits", _limits(system))
        role, binding = gateway_access(system.namespace)
        self.add("gateway-role", role)
        self.add("gateway-binding", binding)
        self.register_outputs({})


class SystemPart(Component):
    """The workloads of a system and the way to them."""

    kind = "system:System"

    def __init__(self, name: str, scope: Scope, home: Home) -> None:
        super().__init__(name, scope)
        system = home.system
        self.after += (
            self.add("postgres-network", database_policy(home)),
            self.add("redis-network", cache_policy(home)),
        )
        parts = [
            WorkloadPart(_unique(system, each.name), self.inner, each, home)
            for each in system.workloads
        ]
        for manifest in ingresses(system, home.ground.gateway):
            self.add(f"ingress-{manifest['metadata']['name']}", unawaited(manifest))
        self.contract = SystemContract(
            slug=system.slug,
            namespace=system.namespace,
            host=system.edge.host,
            health_path=health_path(system),
            workloads=tuple(part.contract for part in parts),
            data=home.data,
        )
        self.register_outputs({})


def _unique(system: System, name: str) -> str:
    """A workload's logical name: two systems may each have an ``api``."""
    prefix = f"{system.dashed}-"
    return name if name.startswith(prefix) else prefix + name


def _quota(system: System) -> dict[str, Any]:
    quota = system.quota
    assert quota is not None, "infra.settings.apply gives every system of a stack its quota"
    hard = {
        "pods": str(quota.pods),
        "requests.cpu": quota.cpu.kubernetes,
        "requests.memory": quota.memory.kubernetes,
        "requests.storage": quota.storage.kubernetes,
        # Ways out of the cluster that no system has a use for.
        "services.nodeports": "0",
        "services.loadbalancers": "0",
    }
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "quota", "namespace": system.namespace},
        "spec": {"hard": hard},
    }


def _limits(system: System) -> dict[str, Any]:
    """Defaults, and a ceiling for one container: the largest that the description has."""
    described = [each.resources for each in system.workloads]
    cpu = max([each.cpu_limit for each in described] + [system.database.cpu, Cpu("2cores")])
    memory = max(
        [each.memory_limit for each in described]
        + [Size.total([system.database.memory, Size("512Mi")])]
        + [Size.total([system.cache.memory] * 2 + [Size("512Mi")])]
    )
    limit = {
        "type": "Container",
        "defaultRequest": {"cpu": _DEFAULT_CPU.kubernetes, "memory": _DEFAULT_MEMORY.kubernetes},
        "default": {"cpu": "1", "memory": "256Mi"},
        "max": {"cpu": cpu.kubernetes, "memory": memory.kubernetes},
    }
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "limits", "namespace": system.namespace},
        "spec": {"limits": [limit]},
    }
