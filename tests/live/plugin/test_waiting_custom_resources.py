"""Waiting for custom resources, and what ends any wait: against a real API server."""

from __future__ import annotations

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.values import Obj

from . import manifests as m
from .harness import CallError, PartialError, Plugin, fresh, in_background
from .kubelet import patch_status

CUSTOM = "toys"


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


def test_cancel_ends_a_wait_with_the_state_kept(plugin: Plugin, namespace: str, toys: Obj) -> None:
    """Nothing happens to this object, so only the cancellation itself can end the wait."""
    obj = m.annotated(m.custom(toys, namespace, "bear"), waitFor="condition=Ready")
    creating = in_background(plugin.create, obj, timeout=600)
    plugin.engine.wait_for("waiting for condition Ready=True")
    plugin.cancel()
    with pytest.raises(PartialError, match="was cancelled") as error:
        creating.result(timeout=20)
    assert error.value.properties["metadata"]["uid"]
