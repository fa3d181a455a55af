"""The `pulumi.com/` annotations that steer the provider (source: pulumi-kubernetes metadata)."""

from __future__ import annotations

from typing import Any

from .objects import pluck
from .values import Obj, Unknown

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MANAGED_BY = "app.kubernetes.io/managed-by"


def annotation(obj: Obj, key: str) -> str:
    """The annotation's value, or "" where it is missing or not known yet."""
    value = pluck(obj, "metadata", "annotations", key, default="")
    return value if isinstance(value, str) else ""


def is_on(obj: Obj, key: str) -> bool:
    """Whether the annotation is "true"."""
    return annotation(obj, key) == "true"


def annotate(obj: Obj, key: str, value: str) -> None:
    """Set an annotation; leaves an object alone whose metadata isn't known yet."""
    put_in_metadata(obj, "annotations", key, value)


def put_in_metadata(obj: Obj, section: str, key: str, value: Any) -> None:
    """Set one label or annotation unless the place for it is an unknown value."""
    metadata = obj.setdefault("metadata", {})
    if isinstance(metadata, Unknown):
        return
    if metadata.get(section) is None:
        metadata[section] = {}
    if not isinstance(metadata[section], Unknown):
        metadata[section][key] = value


def timeout_of(obj: Obj, from_engine: float, default: float = 600.0) -> float:
    """Seconds to wait: the resource's customTimeouts, else the annotation, else `default`."""
    if from_engine > 0:
        return from_engine
    try:
        return float(int(annotation(obj, TIMEOUT_SECONDS)))
    except ValueError:
        return default
