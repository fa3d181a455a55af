"""Create and delete: what arrives in the cluster, what the state keeps, what is refused."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.errors import ApiError
from toolchain.plugins.kubernetes.objects import Kind, pluck
from toolchain.plugins.kubernetes.values import UNKNOWN, Secret, plain
from toolchain.plugins.kubernetes.watching import Source

from . import manifests as m
from .harness import CallError, PartialError, Plugin, fresh, in_background
from .kubelet import await_objects, patch

CONFIG_MAP = Kind("", "v1", "ConfigMap")


def test_config_map_life_cycle(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "settings", color="blue"))
    assert made.id == f"{namespace}/settings"
    assert api.get(CONFIG_MAP, namespace, "settings")["data"] == {"color": "blue"}
    same = plugin.diff(made, m.config_map(namespace, "settings", color="blue"))
    assert same.changes == same.DIFF_NONE

    labelled = m.config_map(namespace, "settings", color="blue")
    labelled["metadata"]["labels"] = {"tier": "test"}
    changed = plugin.diff(made, labelled)
    assert list(changed.detailedDiff) == ["metadata.labels"]
    assert not changed.replaces
    made = plugin.update(made, labelled)
    assert api.get(CONFIG_MAP, namespace, "settings")["metadata"]["labels"] == {"tier": "test"}

    plugin.delete(made)
    with pytest.raises(ApiError, match="not found"):
        api.get(CONFIG_MAP, namespace, "settings")
    assert plugin.read(made) is None
    plugin.delete(made)  # gone already: no error


def test_state_is_that_of_the_official_plugin(plugin: Plugin, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "settings"))
    assert made.state["__initialApiVersion"] == "v1"
    assert str(made.state["__fieldManager"]).startswith("pulumi-kubernetes-")
    assert made.state["__inputs"] == made.inputs
    assert made.state["metadata"]["uid"]


def test_field_manager_stays_the_same(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "settings"))
    manager = made.state["__fieldManager"]
    for color in ("red", "green"):
        obj = m.config_map(namespace, "settings")
        obj["metadata"]["labels"] = {"color": color}
        made = plugin.update(made, obj)
        assert made.state["__fieldManager"] == manager
    entries = api.get(CONFIG_MAP, namespace, "settings")["metadata"]["managedFields"]
    assert [(e["manager"], e["operation"]) for e in entries] == [(manager, "Apply")]


def test_numbers_are_whole_on_the_wire(plugin: Plugin, namespace: str) -> None:
    obj = m.service(namespace, "web", selector={}, ports=[{"port": 80.0, "targetPort": 8080.0}])
    made = plugin.create(obj)
    port = made.state["spec"]["ports"][0]
    assert port["port"] == 80 and port["targetPort"] == 8080


def test_object_in_the_way_is_not_overwritten(plugin: Plugin, api: Client, namespace: str) -> None:
    foreign = m.config_map(namespace, "settings", owner="someone")
    api.create(foreign, manager="someone", dry_run=False)
    with pytest.raises(
        CallError, match=r"(?s)already exists.*pulumi import.*upsertExistingObjects"
    ):
        plugin.create(m.config_map(namespace, "settings", owner="us"))
    assert api.get(CONFIG_MAP, namespace, "settings")["data"] == {"owner": "someone"}


def test_upsert_existing_objects(kubeconfig: Path, api: Client, namespace: str) -> None:
    api.create(m.config_map(namespace, "settings", theirs="1"), manager="someone", dry_run=False)
    with Plugin(kubeconfig, upsertExistingObjects=True) as plugin:
        plugin.create(m.config_map(namespace, "settings", ours="2"))
    assert api.get(CONFIG_MAP, namespace, "settings")["data"] == {"theirs": "1", "ours": "2"}


def test_unknown_fields_are_errors(plugin: Plugin, namespace: str) -> None:
    obj = m.deployment(namespace, "web", replcas=3)
    with pytest.raises(CallError, match="replcas") as error:
        plugin.create(obj)
    assert f"Deployment {namespace}/web" in str(error.value)


def test_refusals_are_passed_on_whole(plugin: Plugin, namespace: str) -> None:
    obj = m.service(namespace, "web", ports=[{"port": 99999}, {"port": 80}])
    with pytest.raises(CallError) as error:
        plugin.create(obj)
    for words in ("creating Service", "422 Invalid", "spec.ports[0].port", "spec.ports[0].name"):
        assert words in str(error.value)


def test_preview_is_a_dry_run(plugin: Plugin, api: Client, namespace: str) -> None:
    planned = plugin.create(m.service(namespace, "web"), preview=True)
    assert planned.id == ""
    assert planned.state["spec"]["type"] == "ClusterIP"
    # What only a real create decides is unknown, not made up.
    assert planned.state["metadata"]["uid"] is UNKNOWN
    assert planned.state["spec"]["clusterIP"] is UNKNOWN
    with pytest.raises(ApiError, match="not found"):
        api.get(Kind("", "v1", "Service"), namespace, "web")


def test_preview_of_what_is_not_there_yet(plugin: Plugin) -> None:
    nowhere = plugin.create(m.config_map(fresh("later"), "settings"), preview=True)
    assert nowhere.state == nowhere.inputs
    unknown = plugin.create(m.custom(m.crd("planets"), "default", "mars"), preview=True)
    assert unknown.state == unknown.inputs
    partly = m.config_map("default", "settings", address=UNKNOWN)  # type: ignore[arg-type]
    assert plugin.create(partly, preview=True).state["data"]["address"] is UNKNOWN


def test_preview_shows_errors_early(plugin: Plugin, namespace: str) -> None:
    with pytest.raises(CallError, match="replcas"):
        plugin.create(m.deployment(namespace, "web", replcas=3), preview=True)


def test_secret_contents_stay_secret(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.secret(namespace, "login", stringData={"password": "hunter2"}))
    encoded = base64.b64encode(b"hunter2").decode()
    assert made.inputs["data"] == Secret({"password": encoded})
    assert made.state["data"] == Secret({"password": encoded})
    assert made.state["__inputs"]["data"] == Secret({"password": encoded})
    assert api.get(Kind("", "v1", "Secret"), namespace, "login")["data"] == {"password": encoded}
    same = plugin.diff(made, m.secret(namespace, "login", stringData={"password": "hunter2"}))
    assert same.changes == same.DIFF_NONE
    assert not [text for text in plugin.engine.texts if "hunter2" in text or encoded in text]


def test_secret_inputs_are_secret_outputs(plugin: Plugin, namespace: str) -> None:
    obj = m.config_map(namespace, "settings", plain="seen")
    obj["data"]["token"] = Secret("hidden")
    made = plugin.create(obj)
    assert made.state["data"] == {"plain": "seen", "token": Secret("hidden")}
    assert made.state["__inputs"]["data"]["token"] == Secret("hidden")
    assert plain(made.state)["data"]["token"] == "hidden"


def test_waits_for_a_namespace_made_meanwhile(
    plugin: Plugin, api: Client, request: pytest.FixtureRequest
) -> None:
    name = fresh("plugin")
    creating = in_background(plugin.create, m.config_map(name, "settings"))
    plugin.engine.wait_for(f"waiting for the namespace {name} to be created")
    api.create(m.named("Namespace", "v1", name), manager="tests", dry_run=False)
    request.addfinalizer(
        lambda: api.delete(Kind("", "v1", "Namespace"), "", name, propagation="Background")
    )
    assert creating.result(timeout=60).id == f"{name}/settings"


def test_waits_for_a_namespace_that_is_ending(plugin: Plugin, api: Client, namespace: str) -> None:
    held = m.config_map(namespace, "held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    held = api.create(held, manager="tests", dry_run=False)
    name_space = Kind("", "v1", "Namespace")
    api.delete(name_space, "", namespace, propagation="Background")
    creating = in_background(plugin.create, m.config_map(namespace, "settings"))
    plugin.engine.wait_for(f"waiting for the namespace {namespace} to be gone")
    patch(api, held, {"metadata": {"finalizers": []}})
    plugin.engine.wait_for(f"waiting for the namespace {namespace} to be created")
    api.create(m.named("Namespace", "v1", namespace), manager="tests", dry_run=False)
    assert creating.result(timeout=60).id == f"{namespace}/settings"


def test_delete_tells_the_finalizer_that_holds(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = m.config_map(namespace, "held")
    obj["metadata"]["finalizers"] = ["example.com/hold"]
    made = plugin.create(m.annotated(obj, deletionPropagationPolicy="background"))
    with pytest.raises(PartialError, match=r"finalizers: example\.com/hold") as error:
        plugin.delete(made, timeout=2)
    assert "still there after 2 s" in str(error.value)
    assert error.value.id == made.id
    patch(api, made.state, {"metadata": {"finalizers": []}})
    plugin.delete(made)


def test_delete_waits_until_it_is_gone(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = m.config_map(namespace, "held")
    obj["metadata"]["finalizers"] = ["example.com/hold"]
    made = plugin.create(m.annotated(obj, deletionPropagationPolicy="background"))
    deleting = in_background(plugin.delete, made)
    plugin.engine.wait_for("waiting for it to be gone (finalizers: example.com/hold)")
    assert not deleting.done()
    patch(api, made.state, {"metadata": {"finalizers": []}})
    deleting.result(timeout=60)


def test_delete_takes_what_it_owns_along(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.annotated(m.deployment(namespace, "web"), skipAwait="true"))
    del made.state["__inputs"]["metadata"]["annotations"]  # waited for, unlike its creation
    replica_sets = Kind("apps", "v1", "ReplicaSet")
    await_objects(api, Source(replica_sets, namespace), bool)
    plugin.delete(made)
    assert api.select(replica_sets, namespace, {})["items"] == []


@pytest.mark.parametrize(("policy", "left"), [("orphan", 1), ("background", 0)])
def test_deletion_propagation(
    plugin: Plugin, api: Client, namespace: str, policy: str, left: int
) -> None:
    owner = plugin.create(
        m.annotated(m.config_map(namespace, "o"), deletionPropagationPolicy=policy)
    )
    owned = m.config_map(namespace, "owned")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o"}
    reference["uid"] = owner.state["metadata"]["uid"]
    owned["metadata"]["ownerReferences"] = [reference]
    api.create(owned, manager="tests", dry_run=False)
    plugin.delete(owner)
    found = api.get(CONFIG_MAP, namespace, "owned") if left else {}
    assert len(pluck(found, "metadata", "ownerReferences", default=[])) == 0


def test_custom_resources(plugin: Plugin, api: Client, namespace: str) -> None:
    group = fresh("g") + ".example.com"
    definition = plugin.create(m.crd("rockets", group), name="crd")
    assert pluck(definition.state, "spec", "scope") == "Namespaced"
    rocket = plugin.create(m.custom(definition.inputs, namespace, "saturn", size=5))
    assert rocket.state["spec"] == {"size": 5}
    rocket = plugin.update(rocket, m.custom(definition.inputs, namespace, "saturn", size=6))
    assert api.get(Kind(group, "v1", "Rocket"), namespace, "saturn")["spec"] == {"size": 6}
    plugin.delete(definition)
    plugin.delete(rocket)  # went with its definition


def test_waits_for_a_definition_made_meanwhile(plugin: Plugin, namespace: str) -> None:
    definition = m.crd("rockets", fresh("g") + ".example.com")
    creating = in_background(plugin.create, m.custom(definition, namespace, "saturn"))
    plugin.engine.wait_for("waiting for the CustomResourceDefinition of Rocket")
    made = plugin.create(definition, name="crd")
    assert creating.result(timeout=60).id == f"{namespace}/saturn"
    plugin.delete(made)


def test_dashed_schema_keys_survive(plugin: Plugin) -> None:
    definition = m.crd("rockets", fresh("g") + ".example.com")
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    status = schema["properties"]["status"]
    status["x_kubernetes_preserve_unknown_fields"] = status.pop(
        "x-kubernetes-preserve-unknown-fields"
    )
    made = plugin.create(definition)
    live = made.state["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    assert live["x_kubernetes_preserve_unknown_fields"] is True
    assert plugin.diff(made, definition).changes == 1  # DIFF_NONE
    plugin.delete(made)


def test_definition_is_replaced_whole_on_update(plugin: Plugin) -> None:
    definition = m.crd("rockets", fresh("g") + ".example.com")
    made = plugin.create(definition)
    newer = m.crd("rockets", definition["spec"]["group"])
    del newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    made = plugin.update(made, newer)
    live = made.state["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    assert list(live) == ["status"]
    plugin.delete(made)


def test_warnings_of_the_server_are_passed_on(
    plugin: Plugin, kubeconfig: Path, namespace: str
) -> None:
    plugin.create(m.named("Endpoints", "v1", "old", namespace))
    assert "discovery.k8s.io/v1 EndpointSlice" in plugin.engine.wait_for("deprecated")
    with Plugin(kubeconfig, suppressDeprecationWarnings=True) as quiet:
        quiet.create(m.named("Endpoints", "v1", "older", namespace))
        assert not [text for text in quiet.engine.texts if "deprecated" in text]
