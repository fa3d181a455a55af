"""What this machine is able to do, looked up once and changed nowhere."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

CAP_SYS_RESOURCE = 24
# Debian keeps administrators' programs out of some users' search path.
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CNI_DIRECTORIES = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
CNI_PLUGINS = ("bridge", "host-local", "loopback", "portmap")
# Program -> Debian package.
PROGRAMS = {
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "nft": "nftables",
    "ipset": "ipset",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
}


def program(name: str) -> Path | None:
    """Where a system program is, or None."""
    found = shutil.which(name, path=SEARCH_PATH)
    return Path(found) if found else None


@dataclass(frozen=True)
class Host:
    """The facts about a machine that configuration files depend on."""

    containerd: Path
    ctr: Path
    cni_bin: Path
    can_raise_limits: bool


def look() -> Host:
    """Look at this machine. Preflight has already refused one that lacks a program."""
    return Host(
        containerd=program("containerd") or Path("/usr/bin/containerd"),
        ctr=program("ctr") or Path("/usr/bin/ctr"),
        cni_bin=cni_directory() or CNI_DIRECTORIES[0],
        can_raise_limits=has_capability(CAP_SYS_RESOURCE),
    )


def cni_directory() -> Path | None:
    """The directory that holds every CNI plugin we use."""
    for directory in CNI_DIRECTORIES:
        if all((directory / plugin).exists() for plugin in CNI_PLUGINS):
            return directory
    return None


def has_capability(number: int, status: Path = Path("/proc/self/status")) -> bool:
    """Whether this process holds a capability (containers often lack some)."""
    for line in status.read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False
