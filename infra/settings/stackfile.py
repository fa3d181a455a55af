"""Reading a stack file without an engine, to the same raw map that the engine hands over.

Pulumi keeps every value as text: scalars as they are, lists and maps as JSON.
What YAML can say beyond that (anchors, tags, dates, two equal keys) is refused:
the engine and this reader must never understand one file differently.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.settings.errors import Problem, meant

PROJECT = "alicerce"
_TOP = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
# Namespaces that Pulumi or its providers read themselves.
NAMESPACES = (PROJECT, "pulumi", "kubernetes", "aws")
_LARGEST = 1_000_000
_DEEPEST = 40

Raw = tuple[dict[str, str], list[Problem]]


class _Loader(yaml.SafeLoader):
    """YAML's plain part, without dates: ``2026-01-01`` stays the text that it is."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML types it as an instance's
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            # Equal keys are an error by YAML's own rules; PyYAML would let the last one win.
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r:.60} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path) -> Raw:
    """The ``config`` of a stack file as raw text values, and what is wrong with the file."""
    try:
        data = path.read_bytes()
        text = data.decode()
    except OSError as error:
        reason = f"can't be read: {error.strerror or type(error).__name__}"
        return {}, [Problem(str(path), "file", reason, "check the path and its permissions")]
    except UnicodeDecodeError:
        return {}, [Problem(str(path), "file", "is not UTF-8 text", "save it as UTF-8")]
    return parse(text, str(path))


def parse(text: str, file: str) -> Raw:
    """The same for the text of a file named ``file``."""
    loaded, problem = _load(text, file)
    if problem is not None:
        return {}, [problem]
    if loaded is None:
        loaded = {}
    if not isinstance(loaded, dict):
        kind = type(loaded).__name__
        return {}, [Problem(file, "file", f"holds a {kind}, not keys", 'begin with "config:"')]
    problems = [
        Problem(file, str(key) or "''", "is not a key of a stack file", meant(str(key), _TOP))
        for key in loaded
        if key not in _TOP
    ]
    config = loaded.get("config")
    if config is None:
        config = {}
    if not isinstance(config, dict):
        problems.append(Problem(file, "config", "is not a map", 'write "alicerce:target: cluster"'))
        return {}, problems
    values: dict[str, str] = {}
    for key, value in config.items():
        name = key if isinstance(key, str) else repr(key)
        name = name if ":" in name else f"{PROJECT}:{name}"  # as Pulumi itself completes it
        problem = _unfit(file, name, value)
        if problem is not None:
            problems.append(problem)
        elif name in values:
            problems.append(Problem(file, name, "is there twice", "keep one"))
        else:
            values[name] = value if isinstance(value, str) else json.dumps(value, default=str)
    return values, problems


def _load(text: str, file: str) -> tuple[Any, Problem | None]:
    if len(text) > _LARGEST:
        return None, Problem(file, "file", "is larger than 1 MB", "keep only the settings in it")
    try:
        odd = _beyond_plain(text)
        if odd is not None:
            return None, Problem(file, "file", odd, "write the plain value out")
        return yaml.load(text, Loader=_Loader), None  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reason = f"{error.problem} in line {mark.line + 1}" if mark else f"{error.problem}"
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
    return None, Problem(file, "file", f"is not YAML: {reason}", "correct the file")


def _beyond_plain(text: str) -> str | None:
    """What the text uses that a stack file has no need of; raises ``yaml.YAMLError``."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            return f"uses an anchor or alias in line {line}"
        if getattr(event, "tag", None) is not None:
            return f"uses a YAML tag in line {line}"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return f"is nested deeper than {_DEEPEST} levels in line {line}"
    return None


def _unfit(file: str, key: str, value: object) -> Problem | None:
    if not key.startswith(f"{PROJECT}:"):
        return None  # a provider's own; it may well be a secret
    if isinstance(value, Mapping) and set(value) == {"secure"}:
        return secret(file, key)
    where = _not_json(value)
    if where is not None:
        return Problem(file, f"{key}{where}", "is nothing that JSON can say", "put it in quotes")
    return None


def secret(file: str, key: str) -> Problem:
    """An encrypted value where none is taken."""
    return Problem(
        file,
        key,
        "is encrypted, but no key of alicerce takes a secret: it would end in a manifest",
        "put it in the secrets store, and remove it with `pulumi config rm`",
    )


def _not_json(value: object) -> str | None:
    """Where a value is no JSON, as the tail of a key; None if it is all right."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                return f".{key!r}"
            where = _not_json(inner)
            if where is not None:
                return f".{key}{where}"
        return None
    if isinstance(value, list):
        tails = ((f"[{place}]", _not_json(inner)) for place, inner in enumerate(value))
        return next((f"{place}{tail}" for place, tail in tails if tail is not None), None)
    if isinstance(value, float):
        return None if value - value == 0 else ""  # not for infinity or not-a-number
    return None if value is None or isinstance(value, str | int) else ""
