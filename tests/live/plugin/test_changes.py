"""Diff and update: what counts as a change, what needs a new object, who owns a field."""

from __future__ import annotations

from typing import Any

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.stubs import provider_pb2
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj

from . import manifests as m
from .harness import CallError, Made, Plugin
from .kubelet import patch

CONFIG_MAP = Kind("", "v1", "ConfigMap")
KINDS = provider_pb2.PropertyDiff.Kind
NONE, SOME = (provider_pb2.DiffResponse.DiffChanges.Value(k) for k in ("DIFF_NONE", "DIFF_SOME"))


def kinds(answer: Any) -> dict[str, str]:
    """Path to kind of change."""
    return {path: KINDS.Name(diff.kind) for path, diff in answer.detailedDiff.items()}


def skipping(obj: Obj) -> Obj:
    return m.annotated(obj, skipAwait="true")


def test_add_update_and_delete_have_paths(plugin: Plugin, namespace: str) -> None:
    obj = m.config_map(namespace, "c")
    obj["metadata"]["labels"] = {"keep": "1", "change": "1", "drop": "1"}
    made = plugin.create(obj)
    new = m.config_map(namespace, "c")
    new["metadata"]["labels"] = {"keep": "1", "change": "2", "a.b/c": "1"}
    answer = plugin.diff(made, new)
    assert kinds(answer) == {
        "metadata.labels.change": "UPDATE",
        "metadata.labels.drop": "DELETE",
        'metadata.labels["a.b/c"]': "ADD",
    }
    assert answer.detailedDiff["metadata.labels.drop"].inputDiff
    assert answer.diffs == ["metadata"]


