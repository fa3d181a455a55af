"""Coming, going, dying half-way: what stays on the machine, and whose it is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from tests.live.cluster.conftest import ROOT, say
from tests.live.cluster.support import Kube, Machine, eventually, machine, output
from toolchain.embedded import Cluster, ClusterError, ImageArchive
from toolchain.embedded.commands import wait_for
from toolchain.embedded.lock import process_start

# Runs `up` in a process of its own, so that it can be killed; says each phase on a line.
UP = """
import sys
from pathlib import Path
from toolchain.embedded import Cluster, ClusterSettings
state, nodes, image, checkout, *pairs = sys.argv[1:]
tools = {name: Path(path) for name, path in (pair.split("=", 1) for pair in pairs)}
place = {"state": Path(state), "checkout": Path(checkout)}
settings = ClusterSettings(tools=tools, nodes=int(nodes), **place)
print("begin", flush=True)
Cluster(settings).up([Path(image)], lambda line: print(line, flush=True))
print("end", flush=True)
"""


@pytest.fixture
def one(make: Callable[..., Cluster]) -> Iterator[Cluster]:
    """A cluster object whose cluster is gone before and after the test."""
    cluster = make(1)
    cluster.down(say)
    yield cluster
    cluster.down(say)


def spawn(cluster: Cluster, archive: ImageArchive, checkout: Path = ROOT) -> subprocess.Popen[str]:
    settings = cluster.settings
    tools = [f"{name}={path}" for name, path in settings.tools.items()]
    words = [str(settings.state), str(settings.nodes), str(archive.path), str(checkout), *tools]
    return subprocess.Popen(
        [sys.executable, "-c", UP, *words], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def settle(before: Machine) -> Machine:
    """The machine once what the kernel frees a moment later is gone."""
    wait_for(lambda: machine() == before, 10, poll=0.5)
    return machine()


def assert_same(before: Machine, after: Machine) -> None:
    old, new = asdict(before), asdict(after)
    for part in ("processes", "sockets"):
        # Others work on this machine too: only what is new can be ours.
        added = {line for line in new.pop(part) - old.pop(part) if "alicerce-clustertest" in line
                 or line.startswith(("tcp 10.24", "udp 10.24", "tcp 10.96"))}  # fmt: skip
        assert not added, f"{part} left: {added}"
    tracked = new.pop("connections") - old.pop("connections")
    assert not tracked, f"connections left: {tracked}"
    for part, value in old.items():
        assert new[part] == value, f"{part} changed"


@pytest.mark.parametrize("nodes", [1, 3])
def test_down_leaves_the_machine_as_it_was(
    make: Callable[..., Cluster], kube_of: Callable[[Cluster], Kube], archive: ImageArchive,
    nodes: int,
) -> None:  # fmt: skip
    make(nodes).down(say)
    before = machine()
    cluster = make(nodes)
    cluster.up([archive], say)
    try:
        kube = kube_of(cluster)
        label = "pod-security.kubernetes.io/enforce=privileged"
        kube.run("label", "namespace", "default", label)
        port = [{"containerPort": 6379, "hostPort": 16381}]
        kube.pod("web", "exec sleep 600", container={"ports": port})
        deny = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "deny"}, "spec": {"podSelector": {}}}  # fmt: skip
        kube.apply(deny)
        eventually(lambda: output("ipset", "list", "-n"), 20, "the policy reached the kernel")
        during = machine()
        for part in ("addresses", "links", "routes", "firewall", "iptables", "sets", "cgroups",
                     "processes", "sockets"):  # fmt: skip
            assert getattr(during, part) != getattr(before, part), f"{part}: the picture is blind"
    finally:
        cluster.down(say)
    assert_same(before, settle(before))
    left = {path.name for path in cluster.settings.state.iterdir()}
    assert left == {"cache", "pki"}, "more than caches and certificates stayed"


PHASES = ("begin", "processes are starting", "API server ready", "nodes ready", "DNS ready", "end")


@pytest.mark.parametrize("phase", PHASES)
def test_up_converges_after_being_killed(
    one: Cluster, archive: ImageArchive, kube_of: Callable[[Cluster], Kube], phase: str
) -> None:
    before = machine()
    process = spawn(one, archive)
    assert process.stdout is not None
    assert any(line.strip() == phase for line in process.stdout), f"never came to {phase!r}"
    process.kill()
    process.wait()
    one.up([archive], say)
    # Metrics come after the first scrape, which `up` doesn't wait for.
    eventually(lambda: one.status().healthy, 60, "everything healthy")
    kube_of(one).pod("after", "exec sleep 600")
    assert len(kube_of(one).get("nodes")["items"]) == 1
    one.down(say)
    assert_same(before, settle(before))


@pytest.mark.parametrize("seconds", [0.3, 0.6, 0.9, 1.2, 1.6, 2.4])
def test_down_clears_what_a_killed_up_left(
    one: Cluster, archive: ImageArchive, seconds: float
) -> None:
    before = machine()
    process = spawn(one, archive)
    # The moment itself is what is varied: no condition stands for it.
    time.sleep(seconds)
    process.kill()
    process.wait()
    one.down(say)
    assert_same(before, settle(before))


def test_objects_and_volumes_survive_a_crash(
    one: Cluster, archive: ImageArchive, kube_of: Callable[[Cluster], Kube]
) -> None:
    one.up([archive], say)
    kube = kube_of(one)
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
             "spec": {"accessModes": ["ReadWriteOnce"],
                      "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    more = {"container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            "spec": {"volumes": [{"name": "data", "persistentVolumeClaim":
                                  {"claimName": "data"}}]}}  # fmt: skip
    kube.apply(claim)
    kube.pod("writer", "date >> /data/file; sync; exec sleep 600", **more)
    written = kube.execute("writer", "cat /data/file").stdout
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"},
                "stringData": {"word": "as-before"}})  # fmt: skip
    # As when the machine loses power: every process of ours at once, no goodbye.
    for program in one.status().programs:
        os.kill(program.pid, signal.SIGKILL)
    os.kill(one.supervisor.pid(), signal.SIGKILL)
    one.up([archive], say)
    assert kube.run("get", "secret", "kept", "--output=jsonpath={.data.word}").stdout
    # The API server still says "Ready" of a Pod whose kubelet has only just come back.
    eventually(lambda: _read(kube).startswith(written), 60, "the volume reads as before")


def _read(kube: Kube) -> str:
    try:
        return str(kube.execute("writer", "cat /data/file").stdout)
    except AssertionError:
        return ""


def test_a_second_up_is_refused_with_the_holders_name(one: Cluster, archive: ImageArchive) -> None:
    process = spawn(one, archive)
    assert process.stdout is not None
    assert any(line.strip() == "processes are starting" for line in process.stdout)
    with pytest.raises(ClusterError) as caught:
        one.up([archive], say)
    assert caught.value.ids == ("lock-busy",)
    assert f"process {process.pid}" in str(caught.value)
    process.stdout.read()
    assert process.wait() == 0


def test_another_checkouts_cluster_is_left_alone(
    one: Cluster, make: Callable[..., Cluster], archive: ImageArchive, tmp_path: Path
) -> None:
    one.up([archive], say)
    before = {program.name: program.pid for program in one.status().programs}
    for other in (make(1, checkout=tmp_path), make(1, state=Path("/var/lib/alicerce-other"))):
        for act in (lambda other=other: other.up([], say), lambda other=other: other.down(say)):
            with pytest.raises(ClusterError) as caught:
                act()
            assert caught.value.ids == ("lock-foreign",)
            assert str(ROOT) in str(caught.value)
    assert {program.name: program.pid for program in one.status().programs} == before


def test_a_dead_cluster_of_another_checkout_is_cleared(
    one: Cluster, make: Callable[..., Cluster], archive: ImageArchive, tmp_path: Path
) -> None:
    before = machine()
    other = make(1, state=Path("/var/lib/alicerce-other"), checkout=tmp_path)
    other.up([], say)
    supervisor = other.supervisor.pid()
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: process_start(supervisor) is None, 10, "the supervisor is gone")
    left = [program for program in psutil.process_iter() if "kubelet" in program.name()]
    assert left, "the kubelet should have outlived its supervisor"
    try:
        one.up([archive], say)
        eventually(lambda: one.status().healthy, 60, "everything healthy")
        one.down(say)
        assert_same(before, settle(before))
    finally:
        output("rm", "-rf", "/var/lib/alicerce-other")


def test_a_taken_port_is_named_before_anything_changes(one: Cluster, archive: ImageArchive) -> None:
    before = machine()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", one.settings.ports.api))
        taken.listen()
        with pytest.raises(ClusterError) as caught:
            one.up([archive], say)
    assert caught.value.ids == ("port-taken",)
    assert str(os.getpid()) in str(caught.value)
    assert_same(before, machine())


def test_a_taken_range_is_named_before_anything_changes(
    one: Cluster, archive: ImageArchive
) -> None:
    output("ip", "address", "add", "10.244.7.1/24", "dev", "lo")
    try:
        before = machine()
        with pytest.raises(ClusterError) as caught:
            one.up([archive], say)
        assert "address-taken" in caught.value.ids
        assert_same(before, machine())
    finally:
        output("ip", "address", "delete", "10.244.7.1/24", "dev", "lo")
