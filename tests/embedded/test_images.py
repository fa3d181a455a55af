"""Image archives: what is made, how it is recognised, what is refused."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from toolchain.embedded import ClusterError, ImageArchive
from toolchain.embedded.images import LABEL, ImageStore, scratch_archive

NAME = "docker.io/alicerce/thing:1"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF one")
    return path


def make(tmp_path: Path, program: Path, name: str = "image") -> ImageArchive:
    return scratch_archive(tmp_path / f"{name}.tar", NAME, {"program": program}, ["/program"])


def test_the_same_program_gives_the_same_bytes(tmp_path: Path, program: Path) -> None:
    one, two = make(tmp_path, program, "one"), make(tmp_path, program, "two")
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.references == (NAME,)


def test_another_program_gives_another_digest(tmp_path: Path, program: Path) -> None:
    first = make(tmp_path, program).digest
    program.write_bytes(b"\x7fELF another")
    assert make(tmp_path, program).digest != first


def test_it_holds_the_program_executable_and_no_root(tmp_path: Path, program: Path) -> None:
    with tarfile.open(make(tmp_path, program).path) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]  # type: ignore[arg-type]
        config = json.load(archive.extractfile(manifest["Config"]))  # type: ignore[arg-type]
        with tarfile.open(fileobj=archive.extractfile(manifest["Layers"][0])) as layer:
            assert [(one.name, one.mode) for one in layer] == [("program", 0o755)]
    assert config["config"]["User"] == "65532:65532"


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
def test_an_image_that_is_there_is_not_imported_again(
    tmp_path: Path, program: Path, known: bool
) -> None:
    archive = make(tmp_path, program)
    digest = archive.digest if known else "0" * 64
    line = f"{NAME} type sha256:1 1 MiB linux/amd64 io.cri=managed,{LABEL}={digest}\n"
    store = ImageStore(fake_ctr(tmp_path, line), tmp_path / "socket")
    assert store.load([archive]) == ([] if known else [NAME])
    asked = (tmp_path / "asked").read_text()
    assert ("images import" in asked) is not known
