"""Every program that the platform runs and Python's registry doesn't have.

A fitting one on PATH is used; else its pinned module is built (see
``gobuild``). What is built is pinned by that module's ``go.mod``; a test holds
it to the versions here, which are those of ``infra.settings.versions``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from infra.settings import versions
from toolchain import gobuild
from toolchain.cache import cache_dir

Report = Callable[[str], None]

# Two builds side by side: one links on a single core while the other compiles.
PARALLEL_BUILDS = 2
VERSION_TIMEOUT = 4.0  # seconds; one that takes longer to say its version is broken


@dataclass(frozen=True)
class Tool:
    """A program: the module that has it, and how to know one that fits."""

    name: str
    module: str
    pinned: str = ""  # empty: our own, versioned with this repository
    # A program on PATH fits when the pattern finds its major and minor version,
    # and they are the pinned ones. None: never taken from PATH.
    version_command: tuple[str, ...] = ()
    version_pattern: str | None = None
    # Fits only where this other program, which fits, stands in the same folder.
    beside: str | None = None

    @property
    def minor(self) -> str:
        """Major and minor of the pinned version, like ``1.34``."""
        return ".".join(self.pinned.split(".")[:2])


def _kubernetes(name: str, *command: str) -> Tool:
    version = command or ("--version",)
    return Tool(name, "cluster", versions.KUBERNETES, version, r"v(\d+\.\d+)\.\d+")


def _etcd(name: str, *command: str) -> Tool:
    return Tool(name, "cluster", versions.ETCD, command, r"[Vv]ersion: (\d+\.\d+)\.\d+")


# The last one that is part of a module; it serves newer engines and SDKs.
LANGUAGE_HOST = "3.76.0"

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("pulumi", "pulumi", versions.PULUMI, ("version",), r"v(\d+\.\d+)\.\d+"),
        # An official engine comes with its own.
        Tool("pulumi-language-python", "pulumi-language-python", LANGUAGE_HOST, beside="pulumi"),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kubelet"),
        _kubernetes("kube-proxy"),
        _kubernetes("kubectl", "version", "--client"),
        _etcd("etcd", "--version"),
        _etcd("etcdctl", "version"),
        _etcd("etcdutl", "version"),
        Tool("kube-router", "cluster", versions.KUBE_ROUTER),
        # These go into images, where they must be static: never from PATH.
        Tool("coredns", "cluster", versions.COREDNS),
        Tool("metrics-server", "cluster", versions.METRICS_SERVER),
        Tool("pause", "cluster"),
        Tool("traefik", "cluster", versions.TRAEFIK),
        Tool("cloudnative-pg", "cloudnative-pg", versions.CLOUDNATIVE_PG),
        Tool("versitygw", "versitygw", versions.VERSITYGW),
        # Our own small part of the embedded cluster.
        Tool("volumes", "cluster"),
    )
}

# The cluster can start while the operators' images are still being built.
CLUSTER_TOOLS = (
    "etcd", "etcdctl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet",
    "kube-proxy", "kubectl", "kube-router", "volumes",
)  # fmt: skip
ENGINE_TOOLS = ("pulumi", "pulumi-language-python")


@dataclass(frozen=True)
class Found:
    """Where a tool is, and why that one."""

    tool: Tool
    path: Path
    origin: str = field(compare=False)


@cache
def on_path(name: str) -> Found | None:
    """The fitting program of this name on PATH, if there is one."""
    tool = TOOLS[name]
    place = shutil.which(name, path=_foreign_path())
    if place is None:
        return None
    if tool.beside is not None:
        other = on_path(tool.beside)
        together = other is not None and other.path.parent == Path(place).parent
        return Found(tool, Path(place), f"on PATH, beside {tool.beside}") if together else None
    if tool.version_pattern is None:
        return None
    match = re.search(tool.version_pattern, _answer([place, *tool.version_command]))
    if match is None or match[1] != tool.minor:
        return None
    return Found(tool, Path(place), f"on PATH, version {tool.minor}")


def _foreign_path() -> str:
    """PATH without our own builds, which `alicerce env` puts there: they may be older ones."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(f for f in folders if f and not Path(f).is_relative_to(cache_dir()))


def _answer(command: list[str]) -> str:
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=VERSION_TIMEOUT, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""  # not executable here, or hanging: not one that fits
    return answer.stdout + answer.stderr


def locate(name: str) -> Found | None:
    """The tool, from PATH or from the cache; None when it has to be built."""
    found = on_path(name)
    if found is not None:
        return found
    path = gobuild.output(TOOLS[name].module) / name
    return Found(TOOLS[name], path, "built") if path.exists() else None


def missing(names: Iterable[str]) -> list[str]:
    """Those that have to be built; programs are asked for their version side by side."""
    wanted = list(names)
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(wanted, pool.map(locate, wanted), strict=True))
    return [name for name in wanted if found[name] is None]


def ensure(names: Iterable[str], report: Report) -> dict[str, Path]:
    """Find or build the tools; return where each is.

    Raises ``ToolchainError`` ``go-build-failed`` with the compiler's words.
    """
    wanted = list(names)
    modules = list(dict.fromkeys(TOOLS[name].module for name in missing(wanted)))
    with ThreadPoolExecutor(PARALLEL_BUILDS) as pool:
        list(pool.map(lambda module: gobuild.build(module, report), modules))
    return {name: _located(name).path for name in wanted}


def _located(name: str) -> Found:
    found = locate(name)
    if found is None:
        raise AssertionError(f"{TOOLS[name].module} was built, yet has no {name}")
    return found
