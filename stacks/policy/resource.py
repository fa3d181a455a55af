"""What a rule sees of a resource, and the Pods that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Props = Mapping[str, Any]

# Where each kind keeps the Pod that it makes.
_PODS: dict[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Pod": (),
    "kubernetes:apps/v1:Deployment": ("spec", "template"),
    "kubernetes:apps/v1:StatefulSet": ("spec", "template"),
    "kubernetes:apps/v1:DaemonSet": ("spec", "template"),
    "kubernetes:batch/v1:Job": ("spec", "template"),
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template"),
}
SERVING = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
)


@dataclass(frozen=True)
class Resource:
    """A resource as the engine is about to make it."""

    type: str
    name: str
    urn: str
    props: Props
    protect: bool = False

    @property
    def kubernetes(self) -> bool:
        """Whether it is a Kubernetes object (and not the provider itself)."""
        return self.type.startswith("kubernetes:")

    @property
    def key(self) -> str:
        """As a stack file names it: ``<type>::<name>``."""
        return f"{self.type}::{self.name}"

    @property
    def pod(self) -> Props | None:
        """The spec of the Pods that it makes, if any."""
        path = _PODS.get(self.type)
        if path is None:
            return None
        found: Any = self.props
        for step in (*path, "spec"):
            found = found.get(step) or {}
        spec: Props = found
        return spec


def at(props: Props, *path: str) -> Any:
    """The value at a path, or None where a part of it is missing."""
    found: Any = props
    for step in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def containers(pod: Props) -> Iterator[Props]:
    """Every container of a Pod, those that prepare it among them."""
    for kind in ("initContainers", "containers"):
        yield from pod.get(kind) or []
