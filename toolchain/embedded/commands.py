"""Running small helper programs and writing files, with errors that explain themselves."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from toolchain.embedded import host
from toolchain.embedded.errors import CommandError, Problem

POLL_SECONDS = 0.05
COMMAND_TIMEOUT_SECONDS = 60.0


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    check: bool = True,
    timeout: float = COMMAND_TIMEOUT_SECONDS,
) -> str:
    """Run a helper and give its output; raises ``CommandError`` unless ``check`` is off."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, env=_environment(), input=stdin,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(_problem(words, str(error))) from error
    if check and done.returncode != 0:
        raise CommandError(_problem(words, f"exit {done.returncode}: {done.stderr.strip()}"))
    return done.stdout


def _environment() -> dict[str, str]:
    """Ours, with the folders of administrators' programs, which `su` leaves out."""
    folders = [os.environ.get("PATH", ""), host.SEARCH_PATH]
    return os.environ | {"PATH": os.pathsep.join(filter(None, folders))}


def _problem(words: list[str], why: str) -> Problem:
    return Problem(
        "command-failed",
        f"{words[0]} failed",
        " ".join(words),
        why,
        "run that command by hand to see more, then what you ran again",
    )


def wait_for(condition: Callable[[], bool], seconds: float, poll: float = POLL_SECONDS) -> bool:
    """Whether the condition came true within that time; asked every ``poll`` seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        # Processes, sockets and mounts of others tell nobody when they change.
        time.sleep(poll)
    return True


def write(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Replace a file in one step, so that a killed run never leaves half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.chmod(mode)
    temporary.replace(path)
