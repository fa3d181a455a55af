"""Keeps the salt of this machine's passphrase out of the stack file.

The engine writes it there, though the state has it too: every checkout would
differ from what is committed, and one left by a cluster that is gone would
refuse the next passphrase.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ops import engine


@contextmanager
def without_salt(stack_file: Path) -> Iterator[None]:
    """Run the engine, and leave the stack file as it was written by a person."""
    if engine.backend_folder() != engine.local_backend() or not stack_file.exists():
        yield
        return
    _strip(stack_file)
    before = stack_file.read_bytes()
    try:
        yield
    finally:
        _strip(stack_file)
        # The engine also writes the rest anew, in its own layout. What a person
        # changed meanwhile is kept.
        if _meaning(stack_file.read_bytes()) == _meaning(before):
            stack_file.write_bytes(before)


def _strip(stack_file: Path) -> None:
    text = stack_file.read_bytes()
    stripped = re.sub(rb"^encryptionsalt:.*\n?", b"", text, flags=re.MULTILINE)
    if stripped != text:
        stack_file.write_bytes(stripped)


def _meaning(text: bytes) -> Any:
    """What the file says, with numbers as the texts that the engine makes of them."""
    return _words(yaml.safe_load(text) or {})


def _words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _words(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_words(inner) for inner in value]
    return value if isinstance(value, str) else json.dumps(value, default=str)
