"""The flows of a system's database and cache."""

from __future__ import annotations

from typing import Any

from infra.core.contracts import Home
from k8s import network
from k8s.workload_network import users

# The instance manager's state and commands (CloudNativePG's documentation, "Networking").
_STATUS_PORT = 8000


def database_policy(home: Home) -> dict[str, Any]:
    """In: the workloads that use it, its other instances, the operator. Out: those, the API."""
    system, database, cluster = home.system, home.data.database, home.ground.site.cluster
    selector = dict(database.peer.labels)
    clients = users(system, "database")
    ingress = [
        network.from_([home.ground.operator.peer, database.peer], database.port, _STATUS_PORT),
        *([network.from_(clients, database.port)] if clients else []),
    ]
    egress = [
        network.to_dns(cluster.dns),
        network.to([database.peer], database.port, _STATUS_PORT),
        network.to_api_server(cluster.api_ports),
    ]
    return network.policy(system.namespace, "postgres", selector, ingress, egress)


def cache_policy(home: Home) -> dict[str, Any]:
    """In: the workloads that use it. Out: nothing."""
    cache = home.data.cache
    clients = users(home.system, "cache")
    ingress = [network.from_(clients, cache.port)] if clients else []
    return network.policy(home.system.namespace, "redis", dict(cache.peer.labels), ingress)
