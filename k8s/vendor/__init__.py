"""Upstream definitions that must be installed as they are.

``cloudnative_pg/*.json`` are the CustomResourceDefinitions of CloudNativePG, Copyright The
CloudNativePG Contributors, Apache License 2.0, from ``releases/cnpg-<version>.yaml`` of its Go
module. ``python -m k8s.vendor <that file>`` writes them again: descriptions are left out (1.2 MB
become a fifth, in the state, in every update and in the API server's memory), nothing else
changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def definitions(package: str) -> Iterator[dict[str, Any]]:
    """The CustomResourceDefinitions of ``cloudnative_pg``, by name."""
    for path in sorted((FOLDER / package).glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def slimmed(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition without the words that only ``kubectl explain`` shows."""
    spec = definition["spec"]
    versions = [
        {**version, "schema": {"openAPIV3Schema": _wordless(version["schema"]["openAPIV3Schema"])}}
        for version in spec["versions"]
    ]
    return {
        "apiVersion": definition["apiVersion"],
        "kind": definition["kind"],
        "metadata": {"name": definition["metadata"]["name"]},
        "spec": {**spec, "versions": versions},
    }


def _wordless(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema node; a *property* called description is no description and stays."""
    found = {key: value for key, value in schema.items() if key != "description"}
    if "properties" in found:
        found["properties"] = {k: _wordless(v) for k, v in found["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _wordless(found[key])
    return found
