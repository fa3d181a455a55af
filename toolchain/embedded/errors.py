"""What can go wrong, said so that the reader knows what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable id, what, where, why it matters, and the fix."""

    id: str
    what: str
    where: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"[{self.id}] {self.what} ({self.where}): {self.why}. Fix: {self.fix}"

    def as_dict(self) -> dict[str, str]:
        """For reports in JSON."""
        return asdict(self)


class ClusterError(Exception):
    """The cluster cannot do what was asked; ``problems`` says why, one entry per cause."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: Sequence[Problem] = problems

    @property
    def ids(self) -> tuple[str, ...]:
        """The stable ids of the problems, in order."""
        return tuple(problem.id for problem in self.problems)


class PreflightError(ClusterError):
    """Something is missing or taken; nothing on the machine was changed."""


class SettingsError(ClusterError):
    """The settings contradict themselves or this machine's limits."""


class LockHeldError(ClusterError):
    """Another command, or another checkout's cluster, holds this machine."""


class StartError(ClusterError):
    """A part did not become ready in time; its log is named in ``where``."""


class CommandError(ClusterError):
    """A helper program (ip, nft, ctr, ...) ended with an error."""


class NotRunningError(ClusterError):
    """The cluster, or the part of it that was asked for, does not run."""
