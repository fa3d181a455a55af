"""The whole life of a stack: taken away without a trace, built by an engine that is killed.

Twenty `alicerce up` from empty, each with its engine killed at a random moment, then one that is
left alone: the live objects must be those of the state, none twice. Needs the platform running,
and leaves it running.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time

import psutil

from ops import deploy
from ops.paths import kubeconfig
from ops.stack import LOCAL
from tests.live.support import ALICERCE, Live

KILLS = 20
LONGEST_SECONDS = 12.0  # of an `up` before it is killed
SEED = 20
OURS = "alicerce.dev/tier=local"
# Kinds that the stack makes; others (Pods, ReplicaSets, Endpoints) are made from these.
KINDS = (
    "namespaces,networkpolicies,resourcequotas,limitranges,serviceaccounts,roles,rolebindings,"
    "clusterroles,clusterrolebindings,secrets,configmaps,services,deployments,statefulsets,jobs,"
    "horizontalpodautoscalers,poddisruptionbudgets,ingresses,ingressclasses,priorityclasses,"
    "validatingwebhookconfigurations,mutatingwebhookconfigurations,customresourcedefinitions"
)
Name = tuple[str, str, str]  # kind, namespace, name


def _live_objects(live: Live) -> set[Name]:
    """What carries the stack's label and belongs to nothing else."""
    items = live.get(KINDS, "-A", "-l", OURS)["items"]
    return {
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        for item in items
        if not item["metadata"].get("ownerReferences")
    }


def _stated_objects() -> list[Name]:
    """What the engine's state says there is."""
    resources = deploy.state(LOCAL)["deployment"]["resources"]
    objects = [r["outputs"] for r in resources if r["type"].startswith("kubernetes:")]
    return [
        (o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"])
        for o in objects
        if o["kind"] != "Cluster"
    ]


def main() -> None:
    """Destroy, kill, converge; raise at the first thing that is not as it should be."""
    live = Live(deploy.exports(LOCAL), kubeconfig())
    _destroy_leaves_nothing(live)
    moments = random.Random(SEED)
    for _ in range(KILLS):
        _up_killed_after(moments.uniform(0.5, LONGEST_SECONDS))
    subprocess.run([ALICERCE, "up"], check=True)
    stated = _stated_objects()
    assert len(stated) == len(set(stated)), "no object twice"
    assert _live_objects(live) == set(stated), "no orphan, nothing missing"
    left = [p for p in psutil.process_iter() if "pulumi.policy" in p.cmdline() and p.ppid() == 1]
    assert not left, "the killed engines' policy servers are still there"
    print(f"{KILLS} kills, {len(stated)} objects, as the state says; no orphan, none twice")


def _destroy_leaves_nothing(live: Live) -> None:
    deploy.destroy(LOCAL, print)
    assert _live_objects(live) == set()
    assert live.get("persistentvolumes")["items"] == []
    spaces = {each["metadata"]["name"] for each in live.get("namespaces")["items"]}
    assert spaces == {"default", "kube-node-lease", "kube-public", "kube-system"}


def _up_killed_after(seconds: float) -> None:
    """Start `up`, and kill the engine that it started after that time."""
    process = psutil.Popen([ALICERCE, "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (engines := _engines(process)):
        assert time.monotonic() < deadline, "no engine was started"
        assert process.poll() is None, "up ended before its engine started"
        time.sleep(0.05)  # processes tell nobody when they start
    time.sleep(seconds)  # a moment of the run is what is drawn
    for engine in engines:
        if engine.is_running():
            engine.send_signal(signal.SIGKILL)
    process.wait(120)


def _engines(parent: psutil.Popen) -> list[psutil.Process]:
    children = [child for child in parent.children(recursive=True) if child.name() == "pulumi"]
    # Not the short look at the state that comes before.
    return [child for child in children if "up" in child.cmdline()]


if __name__ == "__main__":
    main()
