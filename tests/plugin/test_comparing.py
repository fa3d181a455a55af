"""Comparing: differences, their paths, what forces a new object, and shapes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.plugins.kubernetes.compare import compare, covers, look_up, parse_path, path_text
from toolchain.plugins.kubernetes.immutable import force_new, is_forced
from toolchain.plugins.kubernetes.projection import normalized, prune
from toolchain.plugins.kubernetes.settings import Settings
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj

KEYS = st.text('abc./[]"-', min_size=1, max_size=5)
VALUES = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def changed(old: Any, new: Any) -> dict[str, str]:
    return {path_text(c.path): c.kind for c in compare(old, new)}


def test_kinds_of_change() -> None:
    old = {"same": 1, "update": 1, "delete": 1, "list": [1, 2, 3], "shape": {"a": 1}}
    new = {"same": 1, "update": 2, "add": {"a": 1}, "list": [1, 5], "shape": "text"}
    assert changed(old, new) == {
        "update": "update",
        "add": "add",
        "delete": "delete",
        "list[1]": "update",
        "list[2]": "delete",
        "shape": "update",
    }


def test_nulls_and_numbers() -> None:
    assert changed({"a": 1}, {"a": 1.0, "b": None}) == {}
    assert changed({"a": 1}, {"a": True}) == {"a": "update"}
    assert changed({"a": 1}, {"a": None}) == {"a": "delete"}


def test_unknown_is_always_a_change() -> None:
    assert changed({"a": 1}, {"a": UNKNOWN, "b": UNKNOWN}) == {"a": "update", "b": "add"}


@given(OBJECTS)
def test_nothing_differs_from_itself(obj: Obj) -> None:
    assert compare(obj, obj) == []


@given(OBJECTS, OBJECTS)
def test_every_change_is_where_it_says(old: Obj, new: Obj) -> None:
    for change in compare(old, new):
        before, after = look_up(old, change.path), look_up(new, change.path)
        assert before is not after or change.kind == "update"
    assert bool(compare(old, new)) == (_typed(old) != _typed(new))


def _typed(value: Any) -> Any:
    """Python takes True for 1; JSON doesn't."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (isinstance(value, bool), value)


@given(
    st.lists(st.integers(0, 20) | KEYS, min_size=1, max_size=5).filter(
        lambda p: isinstance(p[0], str)
    )
)
def test_paths_can_be_read_back(path: list[str | int]) -> None:
    assert parse_path(path_text(tuple(path))) == tuple(path)


def test_paths_as_the_engine_writes_them() -> None:
    assert path_text(("metadata", "labels", "a.b/c")) == 'metadata.labels["a.b/c"]'
    assert path_text(("spec", "ports", 0, "port")) == "spec.ports[0].port"
    assert parse_path('spec.a[*]["b.c"].d') == ("spec", "a", "*", "b.c", "d")
    assert covers(parse_path("spec.ports[*].port"), ("spec", "ports", 3, "port", "x"))
    assert not covers(parse_path("spec.port"), ("spec", "ports"))
    assert not covers(parse_path("spec.a.b"), ("spec", "a"))


def obj(kind: str, api_version: str, **rest: Any) -> Obj:
    return {"apiVersion": api_version, "kind": kind, **rest}


