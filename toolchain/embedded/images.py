"""Images without a registry: tiny ones made here, and archives put into a node's store."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

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
                str(error), "build the image again")) from error  # fmt: skip

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


def scratch_archive(
    path: Path,
    reference: str,
    files: Mapping[str, Path],
    entrypoint: Sequence[str],
    user: str = "65532:65532",
) -> ImageArchive:
    """Write an image that holds nothing but the given static programs.

    The same input gives the same bytes, so nodes that have it skip it. A file that is
    up to date already is left alone.
    """
    stamp = path.with_suffix(".inputs")
    inputs = json.dumps([reference, list(entrypoint), user, _fingerprints(files)])
    if path.exists() and stamp.exists() and stamp.read_text() == inputs:
        return ImageArchive(path)
    layer = _layer(files)
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": list(entrypoint), "User": user, "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "alicerce"}],
    }).encode()  # fmt: skip
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": [f"{digest}/layer.tar"]}]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        _add(archive, "manifest.json", io.BytesIO(json.dumps(manifest).encode()))
        _add(archive, name, io.BytesIO(config))
        _add(archive, f"{digest}/layer.tar", io.BytesIO(layer))
    stamp.write_text(inputs)
    return ImageArchive(path)


def _fingerprints(files: Mapping[str, Path]) -> list[list[str | int]]:
    facts: Iterable[tuple[str, Path]] = sorted(files.items())
    return [[name, str(path), path.stat().st_size, path.stat().st_mtime_ns] for name, path in facts]


def _layer(files: Mapping[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, path in sorted(files.items()):
            with path.open("rb") as content:
                _add(archive, name.lstrip("/"), content, mode=0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    content.seek(0, io.SEEK_END)
    entry.size, entry.mode = content.tell(), mode
    content.seek(0)
    archive.addfile(entry, content)
