"""Bringing a live object to the shape of the inputs that made it, so that the two compare.

Kubernetes fills in a great deal that no program wrote. Differences count only where the program
said something (source: pulumi-kubernetes provider/util.go, pruneMap).
"""

from __future__ import annotations

import base64
import copy
from typing import Any

from .objects import as_map, kind_of, pluck
from .values import Obj, has_unknown

#: Metadata that only the server writes (source: Kubernetes API conventions, ObjectMeta).
READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)


def prune(live: Any, shape: Any) -> Any:
    """The part of `live` that `shape` mentions; lists are cut to the shape's length."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        return _prune_list(live, shape)
    return copy.deepcopy(live)


def _prune_list(live: list[Any], shape: list[Any]) -> list[Any]:
    if not live or not shape:
        return []
    if type(live[0]) is not type(shape[0]):
        return copy.deepcopy(live)
    return [prune(item, wanted) for item, wanted in zip(live, shape, strict=False)]


def is_secret(obj: Obj) -> bool:
    return obj.get("kind") == "Secret" and kind_of(obj).api_version == "v1"


def is_crd(obj: Obj) -> bool:
    return (
        obj.get("kind") == "CustomResourceDefinition"
        and kind_of(obj).group == "apiextensions.k8s.io"
    )


def normalized(obj: Obj) -> Obj:
    """The same object in the form in which the server would give it back, as far as we know it.

    Secrets: `stringData` becomes `data`. CRDs: `status` and a false `preserveUnknownFields` go.
    Everything else that servers rewrite (quantities, empty lists) is left to a dry run.
    """
    obj = copy.deepcopy(obj)
    metadata = as_map(obj.get("metadata"))
    for key in READ_ONLY_METADATA:
        metadata.pop(key, None)
    if has_unknown(obj):
        return obj
    if is_secret(obj):
        _normalize_secret(obj)
    elif is_crd(obj):
        obj.pop("status", None)
        if pluck(obj, "spec", "preserveUnknownFields") is False:
            del obj["spec"]["preserveUnknownFields"]
    return obj


def _normalize_secret(obj: Obj) -> None:
    data = {key: _recoded(value) for key, value in as_map(obj.get("data")).items()}
    for key, value in as_map(obj.get("stringData")).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    if data:
        obj["data"] = data
        obj.pop("stringData", None)


def _recoded(value: Any) -> Any:
    """Base64 without line breaks, as the server gives it back; it refuses what isn't base64."""
    try:
        return base64.b64encode(base64.b64decode(value)).decode()
    except (ValueError, TypeError):
        return value


def in_scope(obj: Obj, namespaced: bool) -> Obj:
    """The object with its namespace spelled out, or without one where its kind has none."""
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        if namespaced:
            metadata["namespace"] = metadata.get("namespace") or "default"
        else:
            metadata.pop("namespace", None)
    return obj
