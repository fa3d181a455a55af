"""Manifests against the types of ``pulumi_kubernetes``: every field known, every value fitting.

The components write manifests as plain mappings (``infra.core.manifest`` says why); this is what
keeps a misspelt field from waiting for a cluster to be found.
"""

from __future__ import annotations

import collections.abc
import importlib
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pulumi import _types

_SCALARS: dict[type, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (int, float),
}


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """What doesn't fit, each with its path; nothing for kinds that upstream has no type for."""
    args = _args(manifest["apiVersion"], manifest["kind"])
    return [] if args is None else list(_check(manifest, args, manifest["kind"]))


@cache
def _args(version: str, kind: str) -> type | None:
    group, _, number = version.rpartition("/")
    if "." in group and not group.endswith(".k8s.io"):
        return None  # a custom resource: the API server has its schema
    module = f"pulumi_kubernetes.{group.partition('.')[0] or 'core'}.{number}"
    found: type = getattr(importlib.import_module(module + "." + kind), f"{kind}InitArgs")
    return found


def _check(value: Any, wanted: Any, at: str) -> Iterator[str]:
    if value is None:
        return
    wanted = _unwrapped(wanted)
    origin = typing.get_origin(wanted)
    if wanted is Any or isinstance(wanted, str):
        return
    if origin is typing.Literal:
        if value not in typing.get_args(wanted):
            yield f"{at} is {value!r}, not one of {typing.get_args(wanted)}"
    elif origin in (list, collections.abc.Sequence):
        yield from _check_list(value, typing.get_args(wanted)[0], at)
    elif origin in (dict, collections.abc.Mapping):
        yield from _check_map(value, typing.get_args(wanted)[1], at)
    elif _types.is_input_type(wanted):
        yield from _check_object(value, wanted, at)
    elif wanted in _SCALARS and type(value) not in _SCALARS[wanted]:
        yield f"{at} is {value!r}, not a {wanted.__name__}"


def _check_list(value: Any, item: Any, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at} is no list"
        return
    for index, each in enumerate(value):
        yield from _check(each, item, f"{at}[{index}]")


def _check_map(value: Any, item: Any, at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at} is no map"
        return
    for key, each in value.items():
        yield from _check(each, item, f"{at}.{key}")


def _check_object(value: Any, wanted: type, at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at} is no object"
        return
    fields = _types.input_type_types(wanted)
    for key, each in value.items():
        if key not in fields:
            yield f"{at}.{key} is unknown"
        else:
            yield from _check(each, fields[key], f"{at}.{key}")


def _unwrapped(wanted: Any) -> Any:
    """The first alternative: ``Input[...]`` and ``Optional`` taken off, enums as their values."""
    if isinstance(wanted, types.UnionType) or typing.get_origin(wanted) is typing.Union:
        parts = [each for each in typing.get_args(wanted) if each is not type(None)]
        if {int, str} <= set(parts):
            return Any  # IntOrString
        return _unwrapped(parts[0])
    return wanted
