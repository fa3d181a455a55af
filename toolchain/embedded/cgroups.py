"""Our cgroups: how processes are counted, found and ended without guessing by name.

Every process of the cluster is born in ``/alicerce/system/<group>``, and its children
with it; containers live in ``/alicerce/<node>``. Works with version 1, 2 and both.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from toolchain.embedded.commands import wait_for

TREE = "alicerce"
KILL_SECONDS = 15.0


@dataclass(frozen=True)
class Hierarchy:
    """One mounted cgroup hierarchy; ``unified`` is version 2."""

    mount: Path
    unified: bool


def hierarchies(mounts: Path = Path("/proc/self/mounts")) -> list[Hierarchy]:
    """The mounted hierarchies."""
    found = []
    for line in mounts.read_text().splitlines():
        _, target, kind, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            found.append(Hierarchy(Path(target), kind == "cgroup2"))
    return found


def create(groups: Iterable[str], nodes: Iterable[str]) -> None:
    """Make the groups for processes and the roots for the nodes' containers."""
    for hierarchy in hierarchies():
        base = hierarchy.mount / TREE
        _make(hierarchy, base)
        _make(hierarchy, base / "system")
        for group in groups:
            _make(hierarchy, base / "system" / group)
        for node in nodes:
            _make(hierarchy, base / node)


def _make(hierarchy: Hierarchy, directory: Path) -> None:
    if hierarchy.unified:
        _enable_controllers(directory.parent)
    directory.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = directory / name
        # A version 1 cpuset starts empty, and nothing can run in it then.
        if not hierarchy.unified and file.exists() and not file.read_text().strip():
            file.write_text((directory.parent / name).read_text())


def _enable_controllers(directory: Path) -> None:
    available = (directory / "cgroup.controllers").read_text().split()
    wanted = [f"+{name}" for name in available if name in {"cpu", "cpuset", "io", "memory", "pids"}]
    if wanted:
        (directory / "cgroup.subtree_control").write_text(" ".join(wanted))


def doors(group: str) -> list[Path]:
    """The files that a process writes its id into to belong to a group."""
    return [
        hierarchy.mount / TREE / "system" / group / "cgroup.procs" for hierarchy in hierarchies()
    ]


def members(*within: str) -> set[int]:
    """Ids of all processes in our tree, or in the named parts of it."""
    return {pid for directory in _trees(within) for pid in _processes(directory)}


def kill(*within: str) -> bool:
    """End every process in our tree (or parts of it); False if some would not die."""

    def gone() -> bool:
        for directory in _trees(within):
            switch = directory / "cgroup.kill"
            if switch.exists():
                switch.write_text("1")
        left = members(*within)
        for pid in left:
            _end(pid)
        return not left

    return wait_for(gone, KILL_SECONDS, poll=0.02)


def remove() -> None:
    """Take our groups away, deepest first; needs every process gone."""
    for directory in _trees(()):
        for path in sorted(_walk(directory), key=lambda path: len(path.parts), reverse=True):
            wait_for(partial(_removed, path), 5.0, poll=0.02)


def parts_of(node: str) -> tuple[str, str]:
    """The parts of the tree that hold a node's processes and containers."""
    return (f"system/{node}", node)


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        # Busy for a moment after its last process has ended.
        return False
    return True


def _trees(within: tuple[str, ...]) -> Iterator[Path]:
    for hierarchy in hierarchies():
        base = hierarchy.mount / TREE
        for directory in [base / part for part in within] or [base]:
            if directory.is_dir():
                yield directory


def _walk(directory: Path) -> Iterator[Path]:
    for path, _, _ in os.walk(directory):
        yield Path(path)


def _processes(directory: Path) -> Iterator[int]:
    for path in _walk(directory):
        try:
            lines = (path / "cgroup.procs").read_text().split()
        except OSError:
            # The group went away, or is threaded, while we looked.
            continue
        yield from (int(line) for line in lines if line != "0")


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
