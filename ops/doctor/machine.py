"""Checks of the machine itself: rights, packages, space, kernel, ports."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence

import psutil

from ops.doctor.problems import Problem
from ops.paths import state_dir
from toolchain.cache import cache_dir
from toolchain.debian import missing_packages

GIB = 2**30
MIN_PYTHON = (3, 11)
MIN_DISK_BYTES = 8 * GIB  # the cache: tools and images of two generations; the state: volumes
MIN_MEMORY_BYTES = 8 * GIB  # everything together at rest
GATEWAY_PORTS = (80, 443)


def check_root() -> Iterator[Problem]:
    """Containers, mounts and firewall rules need the administrator."""
    if os.geteuid() != 0:
        yield Problem(
            "not-root",
            "the embedded cluster makes containers, mounts and firewall rules, which needs root",
            "run the same command with sudo, or set alicerce:kubeContext to use a cluster you have",
        )


def check_python() -> Iterator[Problem]:
    """The program's own language."""
    if sys.version_info < MIN_PYTHON:
        wanted = ".".join(map(str, MIN_PYTHON))
        yield Problem(
            "python-too-old",
            f"Python {platform.python_version()} is older than {wanted}",
            f"apt-get install python3 (Debian 12 has 3.11), or `uv python install {wanted}`",
        )


def check_packages() -> Iterator[Problem]:
    """Debian packages that the cluster and the images are made with."""
    if shutil.which("dpkg-query") is None:
        yield Problem(
            "not-debian",
            "this machine has no dpkg: the embedded cluster is made from Debian packages",
            "use Debian 12, or set alicerce:kubeContext to use a cluster you have",
        )
        return
    missing = missing_packages()
    if missing:
        yield Problem(
            "debian-packages-missing",
            f"these Debian packages are not installed: {', '.join(missing)}",
            f"apt-get install --no-install-recommends {' '.join(missing)}",
            mended_by_up=True,
        )


def check_disk() -> Iterator[Problem]:
    """Space for tools, images and volumes, and the right to use it."""
    for what, folder in (("cache", cache_dir()), ("state", state_dir())):
        variable = f"ALICERCE_{what.upper()}"
        place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
        if not place.is_dir() or not os.access(place, os.W_OK):
            yield Problem(
                "folder-not-writable",
                f"{folder}, the {what} folder, cannot be written: {place} is not a folder"
                " that this user may write to",
                f"make {place} writable, or set {variable} to another folder",
            )
            continue
        free = shutil.disk_usage(place).free
        if free < MIN_DISK_BYTES:
            yield Problem(
                "disk-low",
                f"{place} has {free / GIB:.1f} GiB free,"
                f" the {what} folder may need {MIN_DISK_BYTES / GIB:.0f} GiB",
                f"free space there, or set {variable} to a folder on a larger disk",
            )


def check_memory() -> Iterator[Problem]:
    """Memory for five systems at rest."""
    total = psutil.virtual_memory().total
    # A machine sold as 8 GiB shows a little less.
    if total < 0.95 * MIN_MEMORY_BYTES:
        yield Problem(
            "memory-low",
            f"this machine has {total / GIB:.1f} GiB of memory,"
            f" five systems need {MIN_MEMORY_BYTES / GIB:.0f} GiB",
            "use a larger machine, or name fewer systems under alicerce:systems",
        )


def check_ports(ports: Sequence[int] = GATEWAY_PORTS) -> Iterator[Problem]:
    """The gateway's ports on this machine. Our own gateway listens in its own network."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    continue  # without root a low port says nothing; ``not-root`` does
                yield Problem(
                    "port-taken",
                    f"port {port}, where the gateway is reached, is taken: {_holder(port)}",
                    "stop that process, then run the same command again"
                    f" (`ss -ltnp 'sport = :{port}'` shows it)",
                )


def _holder(port: int) -> str:
    for connection in psutil.net_connections("tcp"):
        listens = connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid}) holds it"
            except psutil.NoSuchProcess:
                break
    return "its holder is not visible to this user"
