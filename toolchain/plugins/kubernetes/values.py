"""The engine's property values as Python values, and back.

Secrets travel as objects with a signature key, unknown values as sentinel strings, and every
number as a double (source: pulumi sdk/go/common/resource/plugin/rpc.go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

Obj = dict[str, Any]

SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a mark, not a password
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNSUPPORTED = {
    "c44067f5952c0a294b673a41bacd8c17": "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "resource reference",
}
_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Unknown:
    """A value that a preview can't know yet. There is one: `UNKNOWN`."""

    _one: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    def __repr__(self) -> str:
        return "<unknown>"

    def __deepcopy__(self, _memo: object) -> Unknown:
        return self


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that must stay encrypted in the state and out of every message."""

    value: Any

    def __repr__(self) -> str:
        return "<secret>"


def is_unknown_text(text: str) -> bool:
    """Whether a string stands for an unknown value, where only strings can be sent."""
    return text in _UNKNOWNS


def from_struct(struct: struct_pb2.Struct) -> Obj:
    """Decode an engine's property map. Raises ValueError for assets, archives and references."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if is_unknown_text(value.string_value) else value.string_value
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    return None


def _number(value: float) -> int | float:
    """Whole numbers become ints: Kubernetes refuses `replicas: 3.0`."""
    return int(value) if value.is_integer() else value


def _decode_object(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else ""
    if signature == _SECRET:
        return Secret(_decode(struct.fields["value"]))
    if signature == _OUTPUT:
        return _decode_output(struct)
    if signature in _UNSUPPORTED:
        raise ValueError(f"a Kubernetes object can't hold a Pulumi {_UNSUPPORTED[signature]}")
    return from_struct(struct)


def _decode_output(struct: struct_pb2.Struct) -> Any:
    value = _decode(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    secret = "secret" in struct.fields and struct.fields["secret"].bool_value
    return Secret(value) if secret else value


def to_struct(obj: Mapping[str, Any], *, keep_secrets: bool = True) -> struct_pb2.Struct:
    """Encode a property map for the engine; without `keep_secrets` secrets are sent plain."""
    struct = struct_pb2.Struct()
    for key, value in obj.items():
        struct.fields[key].CopyFrom(_encode(value, keep_secrets))
    return struct


def _encode(value: Any, keep_secrets: bool) -> struct_pb2.Value:  # noqa: PLR0911 -- one a type
    if isinstance(value, Secret):
        if not keep_secrets:
            return _encode(value.value, keep_secrets)
        return _encode({SIGNATURE: _SECRET, "value": value.value}, keep_secrets)
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=_UNKNOWN_STRING)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value, keep_secrets=keep_secrets))
    items = [_encode(item, keep_secrets) for item in value]
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))


def plain(value: Any) -> Any:
    """A deep copy without secret wrappers; unknowns stay."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def rename_keys(value: Any, rename: Callable[[str], str]) -> Any:
    """A deep copy with every object key passed through `rename`."""
    if isinstance(value, Secret):
        return Secret(rename_keys(value.value, rename))
    if isinstance(value, dict):
        return {rename(key): rename_keys(item, rename) for key, item in value.items()}
    if isinstance(value, list):
        return [rename_keys(item, rename) for item in value]
    return value


def _leaves(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, Secret):
        yield from _leaves(value.value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)


def has_unknown(value: Any) -> bool:
    """Whether anything inside is not known yet."""
    return any(isinstance(leaf, Unknown) for leaf in _leaves(value))


def has_secret(value: Any) -> bool:
    """Whether anything inside is a secret."""
    return any(isinstance(leaf, Secret) for leaf in _leaves(value))
