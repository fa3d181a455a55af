"""What the stack held before this update, as far as the rules about data need it."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stacks.policy.data import holds_data
from stacks.policy.resource import Resource

_TIMEOUT_SECONDS = 60


class StateUnreadableError(RuntimeError):
    """The state could not be read, so that nothing can be said about replacements."""


class Before:
    """The data-bearing resources of the state, read once and beside the engine's own start."""

    def __init__(self, stack: str, project: Path) -> None:
        pool = ThreadPoolExecutor(max_workers=1)
        self._reading: Future[dict[str, Resource]] = pool.submit(_read, stack, project)
        pool.shutdown(wait=False)

    def all(self) -> dict[str, Resource]:
        """Them by URN; raises ``StateUnreadableError``."""
        return self._reading.result()


def _read(stack: str, project: Path) -> dict[str, Resource]:
    command = ["pulumi", "stack", "export", "--stack", stack, "--cwd", str(project)]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StateUnreadableError(f"`pulumi stack export` did not run: {error}") from error
    if answer.returncode != 0:
        raise StateUnreadableError(f"`pulumi stack export` failed: {answer.stderr.strip()[-500:]}")
    return parsed(json.loads(answer.stdout))


def parsed(exported: dict[str, Any]) -> dict[str, Resource]:
    """The data-bearing resources of an exported state, by URN."""
    found = {}
    for entry in (exported.get("deployment") or {}).get("resources") or []:
        urn, kind = str(entry["urn"]), str(entry["type"])
        resource = Resource(
            kind, urn.split("::", 3)[3], urn, entry.get("inputs") or {}, bool(entry.get("protect"))
        )
        if not entry.get("delete") and holds_data(resource):
            found[urn] = resource
    return found
