"""One process of the reference workload, as the tests see it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import httpx

WORKLOAD = Path(__file__).parents[2] / "workload"
PASSWORD = "canary-7f3a-secret"
_START_SECONDS = 40


def write_secret(folder: Path, **values: str) -> Path:
    """Writes a Secret as it is mounted: one file a key, underscores for hyphens."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, value in values.items():
        (folder / key.replace("_", "-")).write_text(value)
    return folder


class Launch(Protocol):
    """Starts a role with further `ALICERCE_` settings, named without that prefix."""

    def __call__(self, role: str, **environment: str) -> Process: ...


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Asks until `condition` holds; AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{condition} didn't hold within {seconds} s"
        time.sleep(0.05)  # a process tells nobody how far it is


class Process:
    """A running role."""

    def __init__(self, role: str, secrets: Path, log: Path, environment: dict[str, str]) -> None:
        self.role = role
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = log
        settings = {
            "role": role,
            "system": "flow-studio",
            "host": "127.0.0.1",
            "port": str(self.port),
            "secrets_dir": str(secrets),
            "drain_seconds": "0.5",
            **environment,
        }
        words = {f"ALICERCE_{name.upper()}": value for name, value in settings.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reference"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(WORKLOAD), "HOSTNAME": "pod-1"}
            | words,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            cwd="/",
        )

    def get(self, path: str) -> httpx.Response:
        """One GET on a connection of its own."""
        return httpx.get(self.address + path, timeout=10)

    def status(self, path: str) -> int:
        """The status of a GET; 0 if nobody listens."""
        try:
            return self.get(path).status_code
        except httpx.TransportError:
            return 0

    def listening(self) -> Process:
        """Waits until it answers at all."""
        wait_for(lambda: self.status("/health/live") == 200 or self.ended(), _START_SECONDS)
        assert not self.ended(), self.log()
        return self

    def ready(self) -> Process:
        """Waits until it may be sent requests."""
        wait_for(lambda: self.status("/health/ready") == 200 or self.ended(), _START_SECONDS)
        assert not self.ended(), self.log()
        return self

    def peak_mib(self) -> float:
        """The most resident memory since the start."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024

    def leave(self) -> None:
        """Says SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def wait(self, seconds: float = 30) -> int:
        """Waits for the end and gives the exit status."""
        return self._process.wait(seconds)

    def end(self) -> None:
        """Ends it, hard if it must be."""
        if self.ended():
            return
        self.leave()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def log(self) -> str:
        """What it has written."""
        return self._log.read_text()
