"""The real engine on a small program: locks, killed runs, and a plain `pulumi`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from ops import deploy, engine, locks
from ops.errors import OpsError
from tests.ops.conftest import STACK, Tiny, eventually


def state_of(tiny: Tiny) -> dict[str, object]:
    """The stack's state, as the engine exports it."""
    deployment: dict[str, object] = json.loads(tiny.pulumi("stack", "export", "--stack", STACK))[
        "deployment"
    ]
    return deployment


def killed_while_creating(tiny: Tiny) -> subprocess.Popen[str]:
    """An engine that was killed while its first object was being made."""
    deploy.select(STACK, tiny.program)
    tiny.hold()
    process = tiny.start("up", "--yes", "--skip-preview", "--stack", STACK)
    eventually(tiny.made)
    process.kill()
    process.communicate()
    return process


def test_a_plain_pulumi_works_with_what_env_prints(tiny: Tiny) -> None:
    tiny.pulumi("stack", "init", STACK)
    tiny.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
    assert tiny.made() == ["one"]
    assert deploy.exports(STACK, tiny.program) == {"greeting": "hello"}


def test_a_second_run_changes_nothing(tiny: Tiny) -> None:
    assert deploy.up(STACK, tiny.report, tiny.program)["created"] > 0
    assert deploy.up(STACK, tiny.report, tiny.program).keys() == {"unchanged"}
    assert tiny.made() == ["one"]


def test_a_stack_file_stays_as_it_was_written(tiny: Tiny) -> None:
    """The engine would add the salt of this machine's passphrase, and lay it out anew."""
    file = tiny.folder / f"Pulumi.{STACK}.yaml"
    words = "# mine\nconfig:\n  tiny:a:   b   # three blanks\n  tiny:n: 1\n  tiny:l: [true, x]\n"
    file.write_text(words)
    deploy.up(STACK, tiny.report, tiny.program)
    assert file.read_text() == words


def test_a_salt_of_a_passphrase_that_is_gone_does_no_harm(tiny: Tiny) -> None:
    """A plain `pulumi` wrote it; then `make down` took the state and the passphrase away."""
    tiny.pulumi("stack", "init", STACK)
    assert "encryptionsalt" in (tiny.folder / f"Pulumi.{STACK}.yaml").read_text()
    engine.forget_backend()
    assert deploy.up(STACK, tiny.report, tiny.program)["created"] > 0


def test_a_second_run_meanwhile_is_refused_and_names_the_holder(tiny: Tiny) -> None:
    deploy.select(STACK, tiny.program)
    tiny.hold()
    with tiny.start("up", "--yes", "--skip-preview", "--stack", STACK) as first:
        eventually(tiny.made)
        with pytest.raises(OpsError, match=rf"pid {first.pid}\b") as caught:
            deploy.up(STACK, tiny.report, tiny.program)
        tiny.let_go()
        first.communicate()
    assert caught.value.id == "stack-locked"
    assert first.returncode == 0
    assert tiny.made() == ["one"]


