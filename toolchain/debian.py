"""The Debian packages that the embedded cluster and the images need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from toolchain.errors import ToolchainError

PACKAGES = (
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "iproute2",
    "ipset",
    "iptables",
    "mmdebstrap",
    "nftables",
    "runc",
)

# What tests start on loopback, outside any cluster.
TEST_PACKAGES = ("postgresql-15", "redis-server")


def missing_packages(wanted: Sequence[str] = PACKAGES) -> list[str]:
    """The packages that are not installed."""
    command = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\n", *wanted]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    installed = {
        line.split()[0] for line in answer.stdout.splitlines() if line.split()[1:] == ["ii"]
    }
    return [package for package in wanted if package not in installed]


def install_missing(wanted: Sequence[str] = PACKAGES) -> list[str]:
    """Install what is missing; return its names."""
    missing = missing_packages(wanted)
    if missing:
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *missing)
    return missing


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *arguments]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ToolchainError(
            "debian-install-failed",
            what=f"apt-get {' '.join(arguments)} failed",
            where="Debian's package manager",
            why=answer.stderr.strip() or answer.stdout.strip()[-2000:],
            fix="mend what apt-get says, then run the same command again",
        )


if __name__ == "__main__":
    install_missing((*PACKAGES, *TEST_PACKAGES))
