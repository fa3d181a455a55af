"""Progress of long work: name, n of m, elapsed, usual time, and never silent.

On a terminal the line of the running phase is redrawn; elsewhere plain lines
are printed, at least one every ``HEARTBEAT`` seconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

HEARTBEAT = 8.0  # seconds; more than ten of silence is a defect
REDRAW = 0.2  # seconds, on a terminal


class Phases:
    """Announces phases of a known number, and remembers how long each takes."""

    def __init__(
        self,
        total: int,
        history: Path,
        console: Console | None = None,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self.total = total
        self.history = history
        self.heartbeat = heartbeat
        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.done = 0
        self._usual = _read_history(history)
        self._note = ""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Run one phase; its time is remembered only when it ends well."""
        self.done += 1
        self._note = ""
        started = time.monotonic()
        stop = threading.Event()
        self._say(self._head(name, 0.0))
        ticker = threading.Thread(target=self._tick, args=(name, started, stop), daemon=True)
        ticker.start()
        ended = "[red]failed[/red]"
        try:
            yield
            ended = "[green]done[/green]"
            self._remember(name, time.monotonic() - started)
        finally:
            stop.set()
            ticker.join()
            self._say(f"{self._head(name, time.monotonic() - started)}  {ended}")

    def report(self, words: str) -> None:
        """Say what the running phase is doing now."""
        self._note = words
        if not self.console.is_terminal:
            self._say(f"      {escape(words)}")

    def _tick(self, name: str, started: float, stop: threading.Event) -> None:
        if self.console.is_terminal:
            with self.console.status("") as status:
                while not stop.wait(REDRAW):
                    head = self._head(name, time.monotonic() - started)
                    status.update(f"{head}  [dim]{escape(self._note)}[/dim]")
            return
        while not stop.wait(self.heartbeat):
            self._say(f"{self._head(name, time.monotonic() - started)}  {escape(self._note)}")

    def _head(self, name: str, elapsed: float) -> str:
        usual = self._usual.get(name)
        expectation = f", usually {_clock(usual)}" if usual is not None else ""
        return f"\\[{self.done}/{self.total}] [bold]{name}[/bold]  {_clock(elapsed)}{expectation}"

    def _say(self, line: str) -> None:
        self.console.print(line)

    def _remember(self, name: str, elapsed: float) -> None:
        self._usual[name] = elapsed
        try:
            self.history.parent.mkdir(parents=True, exist_ok=True)
            self.history.write_text(json.dumps(self._usual, indent=1, sort_keys=True))
        except OSError as error:  # only a hint: work that is done stays done
            self.report(f"the time it took was not kept: {error}")


def _read_history(path: Path) -> dict[str, float]:
    try:
        return {str(k): float(v) for k, v in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}  # only a hint: a lost or broken file costs nothing


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{seconds:.0f}s"
