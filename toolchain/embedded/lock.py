"""One embedded cluster a machine: who works on it now, and whose it is.

The kernel's lock on the file says who works on it *now*, and is free the moment that
process ends. What is written in the file says whose cluster runs, which outlives the
command that started it; a writer that is dead, or whose id another process has got
since, counts for nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from toolchain.embedded.errors import LockHeldError, Problem


@dataclass(frozen=True)
class Holder:
    """Who holds the machine. ``started`` is the process's start in clock ticks since
    boot: with the id it names one process for good."""

    pid: int
    started: int
    checkout: str
    state: str
    command: str
    since: str

    def alive(self) -> bool:
        """Whether that very process still runs."""
        return process_start(self.pid) == self.started


def process_start(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when it is not there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name, in brackets, may hold spaces: count fields after it.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def holder(pid: int, checkout: Path, state: Path) -> Holder:
    """A holder entry for a process that runs now."""
    return Holder(
        pid=pid,
        started=process_start(pid) or 0,
        checkout=str(checkout),
        state=str(state),
        command=shlex.join(sys.argv),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )


class MachineLock:
    """The lock file; entries ``operator`` (a command at work) and ``cluster``."""

    def __init__(self, path: Path, checkout: Path, state: Path) -> None:
        self.path = path
        self.checkout = checkout
        self.state = state

    @contextmanager
    def held(self) -> Iterator[MachineLock]:
        """Hold the machine while a command changes it; raises ``LockHeldError``."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._taken():
            self._refuse_foreign_cluster()
            self._put("operator", holder(os.getpid(), self.checkout, self.state))
            try:
                yield self
            finally:
                self._let_go()

    @contextmanager
    def _taken(self) -> Iterator[None]:
        """Hold the kernel's lock on the file that the path names at that moment."""
        while True:
            with self.path.open("a+", encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise LockHeldError(_busy(self.path, self.read("operator"))) from error
                if self._is_current(file):
                    yield
                    return

    def _is_current(self, file: IO[str]) -> bool:
        """False when another command removed the file before we locked it."""
        try:
            return os.fstat(file.fileno()).st_ino == self.path.stat().st_ino
        except FileNotFoundError:
            return False

    def _let_go(self) -> None:
        self._put("operator", None)
        if self.read("cluster") is None:
            self.path.unlink()

    def _refuse_foreign_cluster(self) -> None:
        owner = self.read("cluster")
        if owner is None or not owner.alive() or self._is_ours(owner):
            return
        raise LockHeldError(_foreign(self.path, owner))

    def _is_ours(self, owner: Holder) -> bool:
        """One checkout with two state directories would fight itself for addresses."""
        return (owner.checkout, owner.state) == (str(self.checkout), str(self.state))

    def owner(self) -> Holder | None:
        """Whose cluster runs on this machine, if one does."""
        found = self.read("cluster")
        return found if found is not None and found.alive() else None

    def abandoned(self) -> Holder | None:
        """Who left a cluster behind that no longer has a supervisor."""
        found = self.read("cluster")
        return found if found is not None and not found.alive() else None

    def own(self, pid: int) -> None:
        """Write down that the cluster of this supervisor is ours."""
        self._put("cluster", holder(pid, self.checkout, self.state))

    def disown(self) -> None:
        """Nobody's cluster runs any more."""
        self._put("cluster", None)

    def read(self, entry: str) -> Holder | None:
        """An entry as written, alive or not."""
        found = self._content().get(entry)
        try:
            return Holder(**found) if found else None
        except TypeError:
            # Written by another version: no process can be told from it.
            return None

    def _content(self) -> dict[str, dict[str, Any] | None]:
        try:
            content = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _put(self, entry: str, value: Holder | None) -> None:
        content = self._content()
        content[entry] = asdict(value) if value else None
        # In place, not replaced: the kernel's lock belongs to this very file.
        self.path.write_text(json.dumps(content, indent=2))


def _busy(path: Path, who: Holder | None) -> Problem:
    said = _say(who) if who else "a command that has just begun"
    return Problem("lock-busy", f"the machine is being worked on by {said}", str(path),
                   "two commands at once would undo each other's work",
                   "wait until it is done, or stop it, then run this again")  # fmt: skip


def _foreign(path: Path, who: Holder) -> Problem:
    return Problem("lock-foreign", f"another cluster runs here: {_say(who)}", str(path),
                   "one machine runs one embedded cluster",
                   f"run `ALICERCE_STATE={who.state} make down` in {who.checkout}, or use it by"
                   f" {who.state}/pki/kubeconfig/admin.conf")  # fmt: skip


def _say(who: Holder) -> str:
    return f"process {who.pid} of {who.checkout} (`{who.command}`, since {who.since})"
