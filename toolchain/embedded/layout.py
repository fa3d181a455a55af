"""Where everything lies under the state directory: the one place that knows paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolchain.embedded.settings import Node


@dataclass(frozen=True)
class NodePaths:
    """One node's own directories; nothing in them outlives ``down`` but the images."""

    root: Path
    images: Path

    @property
    def containerd_socket(self) -> Path:
        return self.root / "containerd" / "containerd.sock"

    @property
    def netns(self) -> Path:
        return self.root / "netns"

    @property
    def kubelet(self) -> Path:
        return self.root / "kubelet"


@dataclass(frozen=True)
class Layout:
    """Paths under one state directory.

    ``cache`` and ``pki`` stay after ``down``; ``etcd``, ``volumes``, ``secrets`` and
    ``nodes`` stay after a crash, so that the next ``up`` finds its objects again.
    """

    state: Path

    @property
    def cache(self) -> Path:
        return self.state / "cache"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def config(self) -> Path:
        return self.state / "config"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def etcd(self) -> Path:
        return self.state / "etcd"

    @property
    def volumes(self) -> Path:
        return self.state / "volumes"

    @property
    def nodes(self) -> Path:
        return self.state / "nodes"

    @property
    def launch(self) -> Path:
        return self.run / "launch"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    @property
    def supervisor_pid(self) -> Path:
        return self.run / "supervisord.pid"

    @property
    def supervisor_config(self) -> Path:
        return self.config / "supervisord.conf"

    @property
    def baseline(self) -> Path:
        """What the machine was like before: survives crashes, gone after ``down``."""
        return self.state / "baseline.json"

    @property
    def mark(self) -> Path:
        """Which settings the running programs were started with."""
        return self.run / "cluster.json"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    @property
    def kubeconfig(self) -> Path:
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        return self.pki / "kubeconfig" / f"{user}.conf"

    def certificate(self, name: str) -> Path:
        return self.pki / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.pki / f"{name}.key"

    def node(self, node: Node) -> NodePaths:
        return NodePaths(self.nodes / node.name, self.cache / "images" / node.name)

    def shadow(self, name: str) -> Path:
        """What the cluster's processes see in place of a machine directory."""
        return self.run / "shadow" / name
