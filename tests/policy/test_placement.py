"""Labels, and namespaces that are closed."""

from __future__ import annotations

import pytest

from stacks.policy import placement
from stacks.policy.resource import Resource
from tests.support import program

LABELS = {
    "app.kubernetes.io/name": "a",
    "app.kubernetes.io/part-of": "b",
    "alicerce.dev/owner": "c",
    "alicerce.dev/tier": "local",
}


def everything() -> list[Resource]:
    return [Resource(e.type, e.name, e.urn, e.inputs) for e in program("local").resources]


@pytest.mark.parametrize("label", LABELS)
def test_a_label_that_is_missing_is_refused(label: str) -> None:
    labels = {key: value for key, value in LABELS.items() if key != label}
    found = Resource("kubernetes:core/v1:Service", "a", "u", {"metadata": {"labels": labels}})
    assert label in next(placement.labelled(found))


def test_labels_that_are_there_pass_and_others_need_none() -> None:
    whole = Resource("kubernetes:core/v1:Service", "a", "u", {"metadata": {"labels": LABELS}})
    assert list(placement.labelled(whole)) == []
    assert list(placement.labelled(Resource("aws:s3/bucket:Bucket", "a", "u", {}))) == []
    assert len(list(placement.labelled(Resource("kubernetes:core/v1:Service", "a", "u", {})))) == 4


def test_the_program_s_namespaces_are_closed() -> None:
    assert list(placement.default_deny(everything())) == []


@pytest.mark.parametrize("slug", ["sms-ao", "blipee"])
def test_a_namespace_without_its_policy_is_refused(slug: str) -> None:
    rest = [each for each in everything() if each.name != f"{slug}-space-default-deny"]
    ((urn, told),) = placement.default_deny(rest)
    assert urn.endswith(f"::{slug}-space-namespace")
    assert repr(slug) in told


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "policyTypes": ["Ingress"]},
        {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress", "Egress"]},
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]},
        {},
    ],
)
def test_a_policy_that_leaves_a_way_open_does_not_count(spec: dict[str, object]) -> None:
    namespace = Resource(
        "kubernetes:core/v1:Namespace",
        "n",
        "urn:n",
        {"metadata": {"name": "n", "labels": {"alicerce.dev/system": "n"}}},
    )
    policy = Resource(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "p",
        "urn:p",
        {"metadata": {"namespace": "n"}, "spec": spec},
    )
    assert len(list(placement.default_deny([namespace, policy]))) == 1


def test_a_system_s_namespace_must_enforce_restricted() -> None:
    labels = {"alicerce.dev/system": "a", "pod-security.kubernetes.io/enforce": "baseline"}
    bad = Resource("kubernetes:core/v1:Namespace", "a", "u", {"metadata": {"labels": labels}})
    assert "must be 'restricted'" in next(placement.enforced(bad))
    missing = Resource(
        "kubernetes:core/v1:Namespace",
        "a",
        "u",
        {"metadata": {"labels": {"alicerce.dev/system": "a"}}},
    )
    assert list(placement.enforced(missing)) != []
    assert [w for e in everything() for w in placement.enforced(e)] == []
