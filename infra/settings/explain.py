"""Pydantic's findings in the words of this product: reason and fix."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from infra.settings.errors import Refused, meant

_Place = tuple[int | str, ...]


def causes(error: ValidationError) -> Iterator[Refused]:
    """The refusals behind an error, or their like."""
    for detail in error.errors(include_url=False):
        refused = detail.get("ctx", {}).get("error")
        if isinstance(refused, Refused):
            yield refused
        else:
            where = ".".join(map(str, detail["loc"]))
            yield Refused(f"{where}: {detail['msg']}", "correct it")


def explained(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[str, Refused]]:
    """Each finding with its key (``systemSettings.flow_studio.host``), reason and fix."""
    for detail in error.errors(include_url=False):
        place = tuple(part for part in detail["loc"] if part != "[key]")
        yield _key(place), _refused(detail, place, model)


def _key(place: _Place) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".") or "config"


def _refused(detail: Any, place: _Place, model: type[BaseModel]) -> Refused:
    refused = detail.get("ctx", {}).get("error")
    if isinstance(refused, Refused):
        return refused
    owner, field = _at(model, place)
    fix = (field.description if field else None) or "correct it"
    got = f"{detail['input']!r}"
    got = got if len(got) <= 60 else f"{got[:57]}..."
    match detail["type"]:
        case "extra_forbidden":
            known = [each.alias or name for name, each in owner.model_fields.items()]
            return Refused("is an unknown key", meant(str(place[-1]), known))
        case "missing":
            return Refused("is missing", fix)
        case "literal_error":
            return Refused(f"can't be {got}; it is {detail['ctx']['expected']}", fix)
        case "string_pattern_mismatch":
            return Refused(f"{got} is not written as it must be", fix)
    message = detail["msg"].removeprefix("Input ").replace("should", "must", 1)
    return Refused(f"{got} {message}", fix)


def _at(model: type[BaseModel], place: _Place) -> tuple[type[BaseModel], FieldInfo | None]:
    """The model that holds the place, and the last field on the way to it."""
    owner, field, kind = model, None, model
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            owner = kind
            found = next(
                (each for name, each in kind.model_fields.items() if part in (name, each.alias)),
                None,
            )
            if found is None:
                break
            field, kind = found, _plain(found.annotation)
        elif get_origin(kind) is dict:
            kind = _plain(get_args(kind)[1])
        else:
            break
    return owner, field


def _plain(annotation: Any) -> Any:
    """The type without its ``| None``."""
    if get_origin(annotation) in (Union, UnionType):
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation
