"""Who owns which field (metadata.managedFields), and handing fields over.

A create is a plain POST (as the official plugin does since 4.29, so that it can't overwrite what
is there); its fields belong to the manager "pulumi-kubernetes" by operation Update. The first
server-side apply must take them over, or a field that leaves the program would stay behind.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

from .compare import parse_path
from .immutable import Path
from .objects import as_list, as_map, pluck
from .values import Obj

#: The manager of a plain create.
CREATOR = "pulumi-kubernetes"
#: Managers whose fields we take over before an apply, by prefix and operation: our own creates,
#: and kubectl's, whose objects are imported (source: fixCSAFieldManagers in await.go of 4.34).
_TAKEN_OVER = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)


def _entries(live: Obj) -> list[Obj]:
    return [e for e in as_list(pluck(live, "metadata", "managedFields")) if isinstance(e, dict)]


def _is_taken_over(entry: Obj, former: str = "") -> bool:
    manager, operation = str(entry.get("manager")), entry.get("operation")
    return not entry.get("subresource") and (
        any(manager.startswith(prefix) and operation == op for prefix, op in _TAKEN_OVER)
        or (manager == former and operation == "Apply")
    )


def takeover(live: Obj, manager: str, former: str = "") -> list[Obj]:
    """The JSON patch that makes `manager` the owner of those fields; empty if there are none.

    `former` is the name under which we applied before, if the program has changed it.
    """
    mine = [e for e in _entries(live) if e.get("manager") == manager and e["operation"] == "Apply"]
    taken = [e for e in _entries(live) if _is_taken_over(e, former) and e not in mine]
    if not taken:
        return []
    fields: Obj = {}
    for entry in mine + taken:
        _merge(fields, as_map(entry.get("fieldsV1")))
    merged = copy.deepcopy((mine or taken)[0])
    merged |= {"manager": manager, "operation": "Apply", "fieldsV1": fields}
    rest = [e for e in _entries(live) if e not in mine and e not in taken]
    version = pluck(live, "metadata", "resourceVersion")
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [*rest, merged]},
        # The server refuses the patch if someone else changed the object in between.
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]


def _merge(into: Obj, fields: Obj) -> None:
    for key, value in fields.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)


def respect_ignored(inputs: Obj, live: Obj, ignored: Iterable[str], manager: str) -> Obj:
    """The inputs to apply when `ignoreChanges` is given.

    A field that only others own is left out, so that we neither conflict nor become its owner; a
    field of ours is sent with its live value, since leaving it out would remove it.
    """
    inputs = copy.deepcopy(inputs)
    for path in map(parse_path, ignored):
        mine = any(_owns(e, path) for e in _entries(live) if e.get("manager") == manager)
        others = any(_owns(e, path) for e in _entries(live) if e.get("manager") != manager)
        parent, key = _parent(inputs, path)
        found, value = _find(live, path)
        if parent is None:
            continue
        if others and not mine:
            parent.pop(key, None)
        elif found:
            parent[key] = copy.deepcopy(value)
    return inputs


def _owns(entry: Obj, path: Path) -> bool:
    fields: Any = entry.get("fieldsV1")
    for part in path:
        fields = as_map(fields).get(f"f:{part}")
        if fields is None:
            return False
    return True


def _parent(obj: Obj, path: Path) -> tuple[Any, Any]:
    for part in path[:-1]:
        obj = obj.get(part, {}) if isinstance(obj, dict) and isinstance(part, str) else {}
    usable = isinstance(obj, dict) and path and isinstance(path[-1], str)
    return (obj, path[-1]) if usable else (None, "")


def _find(obj: Any, path: Path) -> tuple[bool, Any]:
    for part in path:
        if not isinstance(obj, dict) or part not in obj:
            return False, None
        obj = obj[part]
    return True, obj


# -- imports ---------------------------------------------------------------------------------------

#: Programs of Kubernetes itself: what they set is not what someone asked for.
_CONTROLLERS = ("kube-", "kubelet", "cloud-controller-manager", "k3s", "metrics-server")


def written_by_people(live: Obj) -> Obj | None:
    """The part of an object that a person or a tool set; None where managedFields don't tell."""
    fields: Obj = {}
    for entry in _entries(live):
        manager = str(entry.get("manager"))
        if not entry.get("subresource") and not manager.startswith(_CONTROLLERS):
            _merge(fields, as_map(entry.get("fieldsV1")))
    return as_map(_project(live, fields)) if fields else None


def _project(value: Any, fields: Obj) -> Any:
    """`value` cut down to a set of fields (format: structured-merge-diff's FieldsV1)."""
    inner = [key for key in fields if key != "."]
    if not inner:
        return copy.deepcopy(value)
    if isinstance(value, dict):
        known = {k.removeprefix("f:"): v for k, v in fields.items() if k.startswith("f:")}
        return {k: _project(v, known[k]) for k, v in value.items() if k in known}
    if isinstance(value, list):
        kept = [(item, _item_fields(item, index, fields)) for index, item in enumerate(value)]
        return [_project(item, chosen) for item, chosen in kept if chosen is not None]
    return copy.deepcopy(value)


def _item_fields(item: Any, index: int, fields: Obj) -> Obj | None:
    for key, inner in fields.items():
        mark, _, rest = key.partition(":")
        if mark == "k" and isinstance(item, dict):
            if all(item.get(k) == v for k, v in json.loads(rest).items()):
                return as_map(inner)
        elif (mark == "v" and json.loads(rest) == item) or (mark == "i" and int(rest) == index):
            return as_map(inner)
    return None
