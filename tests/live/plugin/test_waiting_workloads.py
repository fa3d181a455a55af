"""Waiting for workloads: against the real controllers, with the tests playing the kubelet."""

from __future__ import annotations

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.watching import Source

from . import kubelet as plays
from . import manifests as m
from .harness import PartialError, Plugin, fresh, in_background
from .kubelet import Kubelet, await_objects, patch

DEPLOYMENT = Kind("apps", "v1", "Deployment")


def test_deployment_is_awaited(plugin: Plugin, kubelet: Kubelet, namespace: str) -> None:
    creating = in_background(plugin.create, m.deployment(namespace, "web", replicas=2))
    plugin.engine.wait_for("[1/2] waiting for 2 of 2 replicas to be ready")
    assert not creating.done()
    kubelet.plays(plays.ready)
    made = creating.result(timeout=60)
    assert made.state["status"]["availableReplicas"] == 2
    # Not the API server's own warnings, such as Pod security's, which are there to stay.
    progress = [message for message in plugin.engine.messages if "waiting" in message.message]
    ephemeral = [message.ephemeral for message in progress]
    assert ephemeral and all(ephemeral)


def test_deployment_rollout_is_awaited(
    plugin: Plugin, kubelet: Kubelet, api: Client, namespace: str
) -> None:
    kubelet.plays(plays.ready)
    made = plugin.create(m.deployment(namespace, "web"))
    kubelet.plays(plays.no_image)
    broken = m.deployment(namespace, "web")
    broken["spec"]["template"]["spec"]["containers"][0]["image"] = "example.invalid/app:2"
    updating = in_background(plugin.update, made, broken)
    # The old Pod is still ready, so the Deployment is available all the time.
    plugin.engine.wait_for("ImagePullBackOff")
    assert api.get(DEPLOYMENT, namespace, "web")["status"]["availableReplicas"] == 1
    assert not updating.done()
    kubelet.plays(plays.ready)
    assert updating.result(timeout=60).state["status"]["updatedReplicas"] == 1


def test_deployment_scaled_to_nothing(plugin: Plugin, namespace: str) -> None:
    made = plugin.create(m.deployment(namespace, "web", replicas=0))
    assert made.id == f"{namespace}/web"


def test_change_without_rollout_does_not_wait_for_one(
    plugin: Plugin, kubelet: Kubelet, namespace: str
) -> None:
    kubelet.plays(plays.ready)
    made = plugin.create(m.deployment(namespace, "web"))
    obj = m.deployment(namespace, "web")
    obj["metadata"]["labels"] = {"a": "1"}
    assert plugin.update(made, obj).state["metadata"]["labels"] == {"a": "1"}


def test_timeout_names_pod_container_reason_and_event(
    plugin: Plugin, kubelet: Kubelet, api: Client, namespace: str
) -> None:
    kubelet.plays(plays.no_image)
    creating = in_background(plugin.create, m.deployment(namespace, "web"), timeout=6)
    pods = await_objects(api, Source(plays.POD, namespace), bool)
    _warn(api, pods[0], "FailedMount", "no such volume")
    with pytest.raises(PartialError) as error:
        creating.result(timeout=60)
    text = str(error.value)
    assert f"Deployment {namespace}/web did not become ready within 6 s" in text
    assert f"Pod {namespace}/{pods[0]['metadata']['name']}" in text
    assert "container app is waiting: ImagePullBackOff: no such image" in text
    assert "FailedMount: no such volume" in text


def _warn(api: Client, pod: Obj, reason: str, message: str) -> None:
    metadata = pod["metadata"]
    event = m.named("Event", "v1", fresh("event"), metadata["namespace"])
    event |= {"reason": reason, "message": message, "type": "Warning", "source": {}}
    event["lastTimestamp"] = "2026-01-01T00:00:00Z"
    event["involvedObject"] = {
        "kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"]
    }  # fmt: skip
    api.create(event, manager="tests", dry_run=False)


