"""Waiting: each kind's rule against the real controllers, with the tests playing the kubelet."""

from __future__ import annotations

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.watching import Source

from . import kubelet as plays
from . import manifests as m
from .harness import CallError, PartialError, Plugin, fresh, in_background
from .kubelet import Kubelet, await_objects, patch, patch_status

DEPLOYMENT = Kind("apps", "v1", "Deployment")
CUSTOM = "toys"


# -- Deployment ------------------------------------------------------------------------------------


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


# -- other workloads -------------------------------------------------------------------------------


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


# -- storage ---------------------------------------------------------------------------------------


@pytest.fixture
def storage_class(api: Client, request: pytest.FixtureRequest) -> str:
    name = fresh("class")
    mode = getattr(request, "param", "Immediate")
    obj = m.named("StorageClass", "storage.k8s.io/v1", name)
    obj |= {"provisioner": "example.com/nobody", "volumeBindingMode": mode}
    api.create(obj, manager="tests", dry_run=False)
    kind = Kind("storage.k8s.io", "v1", "StorageClass")
    request.addfinalizer(lambda: api.delete(kind, "", name, propagation="Background"))
    return name


def volume(name: str, storage_class: str) -> Obj:
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "hostPath": {"path": "/nowhere"},
    }
    return m.named("PersistentVolume", "v1", name, spec=spec)


def test_claim_is_awaited_until_bound(plugin: Plugin, namespace: str, storage_class: str) -> None:
    creating = in_background(plugin.create, m.claim(namespace, "data", storage_class))
    plugin.engine.wait_for("waiting for a volume to be bound")
    made = plugin.create(volume(fresh("volume"), storage_class), name="volume")
    assert made.state["status"]["phase"] in ("Available", "Bound")
    claim = creating.result(timeout=60)
    assert claim.state["status"]["phase"] == "Bound"
    plugin.delete(claim)
    plugin.delete(made)


@pytest.mark.parametrize("storage_class", ["WaitForFirstConsumer"], indirect=True)
def test_claim_for_a_first_consumer_is_not(
    plugin: Plugin, namespace: str, storage_class: str
) -> None:
    made = plugin.create(m.claim(namespace, "data", storage_class))
    assert made.state["status"]["phase"] == "Pending"


