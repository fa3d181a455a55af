"""The state of a resource: the live object, with the inputs and a little bookkeeping inside.

The keys are those of the official plugin, so that either can go on from the other's state.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from .annotations import PATCH_FIELD_MANAGER, annotation
from .naming import unique_name
from .values import Obj, Secret, has_secret, plain, rename_keys

_INPUTS = "__inputs"
_API_VERSION = "__initialApiVersion"
_MANAGER = "__fieldManager"

#: Python and other SDKs can't have dashes in property names (source: provider.go of 4.34).
_DASHED = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}
_UNDERSCORED = {dashed: name for name, dashed in _DASHED.items()}


def to_object(properties: Obj) -> Obj:
    """Properties as the Kubernetes object they mean: plain values, dashed keys."""
    renamed = rename_keys(plain(properties), lambda key: _DASHED.get(key, key))
    return dict(renamed)


def to_properties(obj: Obj) -> Obj:
    """A Kubernetes object as properties: the reverse of `to_object`, without secrets."""
    renamed = rename_keys(obj, lambda key: _UNDERSCORED.get(key, key))
    return copy.deepcopy(dict(renamed))


@dataclass(frozen=True)
class State:
    """What a checkpoint holds, as Kubernetes objects."""

    inputs: Obj
    live: Obj
    api_version: str
    manager: str


def read_state(properties: Obj) -> State:
    """Take a checkpoint apart; empty parts where there is none (an import)."""
    live = to_object({k: v for k, v in properties.items() if k not in _BOOKKEEPING})
    inputs = to_object(_unwrapped(properties.get(_INPUTS)) or {})
    return State(
        inputs,
        live,
        str(_unwrapped(properties.get(_API_VERSION)) or inputs.get("apiVersion") or ""),
        str(_unwrapped(properties.get(_MANAGER)) or ""),
    )


_BOOKKEEPING = frozenset({_INPUTS, _API_VERSION, _MANAGER})


def _unwrapped(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def field_manager(inputs: Obj, stored: str) -> str:
    """Who we are to server-side apply: the annotation, else the state's, else a new name."""
    asked = annotation(inputs, PATCH_FIELD_MANAGER)
    return asked or stored or unique_name("pulumi-kubernetes-", b"")


def write_state(inputs: Obj, live: Obj, given: Obj, api_version: str, manager: str) -> Obj:
    """Put a checkpoint together. What is secret in `given` is secret in it, twice.

    Without managedFields: whoever needs them asks the server, and the engine writes its whole
    state at every step of an update, a third of which they would be.
    """
    properties = to_properties(live)
    if isinstance(metadata := properties.get("metadata"), dict):
        metadata.pop("managedFields", None)
    kept = to_properties(inputs)
    mark_secrets(properties, given)
    mark_secrets(kept, given)
    return properties | {_INPUTS: kept, _API_VERSION: api_version, _MANAGER: manager}


def mark_secrets(properties: Obj, given: Obj) -> None:
    """Wrap in `properties` what is secret in `given`; a Secret's contents always are.

    Objects are followed; anything else with a secret in it becomes secret as a whole, since the
    order of a list may change on its way through the server.
    """
    if properties.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in properties and not isinstance(properties[key], Secret):
                properties[key] = Secret(properties[key])
        return
    for key, value in given.items():
        if key not in properties or isinstance(properties[key], Secret):
            continue
        if isinstance(properties[key], dict) and isinstance(value, dict):
            mark_secrets(properties[key], value)
        elif has_secret(value):
            properties[key] = Secret(properties[key])
