"""The whole life of a platform: taken away without a trace, and built by runs that are killed.

In this order, after all other tests: what is destroyed comes back with another authority and
other passwords. `pytest tests/live/whole_life --kills 20` is the long drill.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time

import psutil
import pytest

from ops import deploy, engine, locks
from ops.stack import LOCAL
from tests.live.support import ALICERCE, Live, until

LONGEST_SECONDS = 12.0  # of a deployment before its engine is killed
SEED = 20
PATIENCE = 600.0
BACKEND = engine.local_backend()
# Kinds that the stack makes; others (Pods, ReplicaSets, Endpoints) are made from these.
KINDS = (
    "namespaces,networkpolicies,resourcequotas,limitranges,serviceaccounts,roles,rolebindings,"
    "clusterroles,clusterrolebindings,secrets,configmaps,services,deployments,statefulsets,jobs,"
    "horizontalpodautoscalers,poddisruptionbudgets,ingresses,ingressclasses,priorityclasses,"
    "validatingwebhookconfigurations,mutatingwebhookconfigurations,customresourcedefinitions"
)
DATABASES = "clusters.postgresql.cnpg.io"
OURS = "alicerce.dev/tier=local"
Name = tuple[str, str, str]  # kind, namespace, name


def _live_objects(live: Live, kinds: str) -> set[Name]:
    """What carries the stack's label and belongs to nothing else."""
    return {
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        for item in live.get(kinds, "-A", "-l", OURS)["items"]
        if not item["metadata"].get("ownerReferences")
    }


def _stated_objects() -> list[Name]:
    """What the engine's state says there is."""
    resources = deploy.state(LOCAL)["deployment"]["resources"]
    objects = [r["outputs"] for r in resources if r["type"].startswith("kubernetes:")]
    return [(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in objects]


def test_destroy_leaves_nothing(live: Live) -> None:
    deploy.destroy(LOCAL, print)
    assert _live_objects(live, KINDS) == set()
    assert live.get("persistentvolumes")["items"] == []
    spaces = {each["metadata"]["name"] for each in live.get("namespaces")["items"]}
    assert spaces == {"default", "kube-node-lease", "kube-public", "kube-system"}


@pytest.fixture(scope="module")
def bare(live: Live) -> None:
    """Nothing of the platform runs."""
    subprocess.run([ALICERCE, "down"], check=True)


@pytest.mark.parametrize("phase", ["check the machine", "tools and images", "cluster", "deploy"])
def test_an_up_killed_in_a_phase_is_no_obstacle(bare: None, phase: str) -> None:
    """Each goes on from what the one before left; the last test of this file sees the result."""
    _killed_in(phase)


def test_an_engine_killed_at_any_moment_is_no_obstacle(live: Live, kills: int) -> None:
    moments = random.Random(SEED)
    for _ in range(kills):
        _engine_killed_after(moments.uniform(0.5, LONGEST_SECONDS))


def test_a_second_up_is_refused_with_the_holders_name(live: Live) -> None:
    with psutil.Popen([ALICERCE, "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        deploying = _engine_of(up)
        try:
            until(lambda: locks.held(BACKEND, LOCAL), PATIENCE, "the engine's lock")
            second = subprocess.run([ALICERCE, "up"], capture_output=True, text=True, check=False)
        finally:
            deploying.kill()
    assert second.returncode == 1
    assert "[stack-locked]" in second.stderr
    assert str(deploying.pid) in second.stderr, second.stderr


def test_what_killed_runs_left_becomes_what_the_state_says(live: Live) -> None:
    _killed_in("systems ready")
    subprocess.run([ALICERCE, "up"], check=True)
    stated = _stated_objects()
    assert len(stated) == len(set(stated)), "no object twice"
    there = _live_objects(live, f"{KINDS},{DATABASES}")
    assert there == set(stated), "no orphan, nothing missing"
    assert _orphans() == []
    print(f"{len(stated)} objects, as the state says; no orphan, none twice")


def _orphans() -> list[str]:
    """Servers of engines that are gone."""
    found = []
    for process in psutil.process_iter(["cmdline", "ppid"]):
        words = " ".join(process.info["cmdline"] or ())
        if process.info["ppid"] == 1 and ("pulumi.policy" in words or "pulumi.dynamic" in words):
            found.append(words)
    return found


def _killed_in(phase: str) -> None:
    """Start `up` and kill it as soon as it says that it is in this phase."""
    command = [ALICERCE, "up"]
    with subprocess.Popen(command, text=True, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("[") and phase in line:
                break
        process.kill()
    assert process.returncode == -signal.SIGKILL, f"it never came to {phase!r}, or failed there"


def _engine_killed_after(seconds: float) -> None:
    """Start `up`, and kill the engine that it started after that time."""
    with psutil.Popen([ALICERCE, "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        deploying = _engine_of(up)
        time.sleep(seconds)  # a moment of the run is what is drawn
        deploying.kill()  # nothing, when it has ended by itself
        up.wait(PATIENCE)


def _engine_of(up: psutil.Popen) -> psutil.Process:
    """The engine that deploys, as soon as there is one; not the short looks at the state."""

    def look() -> object:
        return up.poll() is not None or [c for c in up.children(recursive=True) if _deploys(c)]

    found = until(look, PATIENCE, "an engine that deploys")
    assert found is not True, "up ended before its engine started"
    return found[0]


def _deploys(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False  # it ended while we looked
    return words[:1] == ["pulumi"] and "up" in words