FORCED = [
    (obj("Deployment", "apps/v1"), "spec.selector.matchLabels.app", True),
    (obj("Deployment", "apps/v1"), "spec.template.spec.containers[0].image", False),
    (obj("DaemonSet", "apps/v1"), "spec.selector", True),
    (obj("StatefulSet", "apps/v1"), "spec.volumeClaimTemplates[0].spec.accessModes[0]", True),
    (obj("StatefulSet", "apps/v1"), "spec.serviceName", True),
    (obj("StatefulSet", "apps/v1"), "spec.podManagementPolicy", True),
    (obj("StatefulSet", "apps/v1"), "spec.replicas", False),
    (obj("Job", "batch/v1"), "spec.template.spec.containers[0].image", True),
    (obj("Job", "batch/v1"), "spec.parallelism", True),
    (obj("Job", "batch/v1"), "spec.suspend", False),
    (obj("Pod", "v1"), "spec.containers[1].env[0].value", True),
    (obj("Pod", "v1"), "spec.initContainers[0].image", True),
    (obj("Pod", "v1"), "spec.activeDeadlineSeconds", False),
    (obj("PersistentVolumeClaim", "v1"), "spec.storageClassName", True),
    (obj("PersistentVolumeClaim", "v1"), "spec.accessModes[0]", True),
    (obj("PersistentVolumeClaim", "v1"), "spec.volumeName", True),
    (obj("PersistentVolumeClaim", "v1"), "spec.resources.requests.storage", False),
    (obj("PersistentVolume", "v1"), "spec.hostPath.path", True),
    (obj("PersistentVolume", "v1"), "spec.capacity.storage", False),
    (obj("Service", "v1"), "spec.clusterIP", True),
    (obj("Service", "v1"), "spec.type", False),
    (obj("Secret", "v1"), "type", True),
    (obj("Secret", "v1"), "data.a", True),
    (obj("ConfigMap", "v1"), "data.a", True),
    (obj("ConfigMap", "v1"), "binaryData.a", True),
    (obj("ConfigMap", "v1"), "metadata.labels.a", False),
    (obj("RoleBinding", "rbac.authorization.k8s.io/v1"), "roleRef.name", True),
    (obj("ClusterRoleBinding", "rbac.authorization.k8s.io/v1"), "roleRef", True),
    (obj("RoleBinding", "rbac.authorization.k8s.io/v1"), "subjects[0].name", False),
    (obj("StorageClass", "storage.k8s.io/v1"), "parameters.type", True),
    (obj("StorageClass", "storage.k8s.io/v1"), "reclaimPolicy", True),
    (obj("StorageClass", "storage.k8s.io/v1"), "allowVolumeExpansion", False),
    (obj("PriorityClass", "scheduling.k8s.io/v1"), "value", True),
    (obj("CustomResourceDefinition", "apiextensions.k8s.io/v1"), "spec.scope", True),
    (obj("CustomResourceDefinition", "apiextensions.k8s.io/v1"), "spec.versions[0].schema", False),
    (obj("Anything", "example.com/v1"), "metadata.name", True),
    (obj("Anything", "example.com/v1"), "metadata.namespace", True),
    (obj("Anything", "example.com/v1"), "spec.selector", False),
]


@pytest.mark.parametrize(("subject", "path", "expected"), FORCED)
def test_force_new_table(subject: Obj, path: str, expected: bool) -> None:
    assert is_forced(parse_path(path), "x", force_new(subject, Settings())) is expected


def test_a_change_around_a_field_touches_it() -> None:
    patterns = force_new(obj("Deployment", "apps/v1"), Settings())
    assert is_forced(("spec",), {"selector": {}}, patterns)
    assert not is_forced(("spec",), {"replicas": 1}, patterns)
    pod = force_new(obj("Pod", "v1"), Settings())
    assert is_forced(("spec", "containers"), [{"name": "a"}, {"image": "x"}], pod)


@pytest.mark.parametrize(
    ("kind", "mutable"),
    [
        ("ConfigMap", Settings(config_map_mutable=True)),
        ("Secret", Settings(secret_mutable=True)),
    ],
)
def test_contents_may_be_mutable(kind: str, mutable: Settings) -> None:
    assert is_forced(("data", "a"), "x", force_new(obj(kind, "v1"), Settings()))
    assert not is_forced(("data", "a"), "x", force_new(obj(kind, "v1"), mutable))
    fixed = obj(kind, "v1", immutable=True)
    assert is_forced(("data", "a"), "x", force_new(fixed, mutable))


def test_prune_keeps_what_the_inputs_mention() -> None:
    live = {"a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1, "y": 2}, {"x": 3}], "server": "adds"}
    shape = {"a": 0, "b": {"c": 0}, "l": [{"x": 0}], "gone": 1}
    assert prune(live, shape) == {"a": 1, "b": {"c": 2}, "l": [{"x": 1}]}


@given(OBJECTS)
def test_prune_by_itself_changes_nothing(value: Obj) -> None:
    assert prune(value, value) == value or any(_mixed(value))


def _mixed(value: Any) -> list[bool]:
    """Empty lists and lists of several types are cut by rules of their own."""
    if isinstance(value, dict):
        return [m for item in value.values() for m in _mixed(item)]
    if isinstance(value, list):
        return [len({type(i) for i in value}) > 1, *(m for item in value for m in _mixed(item))]
    return [False]


def test_normalized_leaves_its_argument_alone() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "x"}}
    assert normalized(secret) == {"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}}
    assert secret["stringData"] == {"a": "x"}
    crd = obj("CustomResourceDefinition", "apiextensions.k8s.io/v1")
    full = {**crd, "spec": {"preserveUnknownFields": False}, "status": {}, "metadata": {"uid": "1"}}
    assert normalized(full) == {**crd, "spec": {}, "metadata": {}}