def test_failed_start_keeps_the_object_and_the_next_run_goes_on(
    plugin: Plugin, kubelet: Kubelet, namespace: str
) -> None:
    obj = m.deployment(namespace, "web")
    with pytest.raises(PartialError) as error:
        plugin.create(obj, timeout=2)
    failed = error.value
    assert failed.id == f"{namespace}/web"
    assert failed.properties["metadata"]["uid"]
    assert failed.properties["__inputs"]["spec"]["replicas"] == 1
    # The engine keeps these properties and sends an update, changed or not.
    made = plugin.import_(obj, failed.id)
    assert made is not None
    made.state, made.inputs = failed.properties, failed.properties["__inputs"]
    kubelet.plays(plays.ready)
    done = plugin.update(made, obj)
    assert done.state["metadata"]["uid"] == failed.properties["metadata"]["uid"]
    assert done.state["__fieldManager"] == failed.properties["__fieldManager"]


def test_skip_await_and_timeout_annotations(plugin: Plugin, namespace: str) -> None:
    made = plugin.create(m.annotated(m.deployment(namespace, "quick"), skipAwait="true"))
    assert made.id == f"{namespace}/quick"
    with pytest.raises(PartialError, match="within 1 s"):
        plugin.create(m.annotated(m.deployment(namespace, "slow"), timeoutSeconds="1"))


def test_finalizer_left_behind_is_not_touched(plugin: Plugin, api: Client, namespace: str) -> None:
    """A wait only reads: nothing but the write itself changes the object."""
    made = plugin.create(m.deployment(namespace, "web", replicas=0))
    patch(api, made.state, {"metadata": {"finalizers": []}})
    live = api.get(DEPLOYMENT, namespace, "web")
    managers = {entry["manager"] for entry in live["metadata"]["managedFields"]}
    assert managers <= {"pulumi-kubernetes", "kube-controller-manager", "someone"}


def test_stateful_set_is_awaited(plugin: Plugin, kubelet: Kubelet, namespace: str) -> None:
    creating = in_background(plugin.create, m.stateful_set(namespace, "db", replicas=2))
    plugin.engine.wait_for("[1/2] waiting for 2 of 2 replicas to be ready")
    kubelet.plays(plays.ready)
    made = creating.result(timeout=60)
    assert made.state["status"]["readyReplicas"] == 2
    changed = m.stateful_set(namespace, "db", replicas=2)
    changed["spec"]["template"]["metadata"]["annotations"] = {"revision": "2"}
    made = plugin.update(made, changed)
    status = made.state["status"]
    assert status["currentRevision"] == status["updateRevision"]


def test_daemon_set_without_nodes_is_ready(plugin: Plugin, namespace: str) -> None:
    body = {"selector": {"matchLabels": {"app": "d"}}, "template": m.template("d")}
    body["template"]["spec"]["nodeSelector"] = {"example.com/none": "true"}
    made = plugin.create(m.named("DaemonSet", "apps/v1", "d", namespace, spec=body))
    assert made.state["status"]["observedGeneration"] == 1


def test_job_completes(plugin: Plugin, kubelet: Kubelet, namespace: str) -> None:
    creating = in_background(plugin.create, m.job(namespace, "once"))
    plugin.engine.wait_for("[2/2] waiting for the Job to complete (1 active")
    kubelet.plays(plays.succeeded)
    assert creating.result(timeout=60).state["status"]["succeeded"] == 1


def test_failed_job_ends_the_wait(plugin: Plugin, kubelet: Kubelet, namespace: str) -> None:
    kubelet.plays(plays.failed)
    with pytest.raises(PartialError) as error:
        plugin.create(m.job(namespace, "once"), timeout=300)
    assert "BackoffLimitExceeded" in str(error.value)
    assert "container app has ended: Error, exit code 3" in str(error.value)


def test_pod_is_awaited(plugin: Plugin, kubelet: Kubelet, namespace: str) -> None:
    creating = in_background(
        plugin.create, m.named("Pod", "v1", "alone", namespace, spec=m.pod_spec())
    )
    plugin.engine.wait_for("[1/3] waiting for the Pod to be scheduled")
    kubelet.plays(plays.ready)
    assert creating.result(timeout=60).state["status"]["phase"] == "Running"


def test_replica_set_is_awaited(plugin: Plugin, kubelet: Kubelet, namespace: str) -> None:
    kubelet.plays(plays.ready)
    body = {"selector": {"matchLabels": {"app": "r"}}, "template": m.template("r")}
    made = plugin.create(m.named("ReplicaSet", "apps/v1", "r", namespace, spec=body))
    assert made.state["status"]["availableReplicas"] == 1
