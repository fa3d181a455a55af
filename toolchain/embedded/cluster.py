"""The cluster as its callers see it: up, down, status, and losing a node on purpose."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from toolchain.embedded import (
    addons,
    baseline,
    cgroups,
    cleanup,
    control_plane,
    host,
    identities,
    metrics,
    network,
    node_config,
    node_programs,
    policies,
    preflight,
    status,
    supervise,
)
from toolchain.embedded.bootstrap import Bootstrap
from toolchain.embedded.commands import write
from toolchain.embedded.errors import NotRunningError, Problem, SettingsError
from toolchain.embedded.images import ImageArchive, ImageStore
from toolchain.embedded.layout import Layout
from toolchain.embedded.lock import MachineLock
from toolchain.embedded.network import NodeNetwork
from toolchain.embedded.settings import ClusterSettings, Node
from toolchain.embedded.status import ClusterStatus
from toolchain.embedded.supervise import Supervisor

Report = Callable[[str], None]
# A cluster that was started by other versions of these is not the one asked for.
DECIDING = (
    addons,
    control_plane,
    identities,
    metrics,
    node_config,
    node_programs,
    policies,
    supervise,
)
NODE_PROGRAMS = ("kube-router", "kube-proxy", "kubelet", "containerd")


class Cluster:
    """One embedded cluster. Every method raises ``ClusterError`` or a kind of it."""

    def __init__(self, settings: ClusterSettings) -> None:
        self.settings = settings
        self.layout = Layout(settings.state)
        self.supervisor = Supervisor(self.layout)
        self.lock = MachineLock(settings.lock, settings.checkout, settings.state)

    def up(self, images: Sequence[ImageArchive | Path], report: Report) -> Path:
        """Start the cluster, or finish or correct one that is there; gives its kubeconfig.

        Objects and volumes of an earlier run that was not taken down are found again.
        A cluster that runs as asked is left alone but for images it lacks.
        """
        archives = [one if isinstance(one, ImageArchive) else ImageArchive(one) for one in images]
        with self.lock.held():
            self._clear_abandoned(report)
            if self._serves():
                report("the cluster runs already")
                self._load(archives, report)
                return self.layout.kubeconfig
            if cleanup.leftovers(self.layout):
                report("clearing what an earlier run left")
                self._clean(purge=False)
            preflight.check(self.settings)
            self._start(archives, report)
        return self.layout.kubeconfig

    def down(self, report: Report, *, purge: bool = True) -> None:
        """Take the cluster off the machine; with ``purge`` its data too.

        What stays: image stores and certificates, which only save time. Without
        ``purge`` also objects and volumes, for the next ``up`` to go on with.
        """
        with self.lock.held():
            self._clear_abandoned(report)
            if purge and self.supervisor.alive():
                self._drop_containers()
            self._clean(purge=purge)
            report("the cluster is down")

    def status(self) -> ClusterStatus:
        """What runs now; needs no lock and changes nothing."""
        return status.read(self.settings, self.layout, self.supervisor, self.lock)

    def kill_node(self, name: str) -> None:
        """End a node as a power cut would: no goodbye, its network gone. For drills."""
        node = self._other_node(name)
        for program in NODE_PROGRAMS:
            self.supervisor.stop_program(f"{program}-{name}")
        cgroups.kill(*cgroups.parts_of(name))
        self._network().disconnect(node)

    def start_node(self, name: str) -> None:
        """Start a node that was killed and wait until it is Ready."""
        node = self._other_node(name)
        self._network().disconnect(node)
        Bootstrap(self.settings, self.layout, host.look()).start_node(node)

    def cut_node(self, name: str) -> None:
        """Cut a node's cable: it runs on, alone. For drills."""
        self._network().set_cable(self._other_node(name), up=False)

    def mend_node(self, name: str) -> None:
        """Mend a cable that ``cut_node`` cut."""
        self._network().set_cable(self._other_node(name), up=True)

    def on_node(self, name: str) -> list[str]:
        """The words before a command that shall see the node's network and mounts."""
        return self._network().inside(self.settings.member(name))

    def _start(self, archives: Sequence[ImageArchive], report: Report) -> None:
        layout = self.layout
        layout.state.mkdir(parents=True, exist_ok=True)
        layout.state.chmod(0o700)
        before = baseline.take()
        before.save(layout.baseline)
        for name in before.made:
            Path(name).mkdir(parents=True, exist_ok=True)
        for directory in (layout.etcd, layout.volumes, layout.logs):
            directory.mkdir(exist_ok=True, mode=0o700)
        identities.issue(self.settings, layout)
        bootstrap = Bootstrap(self.settings, layout, host.look())
        bootstrap.write_files()
        network.prepare_host(self.settings)
        self.lock.own(bootstrap.supervisor.start())
        report("processes are starting")
        bootstrap.start(archives, report)
        write(layout.mark, json.dumps({"settings": self._fingerprint()}))

    def _serves(self) -> bool:
        """Whether a complete cluster with these very settings runs."""
        if not self.layout.mark.exists() or not self.supervisor.alive():
            return False
        if json.loads(self.layout.mark.read_text()).get("settings") != self._fingerprint():
            return False
        return self.status().healthy

    def _fingerprint(self) -> str:
        """The settings, the tools and what turns them into flags and files."""
        settings = self.settings
        parts = [repr(replace(settings, tools={}, start_timeout_seconds=0))]
        for path in (settings.tools[name] for name in sorted(settings.tools)):
            facts = path.stat()
            parts.append(f"{path} {facts.st_size} {facts.st_mtime_ns}")
        parts += [inspect.getsource(module) for module in DECIDING]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _load(self, archives: Sequence[ImageArchive], report: Report) -> None:
        bootstrap = Bootstrap(self.settings, self.layout, host.look())
        for node in self.settings.members:
            bootstrap.load(node, archives, report)

    def _clear_abandoned(self, report: Report) -> None:
        """A dead cluster of another state directory would still be in our way."""
        left = self.lock.abandoned()
        if left is None or left.state == str(self.settings.state):
            return
        report(f"clearing the dead cluster of {left.checkout}")
        theirs = replace(self.settings, state=Path(left.state))
        cleanup.clean(theirs, Layout(theirs.state), purge=False)
        self.lock.disown()

    def _clean(self, *, purge: bool) -> None:
        cleanup.clean(self.settings, self.layout, purge=purge)
        self.lock.disown()

    def _drop_containers(self) -> None:
        """Ended containers leave their layers in the image store unless told not to."""
        names = [one.name for one in self.supervisor.programs()]
        for name in (one.removeprefix("kubelet-") for one in names if one.startswith("kubelet-")):
            self.supervisor.stop_program(f"kubelet-{name}")
            cgroups.kill(name)
            socket = self.layout.nodes / name / "containerd" / "containerd.sock"
            ImageStore(host.look().ctr, socket).drop_containers()

    def _other_node(self, name: str) -> Node:
        node = self.settings.member(name)
        if node.on_host:
            raise SettingsError(Problem(
                "node-is-host", f"{name} is this machine itself", name,
                "it carries the control plane", "name another node"))  # fmt: skip
        return node

    def _network(self) -> NodeNetwork:
        if not self.supervisor.alive():
            raise NotRunningError(Problem(
                "not-running", "the cluster does not run", str(self.layout.state),
                "there is no supervisor", "run `alicerce up` first"))  # fmt: skip
        return NodeNetwork(self.layout, self.supervisor.pid())
