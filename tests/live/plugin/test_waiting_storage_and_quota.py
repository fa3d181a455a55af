"""Waiting for claims, quotas and tokens: against the real controllers."""

from __future__ import annotations

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.values import Obj

from . import manifests as m
from .harness import Plugin, fresh, in_background


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
