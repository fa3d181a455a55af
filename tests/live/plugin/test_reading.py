"""Read: refresh without noise, drift, imports, and objects that are gone or not ready."""

from __future__ import annotations

import json

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind, kind_of
from toolchain.plugins.kubernetes.stubs import provider_pb2
from toolchain.plugins.kubernetes.values import Obj, Secret

from . import kubelet as plays
from . import manifests as m
from .harness import Made, PartialError, Plugin
from .kubelet import Kubelet, patch

NONE = provider_pb2.DiffResponse.DiffChanges.Value("DIFF_NONE")


def with_quantities(namespace: str) -> Obj:
    obj = m.deployment(namespace, "web", replicas=0)
    obj["spec"]["template"]["spec"]["containers"][0] |= {
        "resources": {"requests": {"cpu": "0.5"}},
        "env": [{"name": "A", "value": "1"}],
        "ports": [{"containerPort": 8080}],
    }
    return obj


@pytest.mark.parametrize(
    "make",
    [
        with_quantities,
        lambda ns: m.service(ns, "web", selector={}),
        lambda ns: m.secret(ns, "s", stringData={"a": "b"}, type="Opaque"),
        lambda ns: m.config_map(ns, "c"),
        lambda ns: m.annotated(m.claim(ns, "data", "none", "1024Mi"), skipAwait="true"),
    ],
)
def test_refresh_right_after_create_finds_nothing(
    plugin: Plugin, namespace: str, make: object
) -> None:
    obj: Obj = make(namespace)  # type: ignore[operator]
    made = plugin.create(obj)
    refreshed = plugin.read(made)
    assert refreshed is not None
    assert refreshed.id == made.id
    assert refreshed.state["__fieldManager"] == made.state["__fieldManager"]
    # Both ways: the program against the refreshed state, and the old inputs against it.
    assert plugin.diff(refreshed, obj).changes == NONE
    old = Made(made.urn, made.id, refreshed.inputs, refreshed.state)
    assert plugin.diff(old, made.inputs).changes == NONE


def test_refresh_keeps_secrets_secret(plugin: Plugin, namespace: str) -> None:
    made = plugin.create(m.secret(namespace, "s", stringData={"a": "b"}))
    refreshed = plugin.read(made)
    assert refreshed is not None
    assert refreshed.inputs["data"] == Secret({"a": "Yg=="})
    assert refreshed.state["data"] == Secret({"a": "Yg=="})


def test_gone_object_has_no_id(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "c"))
    api.delete(Kind("", "v1", "ConfigMap"), namespace, "c", propagation="Background")
    assert plugin.read(made) is None


def test_refresh_reports_what_is_not_ready(
    plugin: Plugin, kubelet: Kubelet, api: Client, namespace: str
) -> None:
    kubelet.plays(plays.ready)
    obj = m.deployment(namespace, "web")
    made = plugin.create(obj)
    assert plugin.read(made) is not None
    kubelet.plays(plays.no_image)
    patch(api, made.state, {"spec": {"replicas": 2}}, manager="autoscaler")
    with pytest.raises(PartialError, match="is not ready") as error:
        plugin.read(made)
    assert error.value.inputs["spec"]["replicas"] == 2
    assert error.value.properties["spec"]["replicas"] == 2


def test_import_by_namespace_and_name(plugin: Plugin, api: Client, namespace: str) -> None:
    """A program that says what the importing person said matches the import."""
    obj = m.deployment(namespace, "web", replicas=0)
    api.apply(obj, manager="kubectl", force=False, dry_run=False)
    imported = plugin.import_(obj, f"{namespace}/web")
    assert imported is not None
    assert imported.inputs == obj
    assert imported.state["metadata"]["uid"]
    assert plugin.diff(imported, obj).changes == NONE
    plugin.update(imported, m.deployment(namespace, "web", replicas=0, minReadySeconds=3))
    live = api.get(kind_of(obj), namespace, "web")
    managers = {entry["manager"] for entry in live["metadata"]["managedFields"]}
    assert "kubectl" not in managers  # its fields are ours now


def test_import_prefers_what_kubectl_apply_noted(
    plugin: Plugin, api: Client, namespace: str
) -> None:
    obj = m.config_map(namespace, "c", a="1")
    noted = {**obj, "data": {**obj["data"], "b": "2"}}
    live = {**noted, "data": {"a": "1", "b": "2", "c": "3"}}
    key = "kubectl.kubernetes.io/last-applied-configuration"
    live["metadata"] = {**obj["metadata"], "annotations": {key: json.dumps(noted)}}
    api.create(live, manager="kubectl-client-side-apply", dry_run=False)
    imported = plugin.import_(obj, f"{namespace}/c")
    assert imported is not None
    assert imported.inputs == noted


def test_import_of_cluster_scoped_and_missing(plugin: Plugin, namespace: str) -> None:
    made = plugin.import_(m.named("Namespace", "v1", "x"), namespace)
    assert made is not None and made.inputs["metadata"]["name"] == namespace
    assert plugin.import_(m.config_map(namespace, "x"), f"{namespace}/missing") is None
    unknown_kind = m.named("Unknown", "none.example.com/v1", "x")
    assert plugin.import_(unknown_kind, f"{namespace}/x") is None
