"""From files to a serving cluster: what starts when, and what really waits for what."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx

from toolchain.embedded import addons, cgroups, control_plane, metrics, node_config
from toolchain.embedded.api import Api, condition
from toolchain.embedded.commands import run, wait_for
from toolchain.embedded.control_plane import Program
from toolchain.embedded.errors import Problem, StartError
from toolchain.embedded.host import Host
from toolchain.embedded.images import ImageArchive, ImageStore
from toolchain.embedded.layout import Layout
from toolchain.embedded.network import NodeNetwork
from toolchain.embedded.node_programs import node_programs
from toolchain.embedded.settings import ClusterSettings, Node
from toolchain.embedded.supervise import GROUP, Supervisor
from toolchain.images import build as images

Report = Callable[[str], None]
OWN_IMAGES = ("pause", "coredns", "metrics-server")
# The hook that kube-router puts before every forwarded packet.
FIREWALL_CHAIN = "KUBE-ROUTER-FORWARD"


class Bootstrap:
    """One start of one cluster; every step may be repeated."""

    def __init__(self, settings: ClusterSettings, layout: Layout, host: Host) -> None:
        self.settings = settings
        self.layout = layout
        self.host = host
        self.supervisor = Supervisor(layout)
        self._started = time.monotonic()

    def write_files(self) -> None:
        """Write every configuration file and launch script."""
        control_plane.write_files(self.layout)
        for node in self.settings.members:
            node_config.write_files(self.settings, self.layout, node, self.host)
        groups = [GROUP, control_plane.GROUP, *(node.name for node in self.settings.members)]
        cgroups.create(groups, [node.name for node in self.settings.members])
        self.supervisor.configure(self.programs())

    def programs(self) -> list[Program]:
        """Every program of the cluster."""
        programs = control_plane.control_plane(self.settings, self.layout)
        for node in self.settings.members:
            programs += node_programs(self.settings, self.layout, node, self.host)
        return programs

    def own_images(self) -> list[ImageArchive]:
        """The images that the cluster itself is made of."""
        return [ImageArchive(image.archive) for image in images.ensure(OWN_IMAGES, lambda _: None)]

    def start(self, archives: Sequence[ImageArchive], report: Report) -> None:
        """Start everything and wait until Pods can run and DNS answers."""
        with ThreadPoolExecutor(max_workers=2 * self.settings.nodes + 2) as pool:
            stores = [pool.submit(self._bring_up_store, node) for node in self._nodes()]
            self._start_api(report)
            with contextlib.closing(Api(self.settings, self.layout)) as api:
                self._start_rest(api, pool, stores)
                loading = [pool.submit(self.load, node, archives, report) for node in self._nodes()]
                self.wait_ready(api, report)
                for future in loading:
                    future.result()

    def _nodes(self) -> tuple[Node, ...]:
        return self.settings.members

    def _bring_up_store(self, node: Node) -> None:
        """A node's cable, its containerd, and the images its first Pods need."""
        if not node.on_host:
            NodeNetwork(self.layout, self.supervisor.pid()).connect(node)
        self.supervisor.start_program(f"containerd-{node.name}")
        store = self.store(node)
        self._expect(store.answers, f"containerd-{node.name}")
        store.load(self.own_images())

    def store(self, node: Node) -> ImageStore:
        """The image store of a node."""
        return ImageStore(self.host.ctr, self.layout.node(node).containerd_socket)

    def load(self, node: Node, archives: Sequence[ImageArchive], report: Report) -> None:
        """Import the given images into a node, telling about each new one."""
        for archive in archives:
            for name in self.store(node).load([archive]):
                report(f"{node.name}: image {name} imported")

    def _start_api(self, report: Report) -> None:
        ports, node = self.settings.ports, str(self.settings.networks.node)
        self.supervisor.start_program("etcd")
        # A connection that is refused makes the API server wait a whole second.
        self._expect(lambda: _listens(node, ports.etcd), "etcd")
        self.supervisor.start_program("kube-apiserver")
        with contextlib.closing(Api(self.settings, self.layout)) as api:
            self._expect(api.ready, "kube-apiserver")
        report("API server ready")

    def _start_rest(
        self, api: Api, pool: ThreadPoolExecutor, stores: Sequence[Future[None]]
    ) -> None:
        for name in ("kube-controller-manager", "kube-scheduler"):
            self.supervisor.start_program(name)
        starts = [
            pool.submit(self._start_node, node, store)
            for node, store in zip(self._nodes(), stores, strict=True)
        ]
        api.apply(addons.needed_first(self.settings))
        self.supervisor.start_program("volumes")
        self._forget_strangers(api)
        for start in starts:
            start.result()

    def _start_node(self, node: Node, store: Future[None]) -> None:
        store.result()
        for name in ("kubelet", "kube-proxy", "kube-router"):
            self.supervisor.start_program(f"{name}-{node.name}")

    def start_node(self, node: Node) -> None:
        """Start one node of a cluster that runs."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            self._start_node(node, pool.submit(self._bring_up_store, node))
        with contextlib.closing(Api(self.settings, self.layout)) as api:
            self._await_node(api, node)
        self._await_network(node)

    def _forget_strangers(self, api: Api) -> None:
        """A cluster that had more nodes before must not wait for them."""
        known = {node.name for node in self._nodes()}
        for entry in (api.get("/api/v1/nodes") or {}).get("items", []):
            name = entry["metadata"]["name"]
            if name not in known:
                api.delete(f"/api/v1/nodes/{name}")

    def wait_ready(self, api: Api, report: Report) -> None:
        """Wait for the nodes and DNS, then let the metrics API come up by itself."""
        for node in self._nodes():
            self._await_node(api, node)
            self._await_network(node)
        report("nodes ready")
        dns = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
        self._expect(lambda: condition(api.get(dns), "Available"), "coredns")
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._expect(lambda: api.get(account) is not None, "kube-controller-manager")
        report("DNS ready")
        api.apply(metrics.metrics_api(self.layout))

    def _await_network(self, node: Node) -> None:
        """Services are routed, and no Pod talks before the policy firewall stands."""
        proxy = f"http://{node.address}:{self.settings.ports.proxy_health}/healthz"
        self._expect(lambda: _answers(proxy), f"kube-proxy-{node.name}")
        inside = NodeNetwork(self.layout, self.supervisor.pid()).inside(node)
        chain = [*inside, "iptables", "-w", "-S", FIREWALL_CHAIN]
        self._expect(lambda: bool(run(chain, check=False)), f"kube-router-{node.name}")

    def _await_node(self, api: Api, node: Node) -> None:
        path = f"/api/v1/nodes/{node.name}"
        name = f"kubelet-{node.name}"
        self._expect(lambda: api.get(path) is not None, name)
        pods = {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": node.name},
            "spec": {"podCIDR": str(node.pods), "podCIDRs": [str(node.pods)]},
        }  # fmt: skip
        api.apply([pods])
        self._expect(lambda: condition(api.get(path), "Ready"), name)

    def _expect(self, ready: Callable[[], bool], program: str) -> None:
        """Wait for a condition; raises ``StartError`` with the end of the program's log."""
        left = self.settings.start_timeout_seconds - (time.monotonic() - self._started)
        if wait_for(ready, left):
            return
        log = self.layout.logs / f"{program}.log"
        raise StartError(Problem(
            "not-ready", f"{program} did not become ready", str(log), _tail(log),
            "read that log, then run `alicerce up` again: it goes on from here"))  # fmt: skip


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _tail(log: Path, lines: int = 5) -> str:
    if not log.exists():
        return "it wrote no log"
    return " | ".join(log.read_text(errors="replace").splitlines()[-lines:])
