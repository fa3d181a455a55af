"""The doctor on tools, registries and a cluster of yours: every problem is provoked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from ops.doctor import reach, toolbox
from tests.ops.doctoring import free_port, ids, listening, program, provokes
from toolchain import golang
from toolchain.images import build as images


@provokes("tools-not-built", "go-missing")
def test_tools_to_be_built_without_go_are_no_obstacle(bare: Path) -> None:
    problems = list(toolbox.check_tools())
    assert ids(problems) == ["tools-not-built", "go-missing"]
    assert all(problem.mended_by_up for problem in problems)


@provokes("go-too-old")
def test_debians_old_go_is_seen(bare: Path) -> None:
    program(bare, "go", "echo go1.19.8")
    (problem,) = (p for p in toolbox.check_tools() if p.id == "go-too-old")
    assert "go1.19.8" in problem.reason
    assert golang.GO_BIN in problem.fix


@provokes("registry-unreachable")
def test_every_registry_that_is_silent_is_named(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    sources = tmp_path / "debian.sources"
    sources.write_text(f"Types: deb\nURIs: {nobody}/debian\nSuites: bookworm\n")
    monkeypatch.setattr(images, "DEBIAN_SOURCES", sources)
    monkeypatch.setenv("GOPROXY", f"{nobody},direct")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{nobody}/simple")
    problems = list(reach.check_registries())
    assert ids(problems) == ["registry-unreachable"] * 3
    assert [problem.reason.split()[1] for problem in problems] == ["Python", "Go", "Debian"]


def test_registries_are_not_needed_when_nothing_is_to_come(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach.tools, "missing", lambda names: [])
    monkeypatch.setattr(images, "locate", lambda name: object())
    monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{free_port()}")
    assert ids(reach.check_registries()) == []


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes a kubeconfig with a context ``kind-x`` for this server."""

    def write(server: str) -> None:
        document = {
            "contexts": [{"name": "kind-x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": server}}],
        }
        (tmp_path / "config").write_text(yaml.safe_dump(document))
        # As kubectl has it: several files, the first one that says something wins.
        (tmp_path / "more").write_text("contexts: []\n")
        monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'more'}:{tmp_path / 'config'}")

    return write


@provokes("kubeconfig-unreadable")
@pytest.mark.parametrize(
    "content",
    [
        None,
        b"[",
        b"- contexts",
        b"contexts: 3",
        b"contexts: [{nam: x}]",
        b"\xff\xfe\x00",
        b"contexts",
    ],
)
def test_an_unreadable_kubeconfig_is_one_clear_problem(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.mkdir() if content is None else path.write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    (problem,) = reach.check_context("kind-x")
    assert problem.id == "kubeconfig-unreadable"
    assert str(path) in problem.reason


@provokes("kube-context-unknown")
def test_an_unknown_context_names_the_known_ones(kubeconfig: Callable[[str], None]) -> None:
    kubeconfig("https://127.0.0.1:1")
    (problem,) = reach.check_context("kind-y")
    assert problem.id == "kube-context-unknown"
    assert "kind-x" in problem.reason


@provokes("cluster-unreachable")
def test_a_cluster_that_does_not_answer_is_seen(
    kubeconfig: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig(f"https://127.0.0.1:{free_port()}")
    assert ids(reach.check_context("kind-x")) == ["cluster-unreachable"]
    monkeypatch.setattr(reach, "TIMEOUT", 0.2)
    with listening() as port:  # somebody is there, and says nothing
        kubeconfig(f"https://127.0.0.1:{port}")
        assert ids(reach.check_context("kind-x")) == ["cluster-unreachable"]
    kubeconfig("")
    assert ids(reach.check_context("kind-x")) == ["cluster-unreachable"]


def test_a_cluster_that_refuses_strangers_answers(kubeconfig: Callable[[str], None]) -> None:
    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(401)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        kubeconfig(f"http://127.0.0.1:{server.server_port}")
        assert ids(reach.check_context("kind-x")) == []
        thread.join()
