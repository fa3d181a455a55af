"""Builds a pinned Go module's programs into the cache.

Each folder of ``toolchain/go`` is one small module: its ``go.mod`` names the
programs (``tool`` lines), ``go.sum`` pins every byte of their sources. What
differs from upstream is said in ``build.toml`` beside it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toolchain import golang
from toolchain.cache import cache_dir, digest, entry, forget_others, produce
from toolchain.errors import ToolchainError
from toolchain.golang import GO_MODULES

Report = Callable[[str], None]

LOG_TAIL = 30


@dataclass(frozen=True)
class Recipe:
    """What a module builds, from its ``build.toml``."""

    programs: dict[str, str]  # program name -> package
    variables: dict[str, str]  # linker's -X
    files: dict[str, tuple[str, str]]  # program name -> (module, file in it)
    patched: tuple[str, ...]  # modules some of whose files are ours, in overlay/


def recipe(module: str) -> Recipe:
    """Read the module's ``build.toml``."""
    raw = tomllib.loads((GO_MODULES / module / "build.toml").read_text())
    return Recipe(
        programs=raw["programs"],
        variables=raw.get("variables", {}),
        files={name: (part["module"], part["file"]) for name, part in raw.get("files", {}).items()},
        patched=tuple(raw.get("patched", ())),
    )


@cache
def output(module: str) -> Path:
    """The cache entry for the module as it is pinned now, built or not."""
    key = digest([GO_MODULES / module, golang.version()])
    return entry("tools", module, key)


def build(module: str, report: Report) -> Path:
    """Build all programs of the module, once; return the folder that has them."""
    target = output(module)

    def make(folder: Path) -> None:
        report(f"building {module}: {', '.join(recipe(module).programs)}")
        _Build(module, folder).run()
        report(f"built {module}")

    produce(target, make)
    forget_others(target)
    return target


class _Build:
    def __init__(self, module: str, folder: Path) -> None:
        self.recipe = recipe(module)
        self.module = module
        self.source = GO_MODULES / module
        self.folder = folder
        self.work = folder / ".work"

    def run(self) -> None:
        self.work.mkdir()
        self._copy_module_file()
        for upstream in self.recipe.patched:
            self._patch(upstream)
        self._compile()
        for name, (upstream, file) in self.recipe.files.items():
            shutil.copy2(Path(self._module_dir(upstream)) / file, self.folder / name)
            (self.folder / name).chmod(0o755)
        # Only the patched sources: the compiler's own cache stays where Go keeps it.
        shutil.rmtree(self.work)

    def _copy_module_file(self) -> None:
        # A copy, so that replacing a patched module never touches the checkout.
        for file in ("go.mod", "go.sum"):
            shutil.copy(self.source / file, self.work / file)

    def _patch(self, upstream: str) -> None:
        patched = self.work / "patched" / upstream
        shutil.copytree(self._module_dir(upstream), patched)
        for path in [patched, *patched.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)  # the module cache is read-only
        shutil.copytree(self.source / "overlay" / upstream, patched, dirs_exist_ok=True)
        self._go("mod", "edit", f"-replace={upstream}={patched}", str(self.work / "go.mod"))

    def _compile(self) -> None:
        variables = " ".join(f"-X {key}={value}" for key, value in self.recipe.variables.items())
        packages = self.recipe.programs
        self._go(
            "build", "-trimpath", f"-modfile={self.work / 'go.mod'}",
            f"-ldflags=-s -w {variables}", f"-o={self.folder}/", *packages.values(),
        )  # fmt: skip
        for name, package in packages.items():
            produced = self.folder / _default_name(package)
            if produced.name != name:
                produced.rename(self.folder / name)

    def _module_dir(self, upstream: str) -> str:
        # Downloading first: listing a module that isn't there yet has no folder.
        self._go("mod", "download", f"-modfile={self.work / 'go.mod'}", upstream)
        return self._go(
            "list", "-m", f"-modfile={self.work / 'go.mod'}", "-f={{.Dir}}", upstream
        ).strip()

    def _go(self, *arguments: str) -> str:
        command = ["go", *arguments]
        answer = subprocess.run(
            command,
            cwd=self.source,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise _failed(self.module, arguments, answer.stderr)
        return answer.stdout


def _default_name(package: str) -> str:
    # Go drops a major version suffix: .../server/v3 becomes "server".
    return re.sub(r"/v\d+$", "", package.rstrip("/")).rpartition("/")[2]


def _environment() -> dict[str, str]:
    # CGO off: static programs, which run in an image that has nothing else.
    return os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
    }


def _failed(module: str, arguments: tuple[str, ...], stderr: str) -> ToolchainError:
    log = cache_dir() / "logs" / f"go-{module}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(stderr)
    tail = "\n         ".join(stderr.strip().splitlines()[-LOG_TAIL:])
    refused = any(word in stderr for word in ("dial tcp", "403 Forbidden", "404 Not Found"))
    return ToolchainError(
        "go-build-failed",
        what=f"building the tools of {module!r} failed (go {arguments[0]})",
        where=f"toolchain/go/{module}; the whole output is in {log}",
        why=tail,
        fix="the Go module proxy did not answer or refused: check GOPROXY and the network, then"
        " run the same command again; what is built already is kept"
        if refused
        else "run the same command again; if it fails alike, compare `go version` with"
        " the `go` line of that go.mod",
    )