def test_a_run_that_was_faster_is_named_too(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took its lock after we looked: then the engine itself refuses."""
    deploy.select(STACK, tiny.program)
    tiny.hold()
    monkeypatch.setattr(deploy, "take_over", lambda stack, report: None)
    with tiny.start("up", "--yes", "--skip-preview", "--stack", STACK) as first:
        eventually(tiny.made)
        with pytest.raises(OpsError, match=rf"pid {first.pid}\b") as caught:
            deploy.up(STACK, tiny.report, tiny.program)
        tiny.let_go()
        first.communicate()
    assert caught.value.id == "stack-locked"


def test_the_run_after_a_killed_one_goes_on(tiny: Tiny) -> None:
    killed = killed_while_creating(tiny)
    (lock,) = locks.held(engine.local_backend(), STACK)
    assert (lock.pid, lock.stale) == (killed.pid, True)
    tiny.let_go()
    assert deploy.up(STACK, tiny.report, tiny.program)["created"] == 1
    assert any(f"pid {killed.pid}" in words for words in tiny.said)
    assert locks.held(engine.local_backend(), STACK) == []


def test_what_a_killed_run_was_making_does_no_lasting_harm(tiny: Tiny) -> None:
    """The engine alone would warn of it for ever, and refuse some operations."""
    killed_while_creating(tiny)
    tiny.let_go()
    assert state_of(tiny)["pending_operations"]
    deploy.up(STACK, tiny.report, tiny.program)
    assert not state_of(tiny).get("pending_operations")
    plan = tiny.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert "pending" not in plan


def test_what_a_killed_run_may_have_left_over_is_said(tiny: Tiny) -> None:
    """It was being made, and the program does not want it any more: nobody else knows of it."""
    killed_while_creating(tiny)
    tiny.let_go()
    tiny.objects("two")
    deploy.up(STACK, tiny.report, tiny.program)
    assert any("::one was being made" in words for words in tiny.said)
    assert state_of(tiny)["pending_operations"]


def test_the_plugins_of_a_killed_engine_end(tiny: Tiny) -> None:
    """They would go on making what the next run makes too."""
    deploy.select(STACK, tiny.program)
    tiny.hold()
    process = tiny.start("up", "--yes", "--skip-preview", "--stack", STACK)
    eventually(tiny.made)
    plugins = psutil.Process(process.pid).children(recursive=True)
    assert plugins
    locks.end_orphans(engine.local_backend())
    assert all(plugin.is_running() for plugin in plugins), "a living engine keeps its own"
    process.kill()
    process.communicate()
    locks.release_stale(engine.local_backend(), STACK)
    assert psutil.wait_procs(plugins, timeout=10)[1] == []


def test_an_interrupted_run_waits_for_the_engine_to_end(tiny: Tiny) -> None:
    deploy.select(STACK, tiny.program)
    tiny.hold()

    def interrupt(words: str) -> None:
        tiny.report(words)
        if "creating" in words:
            (engine_of,) = [p for p in psutil.Process().children() if p.name() == "pulumi"]
            engine_of.send_signal(signal.SIGINT)
            tiny.let_go()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy.up(STACK, interrupt, tiny.program)
    assert [p for p in psutil.Process().children() if p.name() == "pulumi"] == []
    assert locks.held(engine.local_backend(), STACK) == []


def test_a_failing_program_is_said_with_its_own_words(tiny: Tiny) -> None:
    (tiny.folder / "__main__.py").write_text("raise ValueError('no such thing as a free lunch')")
    with pytest.raises(OpsError, match="free lunch") as caught:
        deploy.up(STACK, tiny.report, tiny.program)
    assert caught.value.id == "deploy-failed"


def test_a_plan_changes_nothing(tiny: Tiny) -> None:
    deploy.select(STACK, tiny.program)
    assert "create" in deploy.plan(STACK, program=tiny.program)
    assert tiny.made() == []


def test_destroy_leaves_an_empty_stack(tiny: Tiny) -> None:
    deploy.up(STACK, tiny.report, tiny.program)
    deploy.destroy(STACK, tiny.report, tiny.program)
    assert not state_of(tiny).get("resources")


# What surrounds the engine.


def test_env_has_no_secret_value(state: Path) -> None:
    engine.prepare_backend()
    secret = (state / "passphrase").read_text()
    assert len(secret) >= 32
    assert secret not in json.dumps(engine.environment())


def test_a_secret_is_not_in_the_state(tiny: Tiny) -> None:
    deploy.up(STACK, tiny.report, tiny.program)
    canary = b"canary-of-the-state"
    files = [path for path in engine.local_backend().rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if canary in path.read_bytes()] == []
    assert not any(canary.decode() in words for words in tiny.said)


def test_the_passphrase_is_made_once_and_for_its_owner_alone(state: Path) -> None:
    engine.prepare_backend()
    passphrase = state / "passphrase"
    before = passphrase.read_text()
    engine.prepare_backend()
    assert passphrase.read_text() == before
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in state.glob(".passphrase-*")] == []


def test_an_operators_own_backend_is_kept(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://somewhere")
    assert "PULUMI_BACKEND_URL" not in engine.environment()
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in engine.environment()
    assert engine.backend_folder() is None


def test_a_cluster_of_yours_keeps_your_kubeconfig(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig = state / "pki" / "kubeconfig" / "admin.conf"
    kubeconfig.parent.mkdir(parents=True)
    kubeconfig.touch()
    assert engine.environment()["KUBECONFIG"] == str(kubeconfig)
    monkeypatch.setenv("ALICERCE_KUBE_CONTEXT", "kind-x")
    assert "KUBECONFIG" not in engine.environment()


@pytest.mark.parametrize(
    ("installed", "official"),
    [
        (["v4.34.2"], "v4.34.2"),
        (["v4.99.0"], "v4.99.0"),
        (["v4.100.0", "v4.99.0"], "v4.100.0"),
        (["v4.34.1"], None),
        (["v4.9.0"], None),
        (["v5.0.0"], None),
        ([], None),
    ],
)
def test_an_official_plugin_that_fits_is_used(
    state: Path, installed: list[str], official: str | None
) -> None:
    home = Path(os.environ["PULUMI_HOME"]) / "plugins"
    for version in installed:
        folder = home / f"resource-kubernetes-{version}"
        folder.mkdir(parents=True)
        (folder / engine.PLUGIN).touch()
    plugin = engine.kubernetes_plugin()
    assert plugin.official is (official is not None)
    ours = str(engine.FALLBACK) in engine.environment()["PATH"].split(os.pathsep)
    assert ours is (official is None)
    if official is not None:
        assert plugin.place == f"resource-kubernetes-{official}"
        assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in engine.environment()


def test_a_half_downloaded_plugin_is_not_used(state: Path) -> None:
    home = Path(os.environ["PULUMI_HOME"]) / "plugins"
    folder = home / "resource-kubernetes-v4.34.2"
    folder.mkdir(parents=True)
    assert not engine.kubernetes_plugin().official
    (folder / engine.PLUGIN).touch()
    (home / "resource-kubernetes-v4.34.2.partial").touch()
    assert not engine.kubernetes_plugin().official


@pytest.mark.parametrize(
    ("content", "official"), [(b"\x7fELF", True), (b"#!/bin/sh\n# another checkout's", False)]
)
def test_a_plugin_on_path_is_used_when_it_is_a_program(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, official: bool
) -> None:
    place = tmp_path / engine.PLUGIN
    place.write_bytes(content)
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert engine.kubernetes_plugin().official is official
