"""Images without a registry: archives put into a node's store."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from toolchain.embedded.commands import run
from toolchain.embedded.errors import ClusterError, Problem

# On the image in the node's own store: which archive it came from.
LABEL = "alicerce.dev/config"
IMPORT_SECONDS = 900.0


@dataclass(frozen=True)
class ImageArchive:
    """A docker-archive tar. Its identity is the digest of the image's configuration,
    which covers every layer: an unchanged image is recognised without reading layers."""

    path: Path

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        try:
            with tarfile.open(self.path) as archive:
                file = archive.extractfile("manifest.json")
                entries = json.load(file) if file else []
                return dict(entries[0])
        except (OSError, KeyError, IndexError, ValueError, tarfile.TarError) as error:
            raise ClusterError(Problem(
                "image-unreadable", f"{self.path.name} is no docker-archive", str(self.path),
                str(error), "remove its folder, then run `alicerce up`: it is built again",
            )) from error  # fmt: skip

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The full names the image is known by (``docker.io/alicerce/NAME:TAG``)."""
        return tuple(_full(name) for name in self._manifest.get("RepoTags") or [])

    @cached_property
    def digest(self) -> str:
        """The digest (sha256) of the image's configuration."""
        with tarfile.open(self.path) as archive:
            file = archive.extractfile(self._manifest["Config"])
            return hashlib.sha256(file.read() if file else b"").hexdigest()


def _full(name: str) -> str:
    host = name.split("/", 1)[0]
    if "/" in name and ("." in host or ":" in host or host == "localhost"):
        return name
    return f"docker.io/{name}" if "/" in name else f"docker.io/library/{name}"


class ImageStore:
    """The images of one node's containerd."""

    def __init__(self, ctr: Path, socket: Path) -> None:
        self._ctr = [str(ctr), "--address", str(socket), "--namespace", "k8s.io"]

    def load(self, archives: Sequence[ImageArchive]) -> list[str]:
        """Import what is missing or different; gives the names that were imported."""
        known = self.digests()
        imported: list[str] = []
        for archive in archives:
            if all(known.get(name) == archive.digest for name in archive.references):
                continue
            run([*self._ctr, "images", "import", archive.path], timeout=IMPORT_SECONDS)
            for name in archive.references:
                # Last, so that a killed import is not taken for a whole one.
                run([*self._ctr, "images", "label", name, f"{LABEL}={archive.digest}"])
            imported += archive.references
        return imported

    def digests(self) -> dict[str, str]:
        """Which archive each stored image came from."""
        found = {}
        for line in run([*self._ctr, "images", "list"]).splitlines()[1:]:
            labels = dict(part.split("=", 1) for part in line.split()[-1].split(",") if "=" in part)
            if LABEL in labels:
                found[line.split()[0]] = labels[LABEL]
        return found

    def answers(self) -> bool:
        """Whether containerd is ready to take images."""
        return bool(run([*self._ctr, "version"], check=False, timeout=5).count("Version:") >= 2)

    def drop_containers(self) -> None:
        """Remove ended containers with their layers, so that only images are kept."""
        found = run([*self._ctr, "containers", "list", "--quiet"], check=False).split()
        if found:
            run([*self._ctr, "containers", "delete", *found], check=False)
