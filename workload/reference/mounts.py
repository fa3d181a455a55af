"""Secrets mounted as folders of files, read anew whenever they are used.

Rotation replaces the files under a running process, so nothing here is kept in memory.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path


class MountError(RuntimeError):
    """A mounted secret lacks a key; the message names the file and never a value."""


@dataclass(frozen=True)
class Mount:
    """One mounted secret: a folder with one file a key."""

    folder: Path

    @property
    def present(self) -> bool:
        """Whether the folder is there, which is what makes a part configured."""
        return self.folder.is_dir()

    def read(self, *keys: str) -> str:
        """The first of `keys` that is there; MountError if none is."""
        value = self.find(*keys)
        if value is None:
            raise MountError(
                f"{self.folder} has no {' or '.join(keys)}: add that key to the Secret it mounts"
            )
        return value

    def find(self, *keys: str) -> str | None:
        """The first of `keys` that is there and not empty, or None."""
        for key in keys:
            try:
                value = (self.folder / key).read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                continue
            if value:
                return value
        return None

    def authority(self, *folders: Path) -> Path | None:
        """The CA certificate beside this secret or in one of `folders`, or None."""
        candidates = (folder / "ca.crt" for folder in (self.folder, *folders))
        return next((path for path in candidates if path.is_file()), None)


def verifying(authority: Path | None) -> ssl.SSLContext:
    """TLS that checks the chain and the host name, against `authority` or the system's CAs."""
    return ssl.create_default_context(cafile=str(authority) if authority else None)
