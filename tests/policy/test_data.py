"""What holds data is not replaced and not removed, unless the stack file names it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from stacks.policy import data
from stacks.policy.pack.state import parsed
from stacks.policy.resource import Resource
from tests.support import program

NOTHING: frozenset[str] = frozenset()


def real(kind: str, name: str) -> Resource:
    found = program("prod").registered(kind, name)
    return Resource(found.type, found.name, found.urn, found.inputs, found.protect)


SERVER = real("StatefulSet", "sms-ao-redis-server")
DATABASE = real("Cluster", "sms-ao-postgres-cluster")
SPACE = real("Namespace", "sms-ao-space-namespace")
CLAIM = Resource(
    "kubernetes:core/v1:PersistentVolumeClaim",
    "claim",
    "urn:claim",
    {
        "metadata": {"name": "claim", "namespace": "a"},
        "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}},
    },
)


def altered(resource: Resource, change: Callable[[dict[str, Any]], object]) -> Resource:
    props = copy.deepcopy(dict(resource.props))
    change(props)
    return Resource(resource.type, resource.name, resource.urn, props, resource.protect)


@pytest.mark.parametrize("resource", [SERVER, DATABASE, SPACE, CLAIM], ids=lambda r: r.name)
def test_what_holds_data_is_known(resource: Resource) -> None:
    assert data.holds_data(resource)


def test_what_can_be_made_again_holds_none() -> None:
    assert not data.holds_data(real("Deployment", "sms-ao-api-deployment"))
    assert not data.holds_data(real("Namespace", "gateway-namespace"))
    without = altered(SERVER, lambda props: props["spec"].pop("volumeClaimTemplates"))
    assert not data.holds_data(without)
    assert not data.holds_data(Resource(SERVER.type, "a", "u", {}))


@pytest.mark.parametrize(
    ("before", "change", "part"),
    [
        (SERVER, lambda p: p["metadata"].update(name="other"), "metadata.name"),
        (SERVER, lambda p: p["metadata"].update(namespace="other"), "metadata.namespace"),
        (SERVER, lambda p: p["spec"].update(serviceName="other"), "spec.serviceName"),
        (
            SERVER,
            lambda p: p["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"].update(
                storage="9Gi"
            ),
            "spec.volumeClaimTemplates",
        ),
        (DATABASE, lambda p: p["metadata"].update(name="other"), "metadata.name"),
        (SPACE, lambda p: p["metadata"].update(name="other"), "metadata.name"),
        (CLAIM, lambda p: p["spec"].update(storageClassName="slow"), "spec.storageClassName"),
        (CLAIM, lambda p: p["spec"].pop("storageClassName"), "spec.storageClassName"),
    ],
)
def test_a_replacement_is_refused_unless_it_is_named(
    before: Resource, change: Callable[[dict[str, Any]], object], part: str
) -> None:
    after = altered(before, change)
    (told,) = data.replaced(after, before, NOTHING)
    assert part in told
    assert before.key in told  # the words to put into the stack file
    assert list(data.replaced(after, before, frozenset({before.key}))) == []
    assert list(data.replaced(after, before, frozenset({"a:b:C::other"}))) != []


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (SERVER, lambda p: p["spec"]["template"]["spec"]["containers"][0].update(image="a:2")),
        (SERVER, lambda p: p["spec"].update(replicas=3)),
        (DATABASE, lambda p: p["spec"].update(instances=5)),
        (DATABASE, lambda p: p["spec"]["storage"].update(size="999Gi")),
        (CLAIM, lambda p: p["spec"]["resources"]["requests"].update(storage="2Gi")),
        (SPACE, lambda p: p["metadata"]["labels"].update(more="true")),
        (SERVER, lambda p: None),
    ],
)
def test_a_change_in_place_passes(
    before: Resource, change: Callable[[dict[str, Any]], object]
) -> None:
    assert list(data.replaced(altered(before, change), before, NOTHING)) == []


def test_what_is_new_replaces_nothing() -> None:
    assert list(data.replaced(SERVER, None, NOTHING)) == []


def test_a_removal_is_refused_unless_it_is_named() -> None:
    kept = [DATABASE.urn, SPACE.urn]
    ((urn, told),) = data.removed(kept, [SERVER, DATABASE, SPACE], NOTHING)
    assert urn == SERVER.urn
    assert SERVER.key in told
    assert list(data.removed(kept, [SERVER], frozenset({SERVER.key}))) == []
    assert list(data.removed([*kept, SERVER.urn], [SERVER], NOTHING)) == []


def test_protection_is_asked_for_where_the_tier_protects() -> None:
    bare = Resource(SERVER.type, SERVER.name, SERVER.urn, SERVER.props, protect=False)
    assert list(data.protected(bare, True, NOTHING)) != []
    assert list(data.protected(bare, True, frozenset({bare.key}))) == []
    assert list(data.protected(bare, False, NOTHING)) == []
    assert list(data.protected(SERVER, True, NOTHING)) == []


def test_the_state_before_is_read_from_an_export() -> None:
    entry = {
        "urn": "urn:pulumi:prod::alicerce::a$kubernetes:core/v1:PersistentVolumeClaim::one",
        "type": "kubernetes:core/v1:PersistentVolumeClaim",
        "inputs": {"metadata": {"name": "one"}},
        "protect": True,
    }
    other = {**entry, "type": "kubernetes:core/v1:ConfigMap", "urn": "urn:pulumi:p::a::t::two"}
    going = {**entry, "delete": True, "urn": "urn:pulumi:p::a::t::three"}
    found = parsed({"deployment": {"resources": [entry, other, going]}})
    assert [each.name for each in found.values()] == ["one"]
    assert found[str(entry["urn"])].protect is True
    assert parsed({}) == {}
    assert parsed({"deployment": None}) == {}
