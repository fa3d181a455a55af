"""Makes the images of ``recipes`` into the cache, keyed by what goes into them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from toolchain import gobuild, tools
from toolchain.cache import digest, entry, forget_others, produce
from toolchain.errors import ToolchainError
from toolchain.images.archive import EPOCH, ImageConfig, write_archive
from toolchain.images.recipes import RECIPES, Recipe
from toolchain.uv import uv

Report = Callable[[str], None]

SUITE = "bookworm"
DEBIAN_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
PARALLEL_IMAGES = 2
# Raised when this file changes what an image of the same recipe holds.
FORMAT = "3"
# Every Pod would else compile all of it again at each start, on a root it can't write to.
COMPILE = "python3 -m compileall -q -j0 --invalidation-mode unchecked-hash /app"


@dataclass(frozen=True)
class Image:
    """A built image: its name in manifests and its docker-archive."""

    reference: str
    archive: Path


def key(recipe: Recipe) -> str:
    """The digest of everything that decides the image's content."""
    found = [str(gobuild.output(tools.TOOLS[tool].module)) for tool in recipe.tools.values()]
    return digest([*_definition(recipe, recipe.reference), *found, *_sources(recipe)])


def content(recipe: Recipe) -> str:
    """The digest of what this repository says about the image, its tag aside (see ``digests``)."""
    return digest([*_definition(recipe), *_sources(recipe)])


def _definition(recipe: Recipe, *more: str) -> list[str]:
    fields = (*more, recipe.user, recipe.command, recipe.packages, recipe.remove)
    environment = sorted(recipe.environment.items())
    return [FORMAT, SUITE, repr(fields), repr(environment), repr(sorted(recipe.tools.items()))]


def _sources(recipe: Recipe) -> list[str | Path]:
    folders = [part for path in sorted(recipe.folders) for part in (path, recipe.folders[path])]
    return [*folders, *([recipe.python] if recipe.python else [])]


def locate(name: str) -> Image | None:
    """The image from the cache; None when it has to be made."""
    recipe = RECIPES[name]
    folder = entry("images", name, key(recipe))
    return Image(recipe.reference, folder / "image.tar") if folder.exists() else None


def ensure(names: Iterable[str], report: Report) -> list[Image]:
    """Find or make the images; the tools they hold are built first."""
    wanted = list(names)
    missing = [name for name in wanted if locate(name) is None]
    with ThreadPoolExecutor(PARALLEL_IMAGES) as pool:
        list(pool.map(lambda name: make(name, report), missing))
    return [make(name, report) for name in wanted]


def make(name: str, report: Report) -> Image:
    """Find or make one image."""
    recipe = RECIPES[name]
    target = entry("images", name, key(recipe))

    def build(folder: Path) -> None:
        paths = tools.ensure(dict.fromkeys(recipe.tools.values()), report)
        report(f"making image {name}")
        _make(recipe, paths, folder)
        report(f"made image {name}")

    produce(target, build)
    forget_others(target)
    return Image(recipe.reference, target / "image.tar")


def _make(recipe: Recipe, paths: Mapping[str, Path], folder: Path) -> None:
    layer, ours = folder / "layer.tar", folder / "root"
    _lay_out(recipe, paths, ours)
    if recipe.packages:
        _debian(recipe, ours, layer)
    else:
        _scratch(recipe, ours, layer)
    shutil.rmtree(ours)
    config = ImageConfig(
        recipe.reference,
        f"{recipe.user.uid}:{recipe.user.gid}",
        recipe.command,
        recipe.environment,
    )
    write_archive(layer, folder / "image.tar", config)
    layer.unlink()