def test_what_the_server_rewrites_is_no_change(plugin: Plugin, namespace: str) -> None:
    """Quantities, empty lists and defaults: equal to the server, so equal to us."""
    obj = skipping(m.deployment(namespace, "web"))
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container |= {"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}, "env": []}
    made = plugin.create(obj)
    live = made.state["spec"]["template"]["spec"]["containers"][0]
    assert live["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert plugin.diff(made, obj).changes == NONE
    container["resources"]["limits"]["cpu"] = "1500m"
    path = "spec.template.spec.containers[0].resources.limits.cpu"
    assert kinds(plugin.diff(made, obj)) == {path: "UPDATE"}


def test_unknown_input_is_an_update(plugin: Plugin, namespace: str) -> None:
    obj = m.deployment(namespace, "web")
    made = plugin.create(skipping(obj))
    unknown = skipping(m.deployment(namespace, "web", replicas=UNKNOWN))  # type: ignore[arg-type]
    assert kinds(plugin.diff(made, unknown)) == {"spec.replicas": "UPDATE"}


def test_drift_in_the_state_is_a_change(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = skipping(m.deployment(namespace, "web"))
    made = plugin.create(obj)
    patch(api, made.state, {"spec": {"replicas": 5}})
    refreshed = plugin.read(made)
    assert refreshed is not None
    assert refreshed.inputs["spec"]["replicas"] == 5
    assert kinds(plugin.diff(refreshed, obj)) == {"spec.replicas": "UPDATE"}


def test_fields_of_others_are_no_drift(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = m.config_map(namespace, "c")
    made = plugin.create(obj)
    patch(api, made.state, {"metadata": {"labels": {"theirs": "1"}}, "data": {"theirs": "1"}})
    refreshed = plugin.read(made)
    assert refreshed is not None
    assert refreshed.inputs == made.inputs
    assert plugin.diff(refreshed, obj).changes == NONE


REPLACING = [
    (m.deployment, {"selector": {"matchLabels": {"app": "b"}}}, "spec.selector.matchLabels.app"),
    (m.stateful_set, {"serviceName": "other"}, "spec.serviceName"),
    (m.stateful_set, {"podManagementPolicy": "Parallel"}, "spec.podManagementPolicy"),
    (m.job, {"completions": 2}, "spec.completions"),
    (m.service, {"clusterIP": "None"}, "spec.clusterIP"),
]


@pytest.mark.parametrize(("make", "change", "path"), REPLACING)
def test_immutable_fields_replace(
    plugin: Plugin, namespace: str, make: Any, change: Obj, path: str
) -> None:
    made = plugin.create(skipping(make(namespace, "a")))
    answer = plugin.diff(made, skipping(make(namespace, "a", **change)))
    assert answer.replaces == [path]
    assert kinds(answer)[path].endswith("_REPLACE")
    assert answer.deleteBeforeReplace  # the name is fixed, so the old one is in the way


@pytest.mark.parametrize("field", ["name", "namespace"])
def test_identity_replaces(plugin: Plugin, namespace: str, field: str) -> None:
    made = plugin.create(m.config_map(namespace, "c"))
    other = m.config_map(namespace, "c")
    other["metadata"][field] = "other"
    answer = plugin.diff(made, other)
    assert answer.replaces == [f"metadata.{field}"]
    assert not answer.deleteBeforeReplace


def test_claims_role_references_and_classes(plugin: Plugin, namespace: str) -> None:
    made = plugin.create(skipping(m.claim(namespace, "data", "none")))
    other = skipping(m.claim(namespace, "data", "other"))
    assert plugin.diff(made, other).replaces == ["spec.storageClassName"]
    # A smaller claim is the server's refusal, not a new and empty volume.
    smaller = skipping(m.claim(namespace, "data", "none", size="500Mi"))
    assert not plugin.diff(made, smaller).replaces
    with pytest.raises(CallError, match=r"spec.resources.requests.storage|spec: Forbidden"):
        plugin.update(made, smaller)

    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}
    binding = m.named("RoleBinding", "rbac.authorization.k8s.io/v1", "b", namespace)
    made = plugin.create({**binding, "roleRef": reference})
    answer = plugin.diff(made, {**binding, "roleRef": {**reference, "name": "b"}})
    assert answer.replaces == ["roleRef.name"]


def test_config_data_replaces_unless_mutable(
    plugin: Plugin, kubeconfig: Any, namespace: str
) -> None:
    made = plugin.create(m.config_map(namespace, color="blue"), name="settings")
    assert made.inputs["metadata"]["name"].startswith("settings-")
    unnamed = m.config_map(namespace, color="red")
    answer = plugin.diff(made, unnamed)
    assert answer.replaces == ["data.color"]
    assert not answer.deleteBeforeReplace  # an autonamed successor gets another name
    with Plugin(kubeconfig, enableConfigMapMutable=True) as mutable:
        answer = mutable.diff(made, unnamed)
        assert kinds(answer) == {"data.color": "UPDATE"}
        fixed = {**unnamed, "immutable": True}
        assert "data.color" in mutable.diff(made, fixed).replaces


def test_ignore_changes(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(skipping(m.deployment(namespace, "web")))
    patch(api, made.state, {"spec": {"replicas": 4}}, manager="autoscaler")
    obj = skipping(m.deployment(namespace, "web", replicas=2, minReadySeconds=7))
    answer = plugin.diff(made, obj, ignore=("spec.replicas",))
    assert kinds(answer) == {"spec.minReadySeconds": "ADD"}
    plugin.update(made, obj, ignoreChanges=["spec.replicas"])
    live = api.get(Kind("apps", "v1", "Deployment"), namespace, "web")
    assert (live["spec"]["replicas"], live["spec"]["minReadySeconds"]) == (4, 7)


def test_removed_field_leaves_the_cluster(plugin: Plugin, api: Client, namespace: str) -> None:
    """The first apply takes over what the create set; else this field would stay for ever."""
    obj = m.config_map(namespace, "c")
    obj["metadata"]["labels"] = {"a": "1", "b": "1"}
    made = plugin.create(obj)
    obj["metadata"]["labels"] = {"a": "1"}
    plugin.update(made, obj)
    assert api.get(CONFIG_MAP, namespace, "c")["metadata"]["labels"] == {"a": "1"}


def conflicted(plugin: Plugin, api: Client, namespace: str) -> Made:
    """An object of ours with a field that someone else has taken by server-side apply."""
    made = plugin.create(m.config_map(namespace, "c", color="blue"))
    theirs = m.config_map(namespace, "c", color="green")
    api.apply(theirs, manager="painter", force=True, dry_run=False)
    return made


def test_conflict_names_owner_field_and_ways_out(
    plugin: Plugin, api: Client, namespace: str
) -> None:
    made = conflicted(plugin, api, namespace)
    with pytest.raises(CallError) as error:
        plugin.update(made, m.config_map(namespace, "c", color="red"))
    for words in ("conflict", "painter", ".data.color", 'pulumi.com/patchForce: "true"'):
        assert words in str(error.value)
    assert api.get(CONFIG_MAP, namespace, "c")["data"] == {"color": "green"}


def test_patch_force_takes_over(plugin: Plugin, api: Client, namespace: str) -> None:
    made = conflicted(plugin, api, namespace)
    plugin.update(made, m.annotated(m.config_map(namespace, "c", color="red"), patchForce="true"))
    assert api.get(CONFIG_MAP, namespace, "c")["data"] == {"color": "red"}


def test_field_manager_can_be_named(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "c"))
    obj = m.config_map(namespace, "c")
    obj["metadata"]["labels"] = {"a": "1"}
    made = plugin.update(made, m.annotated(obj, patchFieldManager="team-a"))
    made = plugin.update(made, m.annotated(obj, patchFieldManager="team-b"))
    entries = api.get(CONFIG_MAP, namespace, "c")["metadata"]["managedFields"]
    assert [e["manager"] for e in entries] == ["team-b"]  # team-a has let go


def test_update_preview_changes_nothing(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "c"))
    obj = m.config_map(namespace, "c")
    obj["metadata"]["labels"] = {"a": "1"}
    planned = plugin.update(made, obj, preview=True)
    assert planned.state["metadata"]["labels"] == {"a": "1"}
    assert "labels" not in api.get(CONFIG_MAP, namespace, "c")["metadata"]


def test_update_of_what_is_gone_says_so(plugin: Plugin, api: Client, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "c"))
    api.delete(CONFIG_MAP, namespace, "c", propagation="Background")
    with pytest.raises(CallError, match=f'(?s)ConfigMap {namespace}/c.*"c" not found'):
        plugin.update(made, m.config_map(namespace, "c", a="1"))


def test_replace_unready_job(plugin: Plugin, namespace: str) -> None:
    obj = m.annotated(m.job(namespace, "once"), skipAwait="true", replaceUnready="true")
    made = plugin.create(obj)
    answer = plugin.diff(made, obj)
    assert answer.changes == SOME
    assert answer.replaces == ['metadata.annotations["pulumi.com/replaceUnready"]']
