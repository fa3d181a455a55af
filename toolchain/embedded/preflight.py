"""What must be true of the machine, asked before anything on it is changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import psutil

from toolchain.embedded import host
from toolchain.embedded.cgroups import hierarchies
from toolchain.embedded.commands import run
from toolchain.embedded.errors import PreflightError, Problem
from toolchain.embedded.settings import TOOLS, ClusterSettings

DISK_FREE_BYTES = 3 * 1024**3
MEMORY_BYTES_PER_NODE = 512 * 1024**2
EVERYWHERE = "0.0.0.0"  # noqa: S104 - looked for, not bound to
FILESYSTEMS = ("overlay", "tmpfs", "proc")
APT = "apt-get install --yes --no-install-recommends"
OTHER_CLUSTER = "use a cluster you have: set alicerce:kubeContext"


def check(settings: ClusterSettings) -> None:
    """Raise ``PreflightError`` with every problem found; change nothing."""
    if os.geteuid() != 0:
        raise PreflightError(Problem(
            "not-root", "this command does not run as root", f"user {os.geteuid()}",
            "namespaces, mounts and addresses are root's to make", "run it with sudo"))  # fmt: skip
    found = [*_programs(), *_tools(settings), *_kernel(), *_room(settings)]
    found += [*_ports(settings), *_addresses(settings)]
    if found:
        raise PreflightError(*found)


def _programs() -> Iterator[Problem]:
    missing = {package for name, package in host.PROGRAMS.items() if host.program(name) is None}
    if host.cni_directory() is None:
        missing.add("containernetworking-plugins")
    for package in sorted(missing):
        yield Problem("package-missing", f"the package {package} is not installed",
                      host.SEARCH_PATH, "nodes are made of its programs",
                      f"{APT} {package}")  # fmt: skip


def _tools(settings: ClusterSettings) -> Iterator[Problem]:
    for name in TOOLS:
        path = settings.tools.get(name)
        if path is None or not os.access(path, os.X_OK):
            yield Problem(
                "tool-missing",
                f"the tool {name} is not there",
                str(path or "tools"),
                "the cluster is made of it",
                "run `alicerce up`, which builds the tools first",
            )


def _kernel() -> Iterator[Problem]:
    known = {line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()}
    lacking = [kind for kind in FILESYSTEMS if kind not in known]
    if "overlay" in lacking and _loadable("overlay"):
        lacking.remove("overlay")
    if not hierarchies():
        lacking.append("cgroups")
    if not Path("/proc/sys/net/bridge").exists() and not _loadable("br_netfilter"):
        lacking.append("bridge netfilter (br_netfilter)")
    for feature in lacking:
        yield Problem(
            "kernel-feature",
            f"the kernel lacks {feature}",
            os.uname().release,
            "Pods need it",
            "load its module (`modprobe overlay br_netfilter`), or use a kernel that has it",
        )


def _loadable(module: str) -> bool:
    modprobe = host.program("modprobe")
    if modprobe is None:
        return False
    return bool(run([modprobe, "--dry-run", "--verbose", module], check=False).strip())


def _room(settings: ClusterSettings) -> Iterator[Problem]:
    place = settings.state
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < DISK_FREE_BYTES:
        yield Problem("disk-full", f"{free / 1024**3:.1f} GiB are free", str(place),
                      f"images and volumes need {DISK_FREE_BYTES / 1024**3:.0f} GiB at least",
                      "free some, or name another place with ALICERCE_STATE")  # fmt: skip
    memory = psutil.virtual_memory().available
    needed = MEMORY_BYTES_PER_NODE * (settings.nodes + 1)
    if memory < needed:
        yield Problem("memory-low", f"{memory / 1024**3:.1f} GiB of memory are available",
                      "memory", f"{settings.nodes} nodes at rest need {needed / 1024**3:.1f} GiB",
                      "end something, or lower alicerce:nodes")  # fmt: skip


def _ports(settings: ClusterSettings) -> Iterator[Problem]:
    node = str(settings.networks.node)
    wanted = {port: name for name, port in vars(settings.ports).items()}
    for connection in psutil.net_connections("tcp4"):
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        address, port = connection.laddr
        if port not in wanted:
            continue
        loopback = wanted[port] in ("etcd_metrics", "kubelet_health")
        if address in (EVERYWHERE, "127.0.0.1" if loopback else node):
            yield Problem("port-taken", f"port {port} is taken by {_who(connection.pid)}",
                          f"{address}:{port}", f"the cluster's {wanted[port]} listens there",
                          "end that process, then run the same command again")  # fmt: skip


def _who(pid: int | None) -> str:
    if pid is None:
        return "a process that cannot be seen from here"
    try:
        return f"process {pid} ({psutil.Process(pid).name()})"
    except psutil.NoSuchProcess:
        return f"process {pid}"


def _addresses(settings: ClusterSettings) -> Iterator[Problem]:
    if host.program("ip") is None:
        return  # its missing package is a problem of its own, and hides no other
    networks = settings.networks
    ours = (IPv4Network(networks.node), networks.links, networks.pods, networks.services)
    for line in run(["ip", "-o", "-4", "address", "show"]).splitlines():
        _, interface, _, address, *_ = line.split()
        taken = IPv4Network(address, strict=False)
        if any(taken.overlaps(network) for network in ours):
            yield Problem("address-taken", f"the range of {address} is in use", interface,
                          "nodes, Pods and Services need ranges of their own",
                          f"take that address away, or {OTHER_CLUSTER}")  # fmt: skip
    for route in json.loads(run(["ip", "-j", "-4", "route", "show"]) or "[]"):
        if route["dst"] == "default":
            continue
        taken = IPv4Network(route["dst"], strict=False)
        if any(taken.overlaps(network) for network in ours):
            yield Problem(
                "route-taken",
                f"a route leads to {taken}",
                str(route.get("dev") or route.get("type") or "routes"),
                "packets for Pods and Services would take it",
                f"remove the route (a VPN's goes with the VPN), or {OTHER_CLUSTER}",
            )
