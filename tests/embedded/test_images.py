"""Image archives: what is made, how it is recognised, what is refused."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from toolchain.embedded import ClusterError, ImageArchive
from toolchain.embedded.images import LABEL, ImageStore
from toolchain.images.archive import ImageConfig, write_archive

NAME = "docker.io/alicerce/thing:1"


def make(tmp_path: Path) -> ImageArchive:
    """The archive of a small image."""
    layer = tmp_path / "layer.tar"
    tarfile.open(layer, "w").close()
    path = tmp_path / "image.tar"
    write_archive(layer, path, ImageConfig(NAME, "65532:65532", ("/program",), {}))
    return ImageArchive(path)


def test_an_archive_is_known_by_its_names_and_its_configuration(tmp_path: Path) -> None:
    archive = make(tmp_path)
    with tarfile.open(archive.path) as tar:
        (config,) = (name for name in tar.getnames() if name not in ("layer.tar", "manifest.json"))
    assert archive.references == (NAME,)
    assert config == f"{archive.digest}.json"


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("redis:7", "docker.io/library/redis:7"),
        ("alicerce/x:1", "docker.io/alicerce/x:1"),
        ("registry.test/x:1", "registry.test/x:1"),
        ("localhost/x:1", "localhost/x:1"),
        ("host:5000/x:1", "host:5000/x:1"),
    ],
)
def test_names_are_completed_as_containerd_does(tmp_path: Path, short: str, full: str) -> None:
    path = tmp_path / "image.tar"
    with tarfile.open(path, "w") as archive:
        manifest = tmp_path / "manifest.json"
        manifest.write_text(json.dumps([{"Config": "c.json", "RepoTags": [short], "Layers": []}]))
        archive.add(manifest, "manifest.json")
    assert ImageArchive(path).references == (full,)


@pytest.mark.parametrize("content", [None, b"", b"no tar at all"])
def test_what_is_no_archive_is_refused_with_its_path(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ClusterError) as caught:
        _ = ImageArchive(path).references
    assert caught.value.ids == ("image-unreadable",)
    assert str(path) in str(caught.value)


def fake_ctr(tmp_path: Path, listing: str) -> Path:
    """A ctr that lists what it is told to and writes down what it is asked."""
    script = tmp_path / "ctr"
    script.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n'
        f"case \"$*\" in *'images list'*) cat {tmp_path}/listing;; esac\n"
    )
    script.chmod(0o755)
    (tmp_path / "listing").write_text(f"REF TYPE DIGEST SIZE PLATFORMS LABELS\n{listing}")
    return script


@pytest.mark.parametrize("known", [True, False])
def test_an_image_that_is_there_is_not_imported_again(tmp_path: Path, known: bool) -> None:
    archive = make(tmp_path)
    digest = archive.digest if known else "0" * 64
    line = f"{NAME} type sha256:1 1 MiB linux/amd64 io.cri=managed,{LABEL}={digest}\n"
    store = ImageStore(fake_ctr(tmp_path, line), tmp_path / "socket")
    assert store.load([archive]) == ([] if known else [NAME])
    asked = (tmp_path / "asked").read_text()
    assert ("images import" in asked) is not known