def test_quota_and_token(plugin: Plugin, namespace: str) -> None:
    quota = m.named("ResourceQuota", "v1", "quota", namespace, spec={"hard": {"pods": "10"}})
    assert plugin.create(quota).state["status"]["hard"] == {"pods": "10"}
    token = m.secret(namespace, "token", type="kubernetes.io/service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "default"}
    assert plugin.create(token).state["data"].value["token"]


# -- network ---------------------------------------------------------------------------------------


def endpoints(namespace: str, service: str, *, ready: bool) -> Obj:
    """What the endpoints controller writes for a Pod; it only does for Pods on real nodes."""
    obj = m.named("EndpointSlice", "discovery.k8s.io/v1", f"{service}-tests", namespace)
    obj["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    endpoint = {"addresses": ["192.0.2.7"], "conditions": {"ready": ready, "serving": ready}}
    return {**obj, "addressType": "IPv4", "ports": [], "endpoints": [endpoint]}


def test_service_waits_for_pending_endpoints(plugin: Plugin, api: Client, namespace: str) -> None:
    pending = endpoints(namespace, "web", ready=False)
    api.create(pending, manager="tests", dry_run=False)
    creating = in_background(plugin.create, m.service(namespace, "web"))
    plugin.engine.wait_for("finding Pods to direct traffic to (0 ready, 1 pending)")
    plugin.engine.wait_for("waiting for 1 of 1 endpoints to be ready")
    assert not creating.done()
    patch(api, pending, {"endpoints": endpoints(namespace, "web", ready=True)["endpoints"]})
    assert creating.result(timeout=60).id == f"{namespace}/web"


def test_service_with_ready_endpoints_needs_no_settling(
    plugin: Plugin, api: Client, namespace: str
) -> None:
    ready = endpoints(namespace, "web", ready=True)
    api.create(ready, manager="tests", dry_run=False)
    plugin.create(m.service(namespace, "web"), timeout=5)


@pytest.mark.parametrize(
    "spec",
    [{"clusterIP": "None"}, {"selector": {}}, {"type": "ExternalName", "externalName": "e.x"}],
)
def test_services_without_pods_are_ready_at_once(plugin: Plugin, namespace: str, spec: Obj) -> None:
    plugin.create(m.service(namespace, "web", **spec), timeout=5)


def test_load_balancer_waits_for_its_address(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = m.service(namespace, "web", type="LoadBalancer", selector={})
    creating = in_background(plugin.create, obj)
    plugin.engine.wait_for("waiting for the load balancer's address")
    patch_status(api, obj, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})
    made = creating.result(timeout=60)
    assert made.state["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"


def ingress(namespace: str, service: str) -> Obj:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec = {"ingressClassName": "none", "rules": [{"host": "e.x", "http": {"paths": [path]}}]}
    return m.named("Ingress", "networking.k8s.io/v1", "entry", namespace, spec=spec)


def test_ingress_waits_for_backend_and_address(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = ingress(namespace, "web")
    creating = in_background(plugin.create, obj)
    plugin.engine.wait_for("finding a Service for each path (missing: e.x/ -> web)")
    plugin.create(m.annotated(m.service(namespace, "web"), skipAwait="true"), name="service")
    plugin.engine.wait_for("waiting for the ingress controller to publish an address")
    patch_status(api, obj, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})
    creating.result(timeout=60)


# -- custom resources ------------------------------------------------------------------------------


@pytest.fixture
def toys(api: Client, request: pytest.FixtureRequest) -> Obj:
    definition = m.crd(CUSTOM, fresh("g") + ".example.com")
    api.create(definition, manager="tests", dry_run=False)
    kind = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    name = definition["metadata"]["name"]
    request.addfinalizer(lambda: api.delete(kind, "", name, propagation="Background"))
    return definition


def test_custom_resources_are_not_awaited(plugin: Plugin, namespace: str, toys: Obj) -> None:
    assert plugin.create(m.custom(toys, namespace, "bear"), timeout=5).id == f"{namespace}/bear"


@pytest.mark.parametrize(
    "case",
    [
        ("condition=Ready", "waiting for condition Ready=True"),
        ("condition=Broken=False", "waiting for condition Broken=False"),
        ("jsonpath={.status.phase}=Done", "waiting for {.status.phase}=Done"),
        ("jsonpath={.status.phase}", "waiting for {.status.phase}"),
        (
            '["jsonpath={.status.conditions[?(@.type==\\"Ready\\")].status}=True", '
            '"condition=Ready"]',
            "waiting for {.status.conditions",
        ),
    ],
)
def test_wait_for_annotation(
    plugin: Plugin, api: Client, namespace: str, toys: Obj, case: tuple[str, str]
) -> None:
    wait_for, told = case
    obj = m.annotated(m.custom(toys, namespace, "bear"), waitFor=wait_for)
    creating = in_background(plugin.create, obj)
    plugin.engine.wait_for(told)
    assert not creating.done()
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Broken", "status": "False"}]
    patch_status(api, obj, {"phase": "Done", "conditions": conditions})
    assert creating.result(timeout=60).state["status"]["phase"] == "Done"


def test_wait_for_tells_what_it_found(
    plugin: Plugin, api: Client, namespace: str, toys: Obj
) -> None:
    obj = m.annotated(m.custom(toys, namespace, "bear"), waitFor="condition=Ready")
    creating = in_background(plugin.create, obj, timeout=4)
    plugin.engine.wait_for("waiting for condition Ready=True")
    unready = {"type": "Ready", "status": "False", "reason": "NoStuffing", "message": "sold out"}
    patch_status(api, obj, {"conditions": [unready]})
    with pytest.raises(PartialError, match=r"Ready is False \(NoStuffing: sold out\)"):
        creating.result(timeout=60)


def test_wait_for_nonsense_is_refused(plugin: Plugin, namespace: str, toys: Obj) -> None:
    obj = m.annotated(m.custom(toys, namespace, "bear"), waitFor="Ready")
    with pytest.raises((CallError, PartialError), match='expected "jsonpath='):
        plugin.create(obj)


def test_object_deleted_meanwhile_does_not_pass_for_ready(
    plugin: Plugin, api: Client, namespace: str, toys: Obj
) -> None:
    obj = m.annotated(m.custom(toys, namespace, "bear"), waitFor="condition=Ready")
    creating = in_background(plugin.create, obj, timeout=4)
    plugin.engine.wait_for("waiting for condition Ready=True")
    kind = Kind(toys["spec"]["group"], "v1", "Toy")
    api.delete(kind, namespace, "bear", propagation="Background")
    successor = m.custom(toys, namespace, "bear")
    api.create(successor, manager="someone", dry_run=False)
    patch_status(api, successor, {"conditions": [{"type": "Ready", "status": "True"}]})
    with pytest.raises(PartialError, match="did not become ready"):
        creating.result(timeout=60)


def test_finalizer_left_behind_is_not_touched(plugin: Plugin, api: Client, namespace: str) -> None:
    """A wait only reads: nothing but the write itself changes the object."""
    made = plugin.create(m.deployment(namespace, "web", replicas=0))
    patch(api, made.state, {"metadata": {"finalizers": []}})
    live = api.get(DEPLOYMENT, namespace, "web")
    managers = {entry["manager"] for entry in live["metadata"]["managedFields"]}
    assert managers <= {"pulumi-kubernetes", "kube-controller-manager", "someone"}


def test_cancel_ends_a_wait_with_the_state_kept(plugin: Plugin, namespace: str, toys: Obj) -> None:
    """Nothing happens to this object, so only the cancellation itself can end the wait."""
    obj = m.annotated(m.custom(toys, namespace, "bear"), waitFor="condition=Ready")
    creating = in_background(plugin.create, obj, timeout=600)
    plugin.engine.wait_for("waiting for condition Ready=True")
    plugin.cancel()
    with pytest.raises(PartialError, match="was cancelled") as error:
        creating.result(timeout=20)
    assert error.value.properties["metadata"]["uid"]
