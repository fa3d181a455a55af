"""What the `alicerce` command raises for a person to read."""

from __future__ import annotations

from toolchain.errors import ToolchainError


class OpsError(ToolchainError):
    """A command cannot go on: what, where, why, and what to do."""
