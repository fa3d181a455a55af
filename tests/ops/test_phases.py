"""Progress: plain lines without a terminal, and never silent."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from ops.phases import HEARTBEAT, Phases
from tests.ops.conftest import eventually


class Said(Phases):
    """Phases that speak into a text, each second of waiting made short."""

    def __init__(self, total: int, history: Path, *, terminal: bool = False) -> None:
        self.stream = io.StringIO()
        console = Console(
            file=self.stream, force_terminal=terminal, highlight=False, soft_wrap=True
        )
        super().__init__(total, history, console, heartbeat=0.01)

    @property
    def text(self) -> str:
        """All that was said."""
        return self.stream.getvalue()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A history that isn't there yet."""
    return tmp_path / "new" / "timings.json"


def test_without_a_terminal_lines_are_plain(history: Path) -> None:
    phases = Said(2, history)
    with phases.phase("build"):
        phases.report("compiling [all]")
    with phases.phase("start"):
        pass
    assert "\x1b" not in phases.text
    assert "\r" not in phases.text
    lines = phases.text.splitlines()
    assert lines[0] == "[1/2] build  0s"
    assert lines[1] == "      compiling [all]"
    assert any(line.startswith("[1/2] build") and line.endswith("done") for line in lines)
    assert lines[-1] == "[2/2] start  0s, usually 0s  done" or lines[-1] == "[2/2] start  0s  done"


def test_a_phase_is_never_silent_for_long(history: Path) -> None:
    assert HEARTBEAT < 10
    phases = Said(1, history)
    with phases.phase("build"):
        phases.report("linking")
        eventually(lambda: phases.text.count("build  0s  linking") >= 3)


def test_on_a_terminal_the_running_line_is_redrawn(history: Path) -> None:
    phases = Said(1, history, terminal=True)
    with phases.phase("build"):
        phases.report("linking")
        eventually(lambda: "linking" in phases.text)
    assert "done" in phases.text


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failed_phase_says_so_and_is_not_remembered(
    history: Path, error: type[BaseException]
) -> None:
    phases = Said(1, history)
    with pytest.raises(error), phases.phase("build"):
        raise error
    assert phases.text.splitlines()[-1] == "[1/1] build  0s  failed"
    assert not history.exists()


def test_the_usual_time_is_said(history: Path) -> None:
    history.parent.mkdir()
    history.write_text(json.dumps({"build": 125.4}))
    phases = Said(1, history)
    with phases.phase("build"):
        pass
    assert phases.text.startswith("[1/1] build  0s, usually 2m05s\n")
    assert json.loads(history.read_text())["build"] < 125


@pytest.mark.parametrize("text", ["", "{", "[]", '{"build": "long"}', "\x00"])
def test_a_broken_history_costs_nothing(history: Path, text: str) -> None:
    history.parent.mkdir()
    history.write_text(text)
    with Said(1, history).phase("build"):
        pass
    assert "build" in json.loads(history.read_text())


def test_a_history_that_cannot_be_kept_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    phases = Said(1, tmp_path / "file" / "timings.json")
    with phases.phase("build"):
        pass
    assert "done" in phases.text
    assert "was not kept" in phases.text
