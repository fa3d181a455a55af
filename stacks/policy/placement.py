"""Rules about labels and namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra.core.guards import REQUIRED_LABELS, SYSTEM
from stacks.policy.resource import Resource, at

_NAMESPACE = "kubernetes:core/v1:Namespace"
_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_DIRECTIONS = {"Ingress", "Egress"}
# An object that others made and this stack only installs.
_UPSTREAM = ("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",)


def labelled(resource: Resource) -> Iterator[str]:
    """Every object says whose it is, and which tier it belongs to."""
    if not resource.kubernetes or resource.type in _UPSTREAM:
        return
    labels = at(resource.props, "metadata", "labels") or {}
    for label in REQUIRED_LABELS:
        if not labels.get(label):
            yield f"label {label} is missing; make the object through a component"


def default_deny(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """Every namespace of a system is closed in both directions: (URN, what is wrong)."""
    everything = list(resources)
    closed = {
        str(at(each.props, "metadata", "namespace"))
        for each in everything
        if each.type == _POLICY and _closes(each)
    }
    for each in everything:
        name = str(at(each.props, "metadata", "name"))
        is_system = at(each.props, "metadata", "labels", SYSTEM)
        if each.type == _NAMESPACE and is_system and name not in closed:
            yield each.urn, f"namespace {name!r} has no NetworkPolicy that denies by default"


def enforced(resource: Resource) -> Iterator[str]:
    """Every namespace of a system enforces the ``restricted`` Pod security standard."""
    labels = at(resource.props, "metadata", "labels") or {}
    key = "pod-security.kubernetes.io/enforce"
    if resource.type == _NAMESPACE and labels.get(SYSTEM) and labels.get(key) != "restricted":
        yield f"namespace label {key} is {labels.get(key)!r}, and must be 'restricted'"


def _closes(policy: Resource) -> bool:
    spec = at(policy.props, "spec") or {}
    selector = spec.get("podSelector") or {}
    everyone = not selector.get("matchLabels") and not selector.get("matchExpressions")
    no_rule = not spec.get("ingress") and not spec.get("egress")
    return everyone and no_rule and set(spec.get("policyTypes") or ()) == _DIRECTIONS
