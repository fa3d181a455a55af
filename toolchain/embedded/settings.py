"""What a caller may choose about the embedded cluster, checked when it is said."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from toolchain.embedded.errors import Problem, SettingsError

DEFAULT_STATE = Path("/var/lib/alicerce")
MAX_NODES = 9
NODE_ADDRESS = IPv4Address("10.240.0.1")
LINKS = IPv4Network("10.241.0.0/16")
PODS = IPv4Network("10.244.0.0/16")
SERVICES = IPv4Network("10.96.0.0/16")
# A unix socket's path holds 107 characters; the longest one under the state
# directory is containerd's, and it needs this much after the directory.
MAX_STATE_LENGTH = 107 - len("/nodes/node-9/containerd/containerd.sock.ttrpc")
ZONES = ("zone-a", "zone-b", "zone-c")
TOOLS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kube-router",
    "volumes",
)


def default_state() -> Path:
    """``ALICERCE_STATE``, or the directory that Debian's policy names for such state."""
    return Path(os.environ.get("ALICERCE_STATE") or DEFAULT_STATE)


@dataclass(frozen=True)
class Ports:
    """TCP ports; all are bound to node addresses, never to every address."""

    api: int = 6443
    etcd: int = 2379
    etcd_peer: int = 2380
    etcd_metrics: int = 2381
    controller_manager: int = 10257
    scheduler: int = 10259
    kubelet: int = 10250
    kubelet_health: int = 10248
    proxy_metrics: int = 10249
    proxy_health: int = 10256
    router_metrics: int = 20241


@dataclass(frozen=True)
class Networks:
    """Address ranges; they must not overlap each other."""

    node: IPv4Address = NODE_ADDRESS
    links: IPv4Network = LINKS
    pods: IPv4Network = PODS
    services: IPv4Network = SERVICES

    @property
    def dns(self) -> IPv4Address:
        """The DNS Service's address."""
        return self.services[10]

    @property
    def api_service(self) -> IPv4Address:
        """The address of the Service ``kubernetes``, always the range's first."""
        return self.services[1]


@dataclass(frozen=True)
class Node:
    """One node: node 1 is this machine, every other is a network namespace of it."""

    index: int
    address: IPv4Address
    gateway: IPv4Address
    pods: IPv4Network
    zone: str

    @property
    def name(self) -> str:
        """The name that Kubernetes knows the node by."""
        return f"node-{self.index}"

    @property
    def link(self) -> str:
        """The host's end of the cable to the node (15 characters at most)."""
        return f"alc-n{self.index}"

    @property
    def on_host(self) -> bool:
        """Whether the node lives in the machine's own network namespace."""
        return self.index == 1


@dataclass(frozen=True)
class ClusterSettings:
    """Everything that decides how a cluster looks.

    ``tools`` maps the names in ``TOOLS`` to executables. ``checkout`` is who owns the
    cluster, shown to others who find it. Times are in seconds. Raises
    ``SettingsError`` with every contradiction at once.
    """

    state: Path = field(default_factory=default_state)
    tools: Mapping[str, Path] = field(default_factory=dict)
    nodes: int = 1
    name: str = "alicerce"
    checkout: Path = field(default_factory=Path.cwd)
    networks: Networks = field(default_factory=Networks)
    ports: Ports = field(default_factory=Ports)
    lock: Path = Path("/run/lock/alicerce.lock")
    # A node that says nothing for this long is down; its Pods then wait
    # eviction_seconds more. Kubernetes' 50 s and 300 s are made for big networks.
    node_grace_seconds: int = 24
    eviction_seconds: int = 15
    start_timeout_seconds: float = 120.0

    def __post_init__(self) -> None:
        problems = [*self._name_problems(), *self._network_problems(), *self._port_problems()]
        if problems:
            raise SettingsError(*problems)

    @property
    def members(self) -> tuple[Node, ...]:
        """Every node, node 1 first."""
        return tuple(self._node(index) for index in range(1, self.nodes + 1))

    def member(self, name: str) -> Node:
        """The node of that name; raises ``SettingsError`` when there is none."""
        for node in self.members:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.members)
        raise SettingsError(
            Problem("node-unknown", f"no node is called {name}", "node", "it is not in the cluster",
                    f"name one of {known}")
        )  # fmt: skip

    def _node(self, index: int) -> Node:
        link = list(self.networks.links.subnets(new_prefix=24))[index]
        pods = list(self.networks.pods.subnets(new_prefix=24))[index - 1]
        zone = ZONES[(index - 1) % len(ZONES)]
        if index == 1:
            return Node(index, self.networks.node, self.networks.node, pods, zone)
        return Node(index, link[2], link[1], pods, zone)

    def _name_problems(self) -> list[Problem]:
        found = []
        if not 1 <= self.nodes <= MAX_NODES:
            found.append(Problem("nodes-range", f"nodes is {self.nodes}", "nodes",
                                 "each node takes memory and start time",
                                 f"choose 1 to {MAX_NODES}"))  # fmt: skip
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,29}", self.name):
            found.append(Problem("name-invalid", f"the cluster's name is {self.name!r}", "name",
                                 "it becomes part of certificates and kubeconfig entries",
                                 "use 1 to 30 of a-z, 0-9 and -, a letter first"))  # fmt: skip
        if not self.state.is_absolute() or len(str(self.state)) > MAX_STATE_LENGTH:
            found.append(
                Problem(
                    "state-path",
                    f"the state directory is {self.state}",
                    "state",
                    "sockets live under it and their paths are limited",
                    f"use an absolute path of at most {MAX_STATE_LENGTH} characters",
                )
            )
        return found

    def _network_problems(self) -> list[Problem]:
        nets = self.networks
        ranges = {"node": IPv4Network(nets.node), "links": nets.links, "pods": nets.pods,
                  "services": nets.services}  # fmt: skip
        names = list(ranges)
        found = [
            Problem("networks-overlap", f"{one} and {other} overlap", "networks",
                    "an address would mean two things", "choose ranges apart from each other")
            for at, one in enumerate(names)
            for other in names[at + 1 :]
            if ranges[one].overlaps(ranges[other])
        ]  # fmt: skip
        for name in ("links", "pods", "services"):
            if ranges[name].prefixlen > 16:
                found.append(Problem("network-small", f"{name} is {ranges[name]}", "networks",
                                     "every node takes a /24 of it", "give it a /16"))  # fmt: skip
        return found

    def _port_problems(self) -> list[Problem]:
        values = list(vars(self.ports).values())
        if len(set(values)) == len(values) and all(1 <= port <= 65535 for port in values):
            return []
        return [
            Problem(
                "ports-invalid",
                f"ports are {sorted(values)}",
                "ports",
                "each part listens on its own",
                "use distinct ports from 1 to 65535",
            )
        ]
