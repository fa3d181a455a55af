"""Evidence of a failure: the whole of it, within bounds, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from ops import engine, evidence
from ops.errors import OpsError
from ops.paths import kubeconfig
from tests.ops.apiserver import serving
from tests.ops.doctoring import program
from toolchain import tools

# The first run on a machine builds kubectl, with the rest of its module.
pytestmark = pytest.mark.timeout(3600)

CANARY = "canary-of-the-evidence"
ERROR = OpsError("x", what="it broke", where="here", why="so", fix="mend it")
FILES = {"error.txt", *evidence.QUESTIONS}


def found(folder: Path) -> dict[str, str]:
    """File name -> text."""
    return {path.name: path.read_text() for path in folder.iterdir()}


@dataclass
class Site:
    """A cluster that answers, in a state folder full of secrets."""

    state: Path
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site(state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    """The real kubectl, and a server that remembers what it was asked for."""
    tools.ensure(["kubectl"], lambda words: None)
    made = Site(state)
    monkeypatch.setenv("KUBECACHEDIR", str(tmp_path / "kubectl"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    with serving(CANARY, made.asked) as address:
        write_kubeconfig(address)
        engine.prepare_backend()
        (state / "passphrase").write_text(CANARY)
        yield made


def write_kubeconfig(address: str) -> None:
    """The embedded cluster's administrator access."""
    entry = {"name": "x"}
    kubeconfig().parent.mkdir(parents=True)
    kubeconfig().write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [entry | {"cluster": {"server": address}}],
        "users": [entry | {"user": {"token": CANARY}}],
        "contexts": [entry | {"context": {"cluster": "x", "user": "x"}}],
    }))  # fmt: skip


def test_the_error_and_the_clusters_view_are_kept(site: Site) -> None:
    said = found(evidence.collect(ERROR))
    assert said.keys() == FILES
    assert said["error.txt"].startswith("OpsError: ") and "mend it" in said["error.txt"]
    for name, told in {
        "pods.txt": "the-pod",
        "events.txt": "the-event",
        "nodes.txt": "the-node",
        "workloads.txt": "the-statefulset",
    }.items():
        assert told in said[name], said[name]


def test_no_secret_is_read_or_written(site: Site) -> None:
    """Pods carry the canary in their environment, and are among what is asked for."""
    said = found(evidence.collect(ERROR))
    assert [name for name, text in said.items() if CANARY in text] == []
    assert any(path.endswith("/pods") for path in site.asked)
    assert [path for path in site.asked if "/secrets" in path or "/configmaps" in path] == []


def test_an_unknown_kind_does_not_hide_the_others(site: Site) -> None:
    """The database operator may be what failed."""
    said = found(evidence.collect(ERROR))
    assert "doesn't have a resource type" in said["databases.txt"]
    assert "the-deployment" in said["workloads.txt"] and "the-job" in said["workloads.txt"]


def test_without_a_cluster_the_error_is_kept_and_nobody_is_asked(
    state: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not the cluster that merely is this user's current one."""
    program(bare, "kubectl", f"touch {bare}/called")
    monkeypatch.setenv("KUBECONFIG", str(bare / "of-the-user"))
    assert found(evidence.collect(ERROR)).keys() == {"error.txt"}
    assert not (bare / "called").exists()


def test_a_cluster_of_yours_is_asked_by_its_context(
    state: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALICERCE_KUBE_CONTEXT", "kind-x")
    answering(bare, monkeypatch, 'echo "asked: $*"')
    said = found(evidence.collect(ERROR))
    assert said.keys() == FILES
    assert all("--context=kind-x" in said[name] for name in evidence.QUESTIONS)


def answering(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make this the kubectl that is found, and the only program but the shell's own."""
    program(folder, "kubectl", script)
    monkeypatch.setattr(engine, "_path", lambda plugin: str(folder))


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        ("echo refused >&2; exit 1", "refused"),
        ("exec /bin/sleep 60", "not to be had"),
        (r"printf '\377 and more'", "and more"),
    ],
    ids=["refuses", "hangs", "prints what is no text"],
)
def test_a_part_that_cannot_be_had_does_not_stop_the_rest(
    state: Path, bare: Path, monkeypatch: pytest.MonkeyPatch, pods: str, told: str
) -> None:
    monkeypatch.setattr(evidence, "PATIENCE", 1.0)
    write_kubeconfig("http://127.0.0.1:1")
    answering(bare, monkeypatch, f'case "$*" in *pods*) {pods};; *) echo fine;; esac')
    said = found(evidence.collect(ERROR))
    assert said.keys() == FILES
    assert told in said.pop("pods.txt")
    said.pop("error.txt")
    assert set(said.values()) == {"fine\n"}


def test_a_machine_without_kubectl_keeps_the_error(
    state: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_kubeconfig("http://127.0.0.1:1")
    monkeypatch.setattr(engine, "_path", lambda plugin: str(bare))
    said = found(evidence.collect(ERROR))
    assert "it broke" in said.pop("error.txt")
    assert all("not to be had" in text and "kubectl" in text for text in said.values())


def test_only_the_newest_folders_are_kept(state: Path) -> None:
    old = [state / "evidence" / f"2020010{day}T000000Z" for day in range(1, 8)]
    for folder in old:
        folder.mkdir(parents=True)
    newest = evidence.collect(ERROR)
    left = sorted((state / "evidence").iterdir())
    assert left == [*old[-evidence.KEPT + 1 :], newest]
