"""Where uv is: on PATH, or where ``bootstrap.sh`` put it."""

from __future__ import annotations

import shutil

from toolchain.cache import cache_dir
from toolchain.errors import ToolchainError


def uv() -> str:
    """The program; raises ``ToolchainError`` ``uv-missing``."""
    bootstrapped = cache_dir() / "uv" / "bin" / "uv"
    found = shutil.which("uv") or (str(bootstrapped) if bootstrapped.exists() else None)
    if found is None:
        raise ToolchainError(
            "uv-missing",
            what="uv, which installs Python packages, was not found",
            where=f"PATH and {bootstrapped}",
            why="neither this machine nor an earlier run of ours has it",
            fix="run `toolchain/bootstrap.sh`, which fetches it from PyPI",
        )
    return found
