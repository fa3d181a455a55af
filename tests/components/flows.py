"""What a set of NetworkPolicies lets through, worked out as a cluster would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.render import Manifest


@dataclass(frozen=True)
class Pod:
    """A Pod as a policy sees it."""

    namespace: str
    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str]
    port: int = 0


def allowed(policies: Iterable[Manifest], source: Pod, target: Pod) -> bool:
    """Whether ``source`` reaches ``target`` on its port: it may leave, and it may come in."""
    everything = list(policies)
    return _passes(everything, source, target, "egress") and _passes(
        everything, target, source, "ingress"
    )


def may_leave(policies: Iterable[Manifest], source: Pod, target: Pod) -> bool:
    """Whether the source's own side lets it out to the target, whatever the target's says."""
    return _passes(list(policies), source, target, "egress")


def _passes(policies: list[Manifest], subject: Pod, other: Pod, way: str) -> bool:
    applying = [
        each["spec"]
        for each in policies
        if each["metadata"]["namespace"] == subject.namespace
        and _selects(each["spec"]["podSelector"], subject.labels)
        and way.capitalize() in each["spec"]["policyTypes"]
    ]
    port = other.port if way == "egress" else subject.port
    peers = "to" if way == "egress" else "from"
    return not applying or any(
        _rule(rule, other, port, peers) for spec in applying for rule in spec.get(way, [])
    )


def _rule(rule: Mapping[str, Any], other: Pod, port: int, peers: str) -> bool:
    if "ports" in rule and port not in [each["port"] for each in rule["ports"]]:
        return False
    return peers not in rule or any(_peer(each, other) for each in rule[peers])


def _peer(peer: Mapping[str, Any], other: Pod) -> bool:
    if "ipBlock" in peer:
        return False  # Pods have private addresses, which every block of ours leaves out
    return _selects(peer["namespaceSelector"], other.namespace_labels) and _selects(
        peer.get("podSelector", {}), other.labels
    )


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    exact = selector.get("matchLabels", {}).items() <= labels.items()
    return exact and all(
        each["key"] in labels
        for each in selector.get("matchExpressions", [])
        if each["operator"] == "Exists"
    )
