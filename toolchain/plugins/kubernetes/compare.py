"""The differences between two objects, as property paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .immutable import Path
from .values import Unknown

_MISSING = object()


@dataclass(frozen=True)
class Change:
    """One difference. `kind` is add, update or delete; `value` the new (or deleted) value."""

    path: Path
    kind: str
    value: Any


def compare(old: Any, new: Any) -> list[Change]:
    """What turns `old` into `new`. Unknown values count as changed."""
    changes: list[Change] = []
    _walk((), old, new, changes)
    return changes


def _walk(path: Path, old: Any, new: Any, out: list[Change]) -> None:
    if isinstance(new, Unknown):
        out.append(Change(path, "add" if old is _MISSING else "update", new))
    elif new is _MISSING or (new is None and old is not _MISSING and old is not None):
        out.append(Change(path, "delete", old))
    elif old is _MISSING:
        if new is not None:  # a null says the same as nothing
            out.append(Change(path, "add", new))
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(k for k in old if k not in new)]:
            _walk((*path, key), old.get(key, _MISSING), new.get(key, _MISSING), out)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            _walk((*path, index), _at(old, index), _at(new, index), out)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        out.append(Change(path, "update", new))


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _MISSING


def look_up(obj: Any, path: Path) -> Any:
    """The value at a path; a marker equal only to itself where there is none."""
    for part in path:
        if isinstance(part, int):
            obj = _at(obj, part) if isinstance(obj, list) else _MISSING
        else:
            obj = obj.get(part, _MISSING) if isinstance(obj, dict) else _MISSING
    return obj


def path_text(path: Path) -> str:
    """A property path as the engine writes it: `spec.ports[0]`, `metadata.labels["a.b/c"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif any(c in part for c in '."[]'):
            escaped = part.replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{part}" if text else part
    return text


def parse_path(text: str) -> tuple[str | int, ...]:
    """The reverse of `path_text`, for ignoreChanges; `*` stays as it is."""
    parts: list[str | int] = []
    rest = text
    while rest:
        if rest.startswith('["'):
            end = rest.index('"]', 2)
            while rest[end - 1] == "\\":
                end = rest.index('"]', end + 1)
            parts.append(rest[2:end].replace('\\"', '"'))
            rest = rest[end + 2 :]
        elif rest.startswith("["):
            inside, _, rest = rest[1:].partition("]")
            parts.append(int(inside) if inside.isdigit() else inside)
        else:
            rest = rest.removeprefix(".")
            end = next((i for i, c in enumerate(rest) if c in ".["), len(rest))
            if end:
                parts.append(rest[:end])
            rest = rest[end:]
    return tuple(parts)


def covers(ignored: Path, path: Path) -> bool:
    """Whether an ignoreChanges path holds the changed one."""
    return len(ignored) <= len(path) and all(
        wanted in ("*", part) for wanted, part in zip(ignored, path, strict=False)
    )
