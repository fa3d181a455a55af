"""Three nodes on one machine: spread, drain, loss and return, a cut cable."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.live.cluster.support import LOCKED, NAME, Kube, eventually
from toolchain.embedded import Cluster, ClusterError
from toolchain.embedded.node_programs import ZONE_LABEL

# Grace, eviction, and room for a slow machine.
LOSS_SECONDS = 120


@pytest.fixture
def kube(triple: Cluster, kube_of: Callable[[Cluster], Kube]) -> Kube:
    return kube_of(triple)


def workload(kube: Kube, name: str, replicas: int) -> None:
    labels = {"app": name}
    container = {
        "name": "app", "image": kube.image, "securityContext": LOCKED,
        "command": ["sh", "-c", "exec redis-server --save '' --protected-mode no --dir /tmp"],
        "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 1},
    }  # fmt: skip
    spread = [{"maxSkew": 1, "topologyKey": ZONE_LABEL, "whenUnsatisfiable": "ScheduleAnyway",
               "labelSelector": {"matchLabels": labels}}]  # fmt: skip
    template = {"metadata": {"labels": labels},
                "spec": {"containers": [container], "topologySpreadConstraints": spread,
                         "terminationGracePeriodSeconds": 2}}  # fmt: skip
    kube.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
         "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                  "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
         "spec": {"selector": labels, "ports": [{"port": 6379}]}},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
         "spec": {"minAvailable": replicas - 1, "selector": {"matchLabels": labels}}},
    )  # fmt: skip
    kube.run("rollout", "status", f"deployment/{name}", "--timeout=90s")


def places(kube: Kube, name: str) -> list[str]:
    """The nodes of the Pods that are ready and stay."""
    pods = kube.get("pods", f"--selector=app={name}")["items"]
    return sorted(
        pod["spec"]["nodeName"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(one["type"] == "Ready" and one["status"] == "True"
                for one in pod["status"].get("conditions", []))
    )  # fmt: skip


def ready_nodes(cluster: Cluster) -> set[str]:
    return {node.name for node in cluster.status().nodes if node.ready}


ALL = {"node-1", "node-2", "node-3"}


def test_replicas_spread_and_reach_each_other(triple: Cluster, kube: Kube) -> None:
    workload(kube, "spread", 3)
    assert places(kube, "spread") == sorted(ALL)
    assert {node.zone for node in triple.status().nodes} == {"zone-a", "zone-b", "zone-c"}
    pods = kube.get("pods", "--selector=app=spread")["items"]
    addresses = [pod["status"]["podIP"] for pod in pods]
    for pod in pods:
        name = pod["metadata"]["name"]
        for address in addresses:
            ping = f"timeout 3 redis-cli -h {address} ping"
            assert kube.execute(name, ping).stdout.strip() == "PONG", f"{name} to {address}"
        # Service, and its name, from every node.
        assert kube.execute(name, "timeout 3 redis-cli -h spread ping").stdout.strip() == "PONG"
        assert kube.execute(name, f"getent hosts {NAME}").stdout
        assert kube.run("logs", name).stdout, "logs come from every node"


def test_a_policy_is_enforced_across_nodes(kube: Kube) -> None:
    workload(kube, "guarded", 3)
    pods = kube.get("pods", "--selector=app=guarded")["items"]
    client = next(pod for pod in pods if pod["spec"]["nodeName"] == "node-2")
    servers = [pod["status"]["podIP"] for pod in pods if pod is not client]

    def answers() -> list[bool]:
        name = client["metadata"]["name"]
        return ["PONG" in kube.execute(name, f"timeout 2 redis-cli -h {server} ping", False).stdout
                for server in servers]  # fmt: skip

    assert all(answers())
    kube.apply({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "guard"},
                "spec": {"podSelector": {"matchLabels": {"app": "guarded"}}}})  # fmt: skip
    eventually(lambda: not any(answers()), 20, "refused on every node")
    kube.run("delete", "networkpolicy", "guard")
    eventually(lambda: all(answers()), 20, "lifted on every node")


def test_a_drain_honours_the_budget(kube: Kube) -> None:
    workload(kube, "drained", 3)
    kube.pod("asker", "while true; do timeout 2 redis-cli -h drained ping; sleep 0.1; done",
             spec={"nodeName": "node-1"})  # fmt: skip
    kube.run("drain", "node-3", "--ignore-daemonsets", "--delete-emptydir-data", "--force",
             "--timeout=90s")  # fmt: skip
    try:
        assert "node-3" not in places(kube, "drained")
        eventually(lambda: len(places(kube, "drained")) == 3, 30, "all replicas elsewhere")
        budget = kube.get("pdb", "drained")["status"]
        assert budget["currentHealthy"] == 3
    finally:
        kube.run("uncordon", "node-3")
    said = kube.run("logs", "asker").stdout.split()
    assert len(said) > 10 and set(said) == {"PONG"}, "a request failed during the drain"


def test_a_killed_nodes_pods_come_back_elsewhere_and_it_rejoins(
    triple: Cluster, kube: Kube
) -> None:
    workload(kube, "moved", 3)
    assert "node-3" in places(kube, "moved")
    triple.kill_node("node-3")
    began = time.monotonic()
    eventually(lambda: ready_nodes(triple) == ALL - {"node-3"}, 60, "the loss is seen")
    eventually(
        lambda: len(places(kube, "moved")) == 3 and "node-3" not in places(kube, "moved"),
        LOSS_SECONDS, "its Pods run elsewhere",
    )  # fmt: skip
    print(f"    back elsewhere after {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    triple.start_node("node-3")
    print(f"    rejoined after {time.monotonic() - began:.1f} s")
    assert ready_nodes(triple) == ALL
    kube.run("rollout", "restart", "deployment/moved")
    kube.run("rollout", "status", "deployment/moved", "--timeout=90s")
    eventually(lambda: "node-3" in places(kube, "moved"), 60, "it takes Pods again")
    pod = next(pod for pod in kube.get("pods", "--selector=app=moved")["items"]
               if pod["spec"]["nodeName"] == "node-3")  # fmt: skip
    assert kube.execute(pod["metadata"]["name"], f"getent hosts {NAME}").stdout


def test_a_cut_cable_is_seen_and_mends(triple: Cluster) -> None:
    triple.cut_node("node-2")
    try:
        eventually(lambda: "node-2" not in ready_nodes(triple), 60, "the cut is seen")
    finally:
        triple.mend_node("node-2")
    eventually(lambda: ready_nodes(triple) == ALL, 60, "the node is back")


def test_the_node_that_is_the_machine_cannot_be_killed(triple: Cluster) -> None:
    for name, problem in (("node-1", "node-is-host"), ("node-9", "node-unknown")):
        with pytest.raises(ClusterError) as caught:
            triple.kill_node(name)
        assert caught.value.ids == (problem,)


def test_metrics_come_from_every_node(kube: Kube) -> None:
    def measured() -> set[str]:
        raw = kube.run("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes", check=False).stdout
        return {item["metadata"]["name"] for item in json.loads(raw)["items"]} if raw else set()

    eventually(lambda: measured() == ALL, 90, "metrics of all nodes")
