"""Images: the same content gives the same bytes, and nothing in one may gain rights."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.settings.versions import IMAGES
from toolchain.images import build
from toolchain.images.archive import ImageConfig, write_archive
from toolchain.images.recipes import NOBODY, RECIPES, Recipe

CONFIG = ImageConfig("docker.io/alicerce/x:1", "65532:65532", ("/x",), {"LANG": "C.UTF-8"})
ALL = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)


def sha256(path: Path) -> str:
    """The file's digest."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A small image of a folder and a program."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_text("a")
    program = source / "run"
    program.write_text("#!/bin/sh")
    program.chmod(0o4755)
    return Recipe("redis", NOBODY, ("/app/run",), tools={"/tool": "etcd"}, folders={"/app": source})


def made(recipe: Recipe, folder: Path) -> Path:
    """The archive of the recipe, made in a new folder."""
    folder.mkdir()
    build._make(recipe, {"etcd": Path("/bin/true")}, folder)
    return folder / "image.tar"


def opened(archive: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """The manifest, the configuration and the layer of an archive."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    manifest = json.loads((folder / "manifest.json").read_text())[0]
    config = json.loads((folder / manifest["Config"]).read_text())
    return manifest, config, folder / manifest["Layers"][0]


def test_an_archive_names_its_parts_by_their_digests(recipe: Recipe, tmp_path: Path) -> None:
    manifest, config, layer = opened(made(recipe, tmp_path / "one"), tmp_path / "out")
    assert manifest["RepoTags"] == [recipe.reference]
    assert manifest["Config"] == f"{sha256(tmp_path / 'out' / manifest['Config'])}.json"
    assert config["rootfs"]["diff_ids"] == [f"sha256:{sha256(layer)}"]


def test_the_same_content_gives_the_same_bytes(recipe: Recipe, tmp_path: Path) -> None:
    first = sha256(made(recipe, tmp_path / "one"))
    before = os.umask(0o077)  # what the caller's account is set to must not matter
    try:
        os.utime(recipe.folders["/app"] / "a.txt", (1, 1))
        assert sha256(made(recipe, tmp_path / "two")) == first
    finally:
        os.umask(before)


def test_other_content_gives_other_bytes(recipe: Recipe, tmp_path: Path) -> None:
    first = sha256(made(recipe, tmp_path / "one"))
    (recipe.folders["/app"] / "a.txt").write_text("b")
    assert sha256(made(recipe, tmp_path / "two")) != first


def test_nothing_is_set_uid_and_all_is_owned_by_root(recipe: Recipe, tmp_path: Path) -> None:
    _, _, layer = opened(made(recipe, tmp_path / "one"), tmp_path / "out")
    with tarfile.open(layer) as tar:
        members = tar.getmembers()
    assert {m.name for m in members} >= {"app/a.txt", "app/run", "tool", "tmp", "etc/passwd"}
    assert [m.name for m in members if m.mode & 0o6000] == []
    assert {(m.uid, m.gid) for m in members} == {(0, 0)}
    assert next(m.mode for m in members if m.name == "app/run") == 0o755


def test_the_process_runs_as_the_account_that_the_image_has(recipe: Recipe, tmp_path: Path) -> None:
    _, config, layer = opened(made(recipe, tmp_path / "one"), tmp_path / "out")
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["/app/run"]
    with tarfile.open(layer) as tar:
        accounts = tar.extractfile("etc/passwd")
        assert accounts is not None
        assert accounts.read().startswith(b"nonroot:x:65532:65532:")


def test_an_archive_keeps_the_path_that_is_asked_for(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    tarfile.open(layer, "w").close()
    target = tmp_path / "image.tar"
    write_archive(layer, target, replace(CONFIG, environment={"PATH": "/opt"}))
    _, config, _ = opened(target, tmp_path / "out")
    assert config["config"]["Env"] == ["PATH=/opt"]


@ALL
def test_no_image_runs_as_root(recipe: Recipe) -> None:
    assert recipe.user.uid > 0
    assert recipe.user.gid > 0


@ALL
def test_an_image_has_the_name_that_manifests_use(recipe: Recipe) -> None:
    assert recipe.reference == IMAGES[recipe.name].local
    assert ":" in recipe.reference.rpartition("/")[2]


@ALL
def test_what_an_image_is_made_of_is_here(recipe: Recipe) -> None:
    assert all(folder.is_dir() for folder in recipe.folders.values())
    assert recipe.python is None or recipe.python.is_file()
    assert set(recipe.tools.values()) <= set(build.tools.TOOLS)


@ALL
def test_an_image_starts_something_that_it_has(recipe: Recipe) -> None:
    assert recipe.command[0].startswith("/")
    assert recipe.packages or recipe.command[0] in recipe.tools


@pytest.mark.parametrize(
    "change",
    [
        {"user": replace(NOBODY, uid=1)},
        {"command": ("/other",)},
        {"environment": {"A": "1"}},
        {"remove": ("/usr/share",)},
        {"packages": ("adduser",)},
        {"tools": {"/elsewhere": "etcd"}},
        {"folders": {}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_that_decides_an_image_is_in_its_key(
    recipe: Recipe, change: dict[str, Any]
) -> None:
    assert build.key(replace(recipe, **change)) != build.key(recipe)
    assert build.content(replace(recipe, **change)) != build.content(recipe)


def test_a_changed_source_changes_the_key(recipe: Recipe) -> None:
    before = build.key(recipe), build.content(recipe)
    (recipe.folders["/app"] / "a.txt").write_text("b")
    assert build.key(recipe) != before[0]
    assert build.content(recipe) != before[1]


def test_a_new_tag_changes_the_key_and_not_the_content(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = build.key(recipe), build.content(recipe)
    new = IMAGES["redis"].model_copy(update={"local": "docker.io/alicerce/redis:9"})
    monkeypatch.setitem(IMAGES, "redis", new)
    assert build.key(recipe) != before[0]
    assert build.content(recipe) == before[1]
