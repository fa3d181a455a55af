"""Read: refresh what is known, or import what is not."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field

from .annotations import LAST_APPLIED, annotation
from .checkpoint import (
    State,
    field_manager,
    mark_secrets,
    read_state,
    to_object,
    to_properties,
    write_state,
)
from .errors import ApiError, ProviderError, UnknownKindError, UnreachableError
from .objects import (
    Kind,
    as_map,
    describe,
    id_of,
    kind_of,
    kind_of_type,
    name_of,
    pluck,
    split_id,
    type_of,
)
from .ownership import written_by_people
from .projection import READ_ONLY_METADATA, normalized, prune
from .session import Session
from .values import Obj
from .waiting.choose import rule_for_read
from .waiting.loop import glance
from .waiting.rules import DONE

#: Annotations that controllers and kubectl write: no program should repeat them.
_NOISE = (LAST_APPLIED, "deployment.kubernetes.io/revision")


@dataclass
class Found:
    """What Read answers. An empty `id` means that the object is gone."""

    id: str = ""
    properties: Obj = field(default_factory=dict)
    inputs: Obj = field(default_factory=dict)
    #: Why the object isn't ready, if it should be.
    reasons: list[str] = field(default_factory=list)


def read(session: Session, urn: str, id_: str, properties: Obj, inputs: Obj) -> Found:
    """Raises ProviderError where the cluster can't be asked."""
    try:
        client = session.client()
    except UnreachableError as error:
        return _unreachable(session, urn, error, Found(id_, properties, inputs))
    state, old = read_state(properties), normalized(to_object(inputs))
    kind = _kind(urn, state, old)
    namespace, name = split_id(id_)
    if not name:
        raise ProviderError(f"{id_!r} is not an id: give `name`, or `namespace/name`")
    if not namespace and session.namespaced(kind):
        namespace = session.default_namespace
    try:
        live = client.get(kind, namespace, name)
    except UnknownKindError:
        return Found()
    except ApiError as error:
        if error.not_found:
            return Found()
        raise
    imported = not old.get("kind") and not state.live.get("kind")
    shaped = imported_inputs(live) if imported else _shaped(live, old, state)
    found = _found(id_, live, shaped, state, inputs)
    found.reasons = [] if imported else _unready(session, shaped, live)
    return found


def _unreachable(session: Session, urn: str, error: UnreachableError, known: Found) -> Found:
    if session.settings.delete_unreachable:
        session.host.warning(urn, f"{error} deleteUnreachable: removed from the state.")
        return Found()
    if session.settings.skip_update_unreachable:
        session.host.warning(urn, f"{error} skipUpdateUnreachable: shown as last known.")
        return known
    raise error


def _kind(urn: str, state: State, old: Obj) -> Kind:
    for obj in (old, state.live):
        if obj.get("kind") and obj.get("apiVersion"):
            return kind_of(obj)
    return kind_of_type(type_of(urn))


def _shaped(live: Obj, old: Obj, state: State) -> Obj:
    """The live object in the shape of the old inputs; an old `.get()` has only a live one."""
    shape = old if old.get("kind") else normalized(state.inputs)
    if not shape.get("kind"):
        return imported_inputs(live)
    shaped: Obj = prune(live, shape)
    return shaped


def _found(id_: str, live: Obj, shaped: Obj, state: State, old_inputs: Obj) -> Found:
    api_version = state.api_version or str(live.get("apiVersion"))
    manager = field_manager(shaped, state.manager)
    properties = write_state(shaped, live, old_inputs, api_version, manager)
    inputs = to_properties(shaped)
    mark_secrets(inputs, old_inputs)
    return Found(id_ or id_of(live), properties, inputs)


def _unready(session: Session, shaped: Obj, live: Obj) -> list[str]:
    """Why an object that should be ready isn't; empty if it is."""
    rule = rule_for_read(shaped, live)
    verdict = glance(session, rule, live) if rule is not None else DONE
    if verdict.done:
        return []
    told = [text for text in (verdict.progress, *verdict.problems) if text]
    return [f"{describe(live)} is not ready", *told]


def imported_inputs(live: Obj) -> Obj:
    """The inputs that a program would have given for an object that something else made.

    In this order: what `kubectl apply` noted down; what managedFields say that people and tools
    set; everything but what only the server writes.
    """
    shape = _last_applied(live) or written_by_people(live) or live
    inputs: Obj = prune(live, shape) if shape is not live else copy.deepcopy(live)
    inputs.pop("status", None)
    metadata = as_map(inputs.get("metadata"))
    for key in READ_ONLY_METADATA:
        metadata.pop(key, None)
    annotations = as_map(metadata.get("annotations"))
    for key in _NOISE:
        annotations.pop(key, None)
    if not annotations:
        metadata.pop("annotations", None)
    metadata["name"] = name_of(live)
    if pluck(live, "metadata", "namespace"):
        metadata["namespace"] = live["metadata"]["namespace"]
    head = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
    return normalized(head | {k: v for k, v in inputs.items() if k not in head})


def _last_applied(live: Obj) -> Obj | None:
    try:
        applied = json.loads(annotation(live, LAST_APPLIED) or "null")
    except ValueError:
        return None
    return applied if isinstance(applied, dict) else None
