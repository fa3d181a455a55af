"""What the machine was like before us, so that ``down`` can put it back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain.embedded.commands import run, write
from toolchain.embedded.supervise import SHADOWS

PROC_SYS = Path("/proc/sys")
# Every sysctl that we, the kubelet, kube-proxy, kube-router or a CNI plugin set on a host.
SYSCTLS = (
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/default/forwarding",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/conf/all/arp_ignore",
    "net/ipv4/conf/all/arp_announce",
    "net/ipv4/vs/conntrack",
    "net/ipv6/conf/all/forwarding",
    "net/ipv6/conf/default/forwarding",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


@dataclass(frozen=True)
class Baseline:
    """Sysctl values, firewall tables (``family name``), ipsets, links and directories."""

    sysctls: dict[str, str]
    tables: list[str]
    sets: list[str]
    links: list[str]
    made: list[str]

    @classmethod
    def load(cls, path: Path) -> Baseline | None:
        """The kept picture, or None when there is none that can be read."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def save(self, path: Path) -> None:
        write(path, json.dumps(asdict(self), indent=2))


def take() -> Baseline:
    """Look at the machine as it is now, before anything is changed."""
    return Baseline(
        sysctls=read_sysctls(),
        tables=tables(),
        sets=ipsets(),
        links=links(),
        made=[str(path) for path in SHADOWS.values() if not path.exists()],
    )


def read_sysctls() -> dict[str, str]:
    """The values of all sysctls that a cluster may change, where the kernel has them."""
    return {
        name: (PROC_SYS / name).read_text().strip()
        for name in SYSCTLS
        if (PROC_SYS / name).exists()
    }


def tables() -> list[str]:
    """The nftables tables, as ``family name``."""
    lines = run(["nft", "list", "tables"]).splitlines()
    return [line.removeprefix("table ").strip() for line in lines]


def ipsets() -> list[str]:
    """The names of the ipsets."""
    return run(["ipset", "list", "-n"]).split()


def links() -> list[str]:
    """The names of the network interfaces."""
    return [entry["ifname"] for entry in json.loads(run(["ip", "-j", "link", "show"]))]
