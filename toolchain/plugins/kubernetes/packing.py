"""Packing answers and failures the way the engine reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import struct_pb2

from .errors import InitError, ProviderError
from .stubs import provider_pb2, status_pb2

_T = TypeVar("_T")
_CHANGE_KINDS = {
    "add": "ADD",
    "update": "UPDATE",
    "delete": "DELETE",
    "add-replace": "ADD_REPLACE",
    "update-replace": "UPDATE_REPLACE",
    "delete-replace": "DELETE_REPLACE",
}


def run(context: Any, work: Callable[[], _T]) -> _T:
    """Do the work; its failures end the call."""
    try:
        return work()
    except (ProviderError, ValueError) as error:
        abort(context, error)


def abort(context: Any, error: Exception) -> NoReturn:
    """End the call with the error's text."""
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort raises")


def abort_partly(
    context: Any,
    failed: InitError,
    id_: str,
    properties: struct_pb2.Struct,
    inputs: struct_pb2.Struct | None = None,
) -> NoReturn:
    """Fail, and hand the engine the state to keep: the next run goes on from there."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=id_, properties=properties, reasons=[str(failed)], inputs=inputs
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failed))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(failed))
    raise AssertionError("abort raises")


def failures(found: list[tuple[str, str]]) -> list[Any]:
    """Property and reason pairs as check failures."""
    return [provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in found]


def changes(changed: bool) -> Any:
    """The verdict of a diff."""
    kinds = provider_pb2.DiffResponse.DiffChanges
    return kinds.Value("DIFF_SOME" if changed else "DIFF_NONE")


def detailed(paths: dict[str, str]) -> dict[str, Any]:
    """Changed paths and their kinds as a detailed diff."""
    kinds = provider_pb2.PropertyDiff.Kind
    return {
        path: provider_pb2.PropertyDiff(
            kind=kinds.Value(_CHANGE_KINDS[kind]), inputDiff=kind.startswith("delete")
        )
        for path, kind in paths.items()
    }


def top_level(paths: dict[str, str]) -> list[str]:
    """The top-level properties that changed."""
    return sorted({path.partition(".")[0].partition("[")[0] for path in paths})
