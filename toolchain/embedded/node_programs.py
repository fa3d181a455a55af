"""The programs that make a node, and their flags."""

from __future__ import annotations

from toolchain.embedded.control_plane import Program
from toolchain.embedded.host import Host
from toolchain.embedded.layout import Layout
from toolchain.embedded.settings import ClusterSettings, Node

ZONE_LABEL = "topology.kubernetes.io/zone"


def node_programs(
    settings: ClusterSettings, layout: Layout, node: Node, host: Host
) -> list[Program]:
    """containerd, kubelet, kube-proxy and the policy firewall of one node."""
    root = layout.node(node).root
    tools = settings.tools
    commands = {
        "containerd": (str(host.containerd), "--config", str(root / "containerd.toml")),
        "kubelet": (str(tools["kubelet"]), *_kubelet(layout, node)),
        "kube-proxy": (str(tools["kube-proxy"]), f"--config={root / 'kube-proxy.yaml'}"),
        "kube-router": (str(tools["kube-router"]), *_kube_router(settings, layout, node)),
    }
    return [
        Program(f"{name}-{node.name}", node.name, command, node)
        for name, command in commands.items()
    ]


def _kubelet(layout: Layout, node: Node) -> list[str]:
    root = layout.node(node).root
    return [
        f"--config={root / 'kubelet.yaml'}",
        f"--kubeconfig={layout.kubeconfig_of(node.name)}",
        f"--root-dir={layout.node(node).kubelet}",
        f"--cert-dir={root / 'kubelet-certificates'}",
        f"--node-ip={node.address}",
        f"--hostname-override={node.name}",
        f"--node-labels={ZONE_LABEL}={node.zone}",
    ]


def _kube_router(settings: ClusterSettings, layout: Layout, node: Node) -> list[str]:
    """Only the firewall: Services and routes have their own keepers."""
    return [
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        f"--kubeconfig={layout.kubeconfig_of('router')}",
        f"--hostname-override={node.name}",
        f"--service-cluster-ip-range={settings.networks.services}",
        # It would listen on every address; that it works is seen in its chains.
        "--health-port=0",
        f"--metrics-port={settings.ports.router_metrics}",
        f"--metrics-addr={node.address}",
        "--iptables-sync-period=1m",
    ]
