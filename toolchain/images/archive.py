"""Writes a container image as a docker-archive: a tar of one layer and two documents."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# One date for every file of ours: the same content gives the same digest.
EPOCH = 1_700_000_000


@dataclass(frozen=True)
class ImageConfig:
    """What a container runtime needs to know besides the files."""

    reference: str
    user: str
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]


def write_archive(layer: Path, target: Path, config: ImageConfig) -> None:
    """Write the archive ``target`` of the uncompressed tar ``layer``."""
    layer_name = "layer.tar"
    document = json.dumps(_document(_sha256(layer), config), sort_keys=True).encode()
    config_name = f"{hashlib.sha256(document).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [config.reference], "Layers": [layer_name]}]
    with tarfile.open(target, "w") as archive:
        archive.add(layer, arcname=layer_name, filter=_plain)
        _add(archive, config_name, document)
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _document(layer_digest: str, config: ImageConfig) -> dict[str, object]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **config.environment}
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": config.user,
            "Entrypoint": list(config.entrypoint),
            "Env": [f"{key}={value}" for key, value in environment.items()],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        "history": [{"created_by": "alicerce"}],
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o644  # not what the caller's umask made of it
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = EPOCH
    return member


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mtime = EPOCH
    archive.addfile(member, io.BytesIO(content))
