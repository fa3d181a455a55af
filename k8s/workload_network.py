"""The flows of one workload: in from the gateway and its callers, out to what it declares."""

from __future__ import annotations

from typing import Any

from infra.core.contracts import DataContract, Home, Peer
from infra.settings import names
from infra.settings.system import System
from infra.settings.workload import Workload
from k8s import network


def peer(system: System, workload: Workload) -> Peer:
    """The Pods of a workload."""
    return Peer(system.namespace, tuple(names.selector(system, workload.name).items()))


def workload_policy(workload: Workload, home: Home) -> dict[str, Any]:
    """Its NetworkPolicy."""
    system, ground = home.system, home.ground
    sources = [peer(system, each) for each in system.workloads if workload.name in each.calls]
    if workload.routes:
        sources = [ground.gateway.peer, *sources]
    ingress = [network.from_(sources, workload.port)] if sources else []
    egress = [
        network.to_dns(ground.site.cluster.dns),
        *_callees(system, workload),
        *_data(workload, home.data),
        *_outside(system, workload),
    ]
    selector = names.selector(system, workload.name)
    return network.policy(system.namespace, workload.name, selector, ingress, egress)


def users(system: System, what: str) -> list[Peer]:
    """The workloads that use the ``database``, the ``cache`` or the ``bucket``."""
    return [peer(system, each) for each in system.workloads if what in each.uses]


def _callees(system: System, workload: Workload) -> list[network.Rule]:
    called = [each for each in system.workloads if each.name in workload.calls]
    return [network.to([peer(system, each)], each.port) for each in called]


def _data(workload: Workload, data: DataContract) -> list[network.Rule]:
    found = []
    if "database" in workload.uses:
        found.append(network.to([data.database.peer], data.database.port))
    if "cache" in workload.uses:
        found.append(network.to([data.cache.peer], data.cache.port))
    if "bucket" in workload.uses:
        ends = {bucket.peer: bucket.port for bucket in data.buckets}
        found += [network.to([end], port) for end, port in ends.items()]
    return found


def _outside(system: System, workload: Workload) -> list[network.Rule]:
    ports = sorted({each.port for each in system.egress if each.name in workload.egress})
    return [network.to_outside(*ports)] if ports else []
