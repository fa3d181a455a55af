"""Addresses, cables between nodes, and the one table of ours that masquerades."""

from __future__ import annotations

from pathlib import Path

from toolchain.embedded.commands import run
from toolchain.embedded.layout import Layout
from toolchain.embedded.settings import ClusterSettings, Node

TABLE = "alicerce"
BRIDGE_FILTER = "net.bridge.bridge-nf-call-iptables"
SYSCTL_ROOT = Path("/proc/sys")

MASQUERADE = """\
table ip {table}
delete table ip {table}
table ip {table} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {{ {inside} }} ip daddr != {{ {inside} }} oifname != "lo" masquerade
  }}
}}
"""


def prepare_host(settings: ClusterSettings) -> None:
    """Give node 1 its address, let packets through, masquerade what leaves."""
    networks = settings.networks
    addresses = run(["ip", "-o", "address", "show", "dev", "lo"])
    if f" {networks.node}/32 " not in addresses:
        run(["ip", "address", "add", f"{networks.node}/32", "dev", "lo"])
    run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    if not _sysctl_file(BRIDGE_FILTER).exists():
        run(["modprobe", "br_netfilter"])
    # Without it packets between Pods on one bridge pass the policy firewall by.
    run(["sysctl", "-qw", f"{BRIDGE_FILTER}=1"])
    inside = ", ".join(str(part) for part in (networks.pods, networks.links, networks.node))
    run(["nft", "-f", "-"], stdin=MASQUERADE.format(table=TABLE, inside=inside))


def _sysctl_file(name: str) -> Path:
    return SYSCTL_ROOT / name.replace(".", "/")


class NodeNetwork:
    """The network namespaces of nodes 2 and up.

    They live in the supervisor's mount namespace, so that they end with its processes
    and a killed run leaves none behind.
    """

    def __init__(self, layout: Layout, supervisor_pid: int) -> None:
        self.layout = layout
        self.pid = supervisor_pid

    def connect(self, node: Node) -> None:
        """Make the node's namespace and the cable to it."""
        namespace = self.layout.node(node).netns
        namespace.parent.mkdir(parents=True, exist_ok=True)
        namespace.touch()
        run([*self._in_mounts(), "unshare", f"--net={namespace}", "true"])
        peer = ["peer", "name", "eth0", "netns", str(namespace)]
        run([*self._in_mounts(), "ip", "link", "add", node.link, "type", "veth", *peer])
        run(["ip", "address", "add", f"{node.gateway}/24", "dev", node.link])
        run(["ip", "link", "set", node.link, "up"])
        run(["ip", "route", "replace", str(node.pods), "via", str(node.address)])
        inside = self.inside(node)
        script = "\n".join((
            "set -e",
            "ip link set lo up",
            f"ip address add {node.address}/24 dev eth0",
            "ip link set eth0 up",
            f"ip route add default via {node.gateway}",
            f"sysctl -qw net.ipv4.ip_forward=1 {BRIDGE_FILTER}=1",
        ))  # fmt: skip
        run([*inside, "sh", "-c", script])

    def disconnect(self, node: Node) -> None:
        """Take the cable and the namespace away; safe when they are gone already."""
        run(["ip", "link", "delete", node.link], check=False)
        run([*self._in_mounts(), "umount", self.layout.node(node).netns], check=False)

    def set_cable(self, node: Node, *, up: bool) -> None:
        """Cut or mend the cable, for drills; routes go with it and are put back."""
        run(["ip", "link", "set", node.link, "up" if up else "down"])
        if up:
            run(["ip", "route", "replace", str(node.pods), "via", str(node.address)])

    def inside(self, node: Node) -> list[str]:
        """The words before a command that shall run as if on that node."""
        words = self._in_mounts()
        if node.on_host:
            return words
        return [*words, f"--net=/proc/{self.pid}/root{self.layout.node(node).netns}"]

    def _in_mounts(self) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self.pid}/ns/mnt"]
