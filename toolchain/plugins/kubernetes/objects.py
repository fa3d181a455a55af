"""Reading Kubernetes objects that are plain dictionaries, and naming their kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .values import Obj

#: Group of the legacy core API in resource types; on the wire it is the empty string.
_CORE = "core"


@dataclass(frozen=True)
class Kind:
    """A group, version and kind. `group` is empty for the core API."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}"


def kind_of(obj: Obj) -> Kind:
    """The kind an object says it is; empty parts where it doesn't say."""
    api_version = obj.get("apiVersion")
    group, _, version = str(api_version or "").rpartition("/")
    return Kind("" if group == _CORE else group, version, str(obj.get("kind") or ""))


def type_of(urn: str) -> str:
    """The resource type in a URN: the last of the parent types."""
    return urn.split("::")[2].rpartition("$")[2]


def logical_name_of(urn: str) -> str:
    """The name that the program gave the resource."""
    return "::".join(urn.split("::")[3:])


def kind_of_type(token: str) -> Kind:
    """The kind a resource type stands for, e.g. `kubernetes:apps/v1:Deployment`.

    Raises ValueError for a token of another shape.
    """
    parts = token.split(":")
    group, slash, version = parts[1].rpartition("/") if len(parts) == 3 else ("", "", "")
    if not slash or not parts[2]:
        raise ValueError(
            f"{token!r} is not a Kubernetes resource type (kubernetes:<group>/<version>:<Kind>)"
        )
    return Kind("" if group == _CORE else group, version, parts[2])


def pluck(obj: Any, *path: str, default: Any = None) -> Any:
    """The value at a path of keys, or `default` where a key is missing or isn't in an object."""
    for key in path:
        if not isinstance(obj, dict) or key not in obj:
            return default
        obj = obj[key]
    return obj


def as_list(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one: a status may not be filled in yet."""
    return value if isinstance(value, list) else []


def as_map(value: Any) -> Obj:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_int(value: Any) -> int:
    """The value where it is a whole number, else 0: Kubernetes leaves out zero counts."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def name_of(obj: Obj) -> str:
    return str(pluck(obj, "metadata", "name", default="") or "")


def namespace_of(obj: Obj) -> str:
    return str(pluck(obj, "metadata", "namespace", default="") or "")


def uid_of(obj: Obj) -> str:
    return str(pluck(obj, "metadata", "uid", default="") or "")


def generation_of(obj: Obj) -> int:
    return as_int(pluck(obj, "metadata", "generation"))


def observed(obj: Obj) -> bool:
    """Whether the controller has seen the object as it is now (status.observedGeneration)."""
    return as_int(pluck(obj, "status", "observedGeneration")) >= generation_of(obj)


def condition(obj: Obj, type_: str) -> Obj:
    """The status condition of a type, or an empty object."""
    for item in as_list(pluck(obj, "status", "conditions")):
        if isinstance(item, dict) and item.get("type") == type_:
            return item
    return {}


def is_true(obj: Obj, type_: str) -> bool:
    """Whether a status condition is there and "True"."""
    return bool(condition(obj, type_).get("status") == "True")


def owned_by(obj: Obj, owner: Obj) -> bool:
    """Whether `owner` is among the object's owner references (by uid)."""
    references = as_list(pluck(obj, "metadata", "ownerReferences"))
    return any(isinstance(r, dict) and r.get("uid") == uid_of(owner) for r in references)


def resource_id(namespace: str, name: str) -> str:
    """The Pulumi id of an object: `namespace/name`, or `name` without a namespace."""
    return f"{namespace}/{name}" if namespace else name


def id_of(obj: Obj) -> str:
    return resource_id(namespace_of(obj), name_of(obj))


def split_id(id_: str) -> tuple[str, str]:
    """The namespace (or "") and name in a Pulumi id."""
    namespace, _, name = id_.rpartition("/")
    return namespace, name


def describe(obj: Obj) -> str:
    """How messages call an object: `Deployment shop/web`."""
    return f"{obj.get('kind') or 'object'} {id_of(obj)}"
