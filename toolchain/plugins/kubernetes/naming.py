"""Names that the provider gives, and names that Kubernetes refuses."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from typing import Any

from .annotations import AUTONAMED, annotate, is_on
from .objects import name_of, pluck
from .values import Obj, Unknown

_HEX = 8
#: A DNS subdomain (RFC 1123), the rule for most kinds, and its length limit.
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_LONGEST = 253
#: Kinds whose names may hold more: RBAC and others only exclude path characters.
_PATH_SEGMENT = re.compile(r"[^/%]+")
_LOOSE_GROUPS = frozenset({"rbac.authorization.k8s.io"})
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


class NamingError(ValueError):
    """No name can be given."""


def is_named(obj: Obj) -> bool:
    """Whether the program gave a name, be it one that isn't known yet."""
    name = pluck(obj, "metadata", "name")
    return isinstance(name, Unknown) or bool(name)


def is_generate_name(obj: Obj) -> bool:
    return not is_named(obj) and bool(pluck(obj, "metadata", "generateName"))


def unique_name(prefix: str, seed: bytes) -> str:
    """`prefix` and 8 hex digits: the same ones for the same seed, random without one."""
    if not seed:
        return prefix + secrets.token_hex(_HEX // 2)
    return prefix + hashlib.sha256(seed + prefix.encode()).hexdigest()[:_HEX]


def autoname(obj: Obj, logical_name: str, seed: bytes, *, proposed: str, disabled: bool) -> None:
    """Name an object that has no name, and mark that we did.

    `proposed` is the engine's own proposal (the stack's autonaming settings); `disabled` says
    that these settings forbid names by the provider. Raises NamingError then.
    """
    if is_named(obj) or is_generate_name(obj):
        return
    if disabled:
        raise NamingError("autonaming is disabled, so the resource needs a `metadata.name`")
    metadata = obj.setdefault("metadata", {})
    if isinstance(metadata, Unknown):
        return
    metadata["name"] = proposed or unique_name(f"{logical_name}-", seed)
    annotate(obj, AUTONAMED, "true")


def adopt_autoname(obj: Obj, old: Obj) -> None:
    """An unnamed object keeps the name that it was given when it was made."""
    if not is_named(obj) and is_on(old, AUTONAMED):
        obj.setdefault("metadata", {})["name"] = name_of(old)
        annotate(obj, AUTONAMED, "true")


def name_faults(obj: Obj, group: str) -> Iterator[tuple[str, str]]:
    """Property and reason for each name, label or annotation that the server would refuse."""
    metadata = obj.get("metadata")
    if isinstance(metadata, Unknown):
        return
    if not isinstance(metadata, dict):
        yield "metadata", "`metadata` must be an object"
        return
    yield from _name_fault(metadata.get("name"), group)
    for section in ("labels", "annotations"):
        yield from _map_faults(section, metadata.get(section))


def _name_fault(name: Any, group: str) -> Iterator[tuple[str, str]]:
    if name is None or isinstance(name, Unknown):
        return
    if not isinstance(name, str):
        yield "metadata.name", f"a name must be a string, not {type(name).__name__}"
        return
    rule = _PATH_SEGMENT if group in _LOOSE_GROUPS else _SUBDOMAIN
    if len(name) > _LONGEST or not rule.fullmatch(name):
        yield (
            "metadata.name",
            f"{name!r} is not a valid name: lower-case letters, digits, '-' and '.', starting and "
            f"ending with a letter or digit, at most {_LONGEST} characters",
        )


def _map_faults(section: str, values: Any) -> Iterator[tuple[str, str]]:
    if values is None or isinstance(values, Unknown):
        return
    if not isinstance(values, dict):
        yield f"metadata.{section}", f"`{section}` must be an object of strings"
        return
    for key, value in values.items():
        where = f'metadata.{section}["{key}"]'
        if not _valid_key(key):
            yield (
                where,
                f"{key!r} is not a valid key: [prefix/]name, the name at most 63 characters",
            )
        if not isinstance(value, str | Unknown):
            kind = type(value).__name__
            yield where, f"the value must be a string, not {kind}: put it in quotes"
        elif section == "labels" and isinstance(value, str) and not _valid_label(value):
            yield where, f"{value!r} is not a valid label value (at most 63 of A-Za-z0-9-_.)"


def _valid_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and not (_SUBDOMAIN.fullmatch(prefix) and len(prefix) <= _LONGEST):
        return False
    return len(name) <= 63 and bool(_LABEL_NAME.fullmatch(name))


def _valid_label(value: str) -> bool:
    return len(value) <= 63 and bool(_LABEL_VALUE.fullmatch(value))
