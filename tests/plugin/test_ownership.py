"""Field owners: handing over, respecting others, and what an import takes."""

from __future__ import annotations

from typing import Any

from toolchain.plugins.kubernetes.ownership import respect_ignored, takeover, written_by_people
from toolchain.plugins.kubernetes.reading import imported_inputs
from toolchain.plugins.kubernetes.values import Obj


def entry(manager: str, operation: str, fields: Obj, **more: Any) -> Obj:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def live(*entries: Obj, **rest: Any) -> Obj:
    metadata = {"name": "a", "resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **rest}


def test_takeover_merges_into_ours() -> None:
    ours = entry("me", "Apply", {"f:data": {"f:a": {}}})
    created = entry("pulumi-kubernetes", "Update", {"f:data": {"f:a": {}, "f:b": {}}})
    other = entry("controller", "Update", {"f:status": {}})
    managed, version = takeover(live(ours, created, other), "me")
    assert managed["value"][0] == other
    assert managed["value"][1]["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}}}
    assert (managed["value"][1]["manager"], managed["value"][1]["operation"]) == ("me", "Apply")
    assert version == {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}


def test_nothing_to_take_over() -> None:
    ours = entry("me", "Apply", {})
    status = entry("kubectl", "Update", {}, subresource="status")
    stranger = entry("argocd", "Apply", {})
    assert takeover(live(ours, status, stranger), "me") == []


def test_kubectl_and_our_former_name_are_taken_over() -> None:
    for manager, operation in (("kubectl-edit", "Update"), ("kubectl", "Apply"), ("old", "Apply")):
        assert takeover(live(entry(manager, operation, {})), "me", former="old")
    assert not takeover(live(entry("old", "Apply", {})), "me")


def test_ignored_fields() -> None:
    spec = {"replicas": 5, "paused": True, "ours": 1}
    mine = entry("me", "Apply", {"f:spec": {"f:ours": {}}})
    theirs = entry("hpa", "Update", {"f:spec": {"f:replicas": {}}})
    now = live(mine, theirs, spec=spec)
    wanted = {"spec": {"replicas": 2, "paused": False, "ours": 2, "rest": 3}}
    ignored = ["spec.replicas", "spec.paused", "spec.ours", "spec.missing.deep"]
    assert respect_ignored(wanted, now, ignored, "me") == {
        # theirs: left out; nobody's and ours: as they are
        "spec": {"paused": True, "ours": 1, "rest": 3}
    }
    assert wanted["spec"]["replicas"] == 2


def test_import_takes_what_people_set() -> None:
    containers = [{"name": "app", "image": "x", "imagePullPolicy": "Always"}, {"name": "sidecar"}]
    fields = {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:finalizers": {'v:"keep"': {}}},
        "f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}}}},
    }
    now = live(
        entry("kubectl", "Apply", fields),
        entry("kube-controller-manager", "Update", {"f:spec": {"f:nodeName": {}}}),
        entry("kubectl", "Update", {"f:status": {}}, subresource="status"),
        spec={"containers": containers, "nodeName": "n"},
        status={"phase": "x"},
    )
    now["metadata"] |= {"labels": {"a": "1", "b": "2"}, "finalizers": ["keep", "drop"], "uid": "u"}
    assert imported_inputs(now) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"a": "1"}, "finalizers": ["keep"]},
        "spec": {"containers": [{"name": "app", "image": "x"}]},
    }


def test_import_without_any_hint_takes_all_but_noise() -> None:
    now = live(data={"a": "1"}, status={})
    now["metadata"] |= {"uid": "u", "annotations": {"deployment.kubernetes.io/revision": "3"}}
    assert written_by_people(now) is None
    assert imported_inputs(now) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"a": "1"},
    }
