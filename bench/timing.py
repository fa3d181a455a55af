"""Times whole commands, and says the middle and the worst."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ALICERCE = str(Path(__file__).resolve().parents[1] / ".venv" / "bin" / "alicerce")


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes, in seconds."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def alicerce(*arguments: str) -> None:
    """Run the command, quietly; raise with its words when it fails."""
    answer = subprocess.run([ALICERCE, *arguments], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(answer.stderr)


def summary(name: str, runs: Sequence[float]) -> str:
    """One line: the median, the worst, and each run."""
    each = " ".join(f"{run:.1f}" for run in runs)
    return f"{name}: median {statistics.median(runs):.1f} s, worst {max(runs):.1f} s  ({each})"
