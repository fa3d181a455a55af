"""Where built things are kept: outside the checkout, keyed by content.

A key is a digest of everything that decides the result, so an entry is never
wrong, only unused. An entry appears by one rename: a killed build leaves no
half of one behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEY_LENGTH = 16


def cache_dir() -> Path:
    """The cache's folder: ``ALICERCE_CACHE``, else the user's cache folder."""
    override = os.environ.get("ALICERCE_CACHE")
    if override:
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "alicerce"


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """A key over texts, bytes and whole files or folders, in the order given."""
    state = hashlib.sha256()
    for part in parts:
        for chunk in _chunks(part):
            state.update(len(chunk).to_bytes(8, "big"))
            state.update(chunk)
    return state.hexdigest()[:KEY_LENGTH]


def _chunks(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, bytes):
        yield part
    elif isinstance(part, str):
        yield part.encode()
    elif part.is_dir():
        for file in sorted(part.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file.relative_to(part)).encode()
                yield file.read_bytes()
    else:
        yield part.read_bytes()


def entry(kind: str, name: str, key: str) -> Path:
    """Where the entry of this name and key is, or will be."""
    return cache_dir() / kind / name / key


def produce(target: Path, make: Callable[[Path], None]) -> Path:
    """Return ``target``, made by ``make(empty folder)`` if it isn't there yet.

    Two runs that want the same entry wait for each other; what an earlier,
    killed run left of it is thrown away first.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_name(f".{target.name}.lock")):
        if target.exists():
            return target
        unfinished = target.with_name(f".{target.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        make(unfinished)
        unfinished.rename(target)
    return target


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel frees it when we die."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def forget_others(keep: Path, generations: int = 2) -> None:
    """Remove older entries beside ``keep``, all but the newest few."""
    entries = [p for p in keep.parent.iterdir() if p.is_dir() and not p.name.startswith(".")]
    entries.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for stale in [p for p in entries if p != keep][generations - 1 :]:
        shutil.rmtree(stale, ignore_errors=True)
