"""Rules about what holds data: it is not replaced and not removed unless the stack file says so.

The engine tells a policy what a resource will be, never what it was, so the state before the
update is read beside it (``pack/state.py``) and compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from stacks.policy.resource import Resource, at

_CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster"
_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
_SET = "kubernetes:apps/v1:StatefulSet"
_NAMESPACE = "kubernetes:core/v1:Namespace"

# The parts of ``spec`` that can change in place (Kubernetes API reference, v1.34); a change of
# any other part replaces the object. A database cluster takes every change in place.
_CHANGEABLE = {
    _CLAIM: frozenset({"resources", "volumeAttributesClassName"}),
    _SET: frozenset(
        {"replicas", "template", "updateStrategy", "minReadySeconds", "revisionHistoryLimit",
         "ordinals", "persistentVolumeClaimRetentionPolicy"}
    ),
}  # fmt: skip
_FIX = "name it in alicerce:replacements of the stack file, as {key!r}, if its data may go"


def holds_data(resource: Resource) -> bool:
    """Whether something would be lost with it that the description can't make again."""
    if resource.type == _SET:
        return bool(at(resource.props, "spec", "volumeClaimTemplates"))
    if resource.type == _NAMESPACE:
        return bool(at(resource.props, "metadata", "labels", "alicerce.dev/system"))
    return resource.type in (_CLAIM, _CLUSTER)


def protected(resource: Resource, tier_protects: bool, allowed: frozenset[str]) -> Iterator[str]:
    """Where the tier protects data, the engine must have been told to."""
    needed = tier_protects and holds_data(resource) and resource.key not in allowed
    if needed and not resource.protect:
        yield "it holds data and is not protected; add it with holds_data=True"


def replaced(resource: Resource, before: Resource | None, allowed: frozenset[str]) -> Iterator[str]:
    """Nothing that holds data is replaced."""
    if before is None or not holds_data(before) or resource.key in allowed:
        return
    for part in _immutable_changes(resource, before):
        yield (
            f"the change of {part} would replace {resource.name!r} and lose its data; undo it, or "
            + _FIX.format(key=resource.key)
        )


def removed(
    wanted: Iterable[str], before: Iterable[Resource], allowed: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Nothing that holds data goes away: (URN, what is wrong). ``wanted`` are the new URNs."""
    staying = set(wanted)
    for each in before:
        if each.urn not in staying and holds_data(each) and each.key not in allowed:
            words = f"{each.name!r} holds data and would be removed; keep it, or "
            yield each.urn, words + _FIX.format(key=each.key)


def _immutable_changes(resource: Resource, before: Resource) -> Iterator[str]:
    for part in ("name", "namespace"):
        old, new = at(before.props, "metadata", part), at(resource.props, "metadata", part)
        if old != new and new is not None:
            yield f"metadata.{part}"
    if resource.type not in _CHANGEABLE:
        return
    old_spec: Mapping[str, Any] = at(before.props, "spec") or {}
    new_spec: Mapping[str, Any] = at(resource.props, "spec") or {}
    for key in sorted({*old_spec, *new_spec} - _CHANGEABLE[resource.type]):
        if _plain(old_spec.get(key)) != _plain(new_spec.get(key)):
            yield f"spec.{key}"


def _plain(value: Any) -> Any:
    """Comparable: proxies of the policy SDK unwrapped, absent and empty the same."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if _plain(v) not in (None, {}, [])}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value
