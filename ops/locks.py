"""The engine's locks on a local stack: who holds one, and whether he still lives.

A file backend's lock is a file that names its process. A killed engine leaves
it behind, and the engine itself never asks whether that process is alive. It
also leaves its plugins running, which would go on changing the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import gethostname

import psutil

CLOCK_SLACK = 2.0  # seconds between a process's start and what its lock says
GOODBYE = 5.0  # seconds that an orphan gets to end by itself
PLUGINS = (
    "pulumi-language-", "pulumi-resource-", "pulumi-analyzer-", "pulumi.dynamic", "pulumi.policy",
)  # fmt: skip


@dataclass(frozen=True)
class Lock:
    """One lock file: its holder and since when."""

    path: Path
    pid: int
    user: str
    host: str
    since: datetime

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since:%Y-%m-%d %H:%M:%S %Z}"

    @property
    def stale(self) -> bool:
        """Whether the holder is known to be gone: only ever true for this machine."""
        if self.host != gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            # A younger process has only taken over the number.
            younger = process.create_time() > self.since.timestamp() + CLOCK_SLACK
            return younger or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


def held(backend: Path, stack: str) -> list[Lock]:
    """The locks on a stack of a file backend."""
    paths = sorted((backend / ".pulumi" / "locks").glob(f"**/{stack}/*.json"))
    return [lock for lock in map(_read, paths) if lock is not None]


def release_stale(backend: Path, stack: str) -> list[Lock]:
    """Remove the locks whose holder is gone, and end the plugins he left; return the locks."""
    released = [lock for lock in held(backend, stack) if lock.stale]
    if released:
        end_orphans(backend)
    for lock in released:
        lock.path.unlink(missing_ok=True)
    return released


def _read(path: Path) -> Lock | None:
    try:
        document = json.loads(path.read_text())
        since = datetime.fromisoformat(document["timestamp"])
        pid, user, host = int(document["pid"]), document["username"], document["hostname"]
    except FileNotFoundError:
        return None  # released between being listed and being read
    except (ValueError, KeyError, TypeError):
        # Half written by an engine that was killed, or is about to finish it:
        # the engine itself decides.
        return None
    return Lock(path, pid, user, host, since)


def end_orphans(backend: Path) -> None:
    """End the plugins of this backend's engines that have no engine any more."""
    orphans = list(_orphans(backend))
    for process in orphans:
        process.terminate()
    for process in psutil.wait_procs(orphans, timeout=GOODBYE)[1]:
        process.kill()


def _orphans(backend: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            plugin = any(name in word for word in process.cmdline() for name in PLUGINS)
            ours = process.environ().get("PULUMI_BACKEND_URL") == f"file://{backend}"
            if plugin and ours and not any(p.name() == "pulumi" for p in process.parents()):
                yield process
        except psutil.Error:
            continue  # ended meanwhile, or another user's
