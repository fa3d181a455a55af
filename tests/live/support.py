"""What live tests share: the running platform as a person would reach it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ops import engine, ready
from ops.paths import ROOT
from ops.up import LOOPBACK

ALICERCE = str(ROOT / ".venv" / "bin" / "alicerce")
POLL = 0.2


@dataclass(frozen=True)
class Live:
    """The running platform: its exports, and the ways in."""

    exports: dict[str, Any]
    kubeconfig: Path

    @property
    def systems(self) -> dict[str, dict[str, Any]]:
        """Slug -> what the stack exports of the system."""
        return dict(self.exports["systems"])

    def client(self, slug: str, timeout: float = 10.0) -> httpx.Client:
        """An HTTPS client of a system, through the gateway."""
        place = ready.Place(self.systems[slug]["host"], LOOPBACK)
        return ready.client(place, self.exports["authority"], timeout)

    def kubectl(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """Run kubectl as the administrator; return what it printed."""
        answer = subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig}", *arguments],
            env=dict(engine.full_environment()), capture_output=True, text=True, input=stdin,
            check=False,
        )  # fmt: skip
        if check and answer.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {answer.stderr}")
        return answer.stdout + ("" if check else answer.stderr)

    def get(self, *arguments: str) -> dict[str, Any]:
        """``kubectl get ... -o json``."""
        document: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return document

    def pods(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        """The Pods that match, without those that are going."""
        found = self.get("pods", "-n", namespace, "-l", selector)["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def until(condition: Callable[[], Any], within: float, what: str) -> Any:
    """Wait for a condition to be true and return its value; say what was missing if it never is."""
    deadline = time.monotonic() + within
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except (httpx.HTTPError, AssertionError, KeyError, ValueError) as error:
            last = error
        else:
            if last:
                return last
        # The state of a remote system can only be asked for again.
        time.sleep(POLL)
    raise AssertionError(f"after {within:.0f} s still not: {what}; last seen: {last!r}")
