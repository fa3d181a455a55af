"""What one process remembers of its machine, for the tests that change the machine."""

from __future__ import annotations

from toolchain import gobuild, golang, tools


def forget() -> None:
    """Forget what one process may remember for good: tests change PATH and the cache."""
    for remembered in (tools.on_path, golang.on_path, gobuild.output):
        remembered.cache_clear()