def _lay_out(recipe: Recipe, paths: Mapping[str, Path], ours: Path) -> None:
    """Everything that isn't Debian's, as it will stand in the image."""
    ours.mkdir()
    for place, tool in recipe.tools.items():
        _copy(paths[tool], ours / place.lstrip("/"))
    for place, source in recipe.folders.items():
        for file in sorted(source.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                _copy(file, ours / place.lstrip("/") / file.relative_to(source))
    if recipe.python:
        _install_python(recipe.python, ours / "app" / "site")
    for path in [ours, *ours.rglob("*")]:
        # Not what the caller's umask made of it, and never set-uid.
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (EPOCH, EPOCH))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _debian(recipe: Recipe, ours: Path, layer: Path) -> None:
    user = recipe.user
    account = f"{user.name}:x:{user.uid}:{user.gid}::/:/usr/sbin/nologin"
    command = [
        "mmdebstrap",
        "--variant=minbase",
        "--mode=root",
        "--aptopt=APT::Install-Recommends false",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        # The package's own account must already have the number we promise.
        f'--essential-hook=grep -q "^{user.name}:" "$1/etc/passwd"'
        f' || echo "{account}" >> "$1/etc/passwd"',
        f'--essential-hook=grep -q "^[^:]*:x:{user.gid}:" "$1/etc/group"'
        f' || echo "{user.name}:x:{user.gid}:" >> "$1/etc/group"',
        *[f"--customize-hook=copy-in {part} /" for part in sorted(ours.iterdir())],
        *(['--customize-hook=chroot "$1" ' + COMPILE] if recipe.python else []),
        # Nothing in an image needs set-uid programs, package lists or caches.
        '--customize-hook=find "$1" -xdev -perm /6000 -type f -exec chmod a-s {} +',
        '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*'
        ' "$1"/var/lib/postgresql/*',
        *[f'--customize-hook=rm -rf "$1"{path}' for path in recipe.remove],
        f"--include={','.join(recipe.packages)}",
        SUITE,
        str(layer),
        *([str(DEBIAN_SOURCES)] if DEBIAN_SOURCES.exists() else []),
    ]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH), "LC_ALL": "C.UTF-8"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ToolchainError(
            "image-packages-failed",
            what=f"installing Debian packages into image {recipe.name!r} failed",
            where="toolchain/images/recipes.py, by mmdebstrap",
            why="\n         ".join(answer.stderr.strip().splitlines()[-15:]),
            fix="check that `apt-get update` works here, then run the same command again",
        )


def _install_python(requirements: Path, site: Path) -> None:
    command = [
        uv(), "pip", "install", "--quiet",
        "--python-version=3.11", "--python-platform=x86_64-manylinux_2_28", "--only-binary=:all:",
        "--link-mode=copy",  # the rights are set after, and not those of uv's own copy
        f"--target={site}", "--requirements", str(requirements),
    ]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ToolchainError(
            "image-python-failed",
            what="installing the reference workload's Python packages failed",
            where=str(requirements),
            why=answer.stderr.strip(),
            fix="check that PyPI answers, then run the same command again",
        )


def _scratch(recipe: Recipe, ours: Path, layer: Path) -> None:
    """An image of nothing but what is ours, an account and a /tmp."""
    user = recipe.user
    with tarfile.open(layer, "w") as tar:
        _add(tar, "etc/passwd", f"{user.name}:x:{user.uid}:{user.gid}::/:/nologin\n".encode())
        _add(tar, "etc/group", f"{user.name}:x:{user.gid}:\n".encode())
        for folder in ("tmp", "etc"):
            member = tarfile.TarInfo(folder)
            member.type = tarfile.DIRTYPE
            member.mode = 0o1777 if folder == "tmp" else 0o755
            tar.addfile(member)
        for file in sorted(path for path in ours.rglob("*") if path.is_file()):
            _add(tar, str(file.relative_to(ours)), file.read_bytes(), file.stat().st_mode)


def _add(tar: tarfile.TarFile, place: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(place)
    member.size, member.mode, member.mtime = len(content), mode & 0o777, EPOCH
    tar.addfile(member, io.BytesIO(content))
