"""The engine's gRPC stubs, without paying for the whole Pulumi SDK.

`import pulumi` takes three times as long as everything else this plugin does before it is ready,
and the engine starts a plugin several times in one run. The stubs only need their own folder, so
empty packages stand in for `pulumi` and `pulumi.runtime` while they load, and are taken away
again: a later `import pulumi` in the same process is the real one.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

_SHELLS = {"pulumi": (), "pulumi.runtime": ("runtime",)}
_PROTO = "pulumi.runtime.proto"


def _with_shells() -> list[str]:
    """Register the stand-in packages; return the names to take away again."""
    spec = find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "the Kubernetes plugin needs the `pulumi` package for its gRPC stubs; "
            "install the project's dependencies (`uv sync`)"
        )
    root = spec.submodule_search_locations[0]
    for name, parts in _SHELLS.items():
        shell = ModuleType(name)
        shell.__path__ = ["/".join((root, *parts))]
        sys.modules[name] = shell
    return list(_SHELLS)


def _load(*names: str) -> list[Any]:
    shells = [] if "pulumi" in sys.modules else _with_shells()
    try:
        return [import_module(f"{_PROTO}.{name}") for name in names]
    finally:
        for name in shells:
            del sys.modules[name]


if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )
else:
    engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2 = _load(
        "engine_pb2",
        "engine_pb2_grpc",
        "plugin_pb2",
        "provider_pb2",
        "provider_pb2_grpc",
        "status_pb2",
    )

__all__ = [
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
]
