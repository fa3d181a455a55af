"""Labels, and the protection of data: each decided in this one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PREFIX = "alicerce.dev"
OWNER = f"{PREFIX}/owner"
TIER = f"{PREFIX}/tier"
SYSTEM = f"{PREFIX}/system"
NAME = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
REQUIRED_LABELS = (NAME, PART_OF, OWNER, TIER)

# Where a manifest has Pods of its own making, and so a second metadata to stamp.
_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True)
class Guard:
    """What marks and protects the objects of one part of the platform.

    ``replaceable`` holds the ``<type>::<logical name>`` that the stack file allows to be
    replaced or removed (``alicerce:replacements``): those lose their protection meanwhile.
    """

    part_of: str
    owner: str
    tier: str
    protect: bool = False
    retains: bool = False
    system: str | None = None
    replaceable: frozenset[str] = frozenset()

    def of(self, system: str, owner: str) -> Guard:
        """The same guard for what belongs to one system."""
        return replace(self, system=system, part_of=system, owner=owner)

    def protects(self, token: str, name: str) -> bool:
        """Whether the engine must refuse to replace or remove this resource."""
        return self.protect and f"{token}::{name}" not in self.replaceable

    @property
    def labels(self) -> dict[str, str]:
        """The labels that every object carries."""
        found = {PART_OF: self.part_of, OWNER: label_value(self.owner), TIER: self.tier}
        return found | ({SYSTEM: self.system} if self.system else {})

    def stamp(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest with labels on it, and on the Pods that it makes."""
        stamped = self._labelled(manifest, str(manifest["metadata"]["name"]))
        path = _TEMPLATES.get(str(manifest["kind"]))
        return stamped if path is None else self._descend(stamped, path)

    def _descend(self, body: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        key, rest = path[0], path[1:]
        inner = body[key]
        if rest:
            return {**body, key: self._descend(inner, rest)}
        # The Pods' own name label is theirs to choose: selectors are made of it.
        name = inner.get("metadata", {}).get("labels", {}).get(NAME, "")
        return {**body, key: self._labelled(inner, name)}

    def _labelled(self, body: Mapping[str, Any], name: str) -> dict[str, Any]:
        metadata = body.get("metadata", {})
        own = metadata.get("labels", {})
        # Sorted, so that a reordered description is not a change.
        labels = dict(sorted({NAME: name, **self.labels, **own}.items()))
        return {**body, "metadata": {**metadata, "labels": labels}}


def label_value(text: str) -> str:
    """Free text as Kubernetes takes it for a label: 63 letters, digits, dashes and the like."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text)
    return kept[:63].strip("-_.")
