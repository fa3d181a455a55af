"""The plugin as a process: how the engine starts it and ends it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from ops.engine import FALLBACK, PLUGIN

PATIENCE = 30.0  # seconds until one that does not end is called hanging


@pytest.fixture
def plugin() -> Iterator[subprocess.Popen[str]]:
    """A plugin that serves and has said where; its engine is at an address where nobody is."""
    command = [str(FALLBACK / PLUGIN), "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        yield process
        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_well_when_told_to(plugin: subprocess.Popen[str], ending: signal.Signals) -> None:
    """SIGINT is the engine's; one that ignores it holds up every run for five seconds."""
    plugin.send_signal(ending)
    assert plugin.wait(PATIENCE) == 0
