"""A system's objects as plain YAML: what ``pulumi up`` would make, and no second description.

The program runs against Pulumi's own mock engine, and what it registers is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import mocks

from infra.core.guards import SYSTEM
from infra.settings.errors import Refused, meant
from infra.settings.platform import Platform
from stacks.build import build

# FLO-014 gives namespace, secrets, configmap, deployment, service, ingress; the others stand
# where they must be there before what needs them.
ORDER = (
    "PriorityClass", "Namespace", "CustomResourceDefinition", "NetworkPolicy", "ResourceQuota",
    "LimitRange", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
    "Secret", "ConfigMap", "PersistentVolumeClaim", "Cluster", "StatefulSet", "Job",
    "Deployment", "Service", "IngressClass", "Ingress", "HorizontalPodAutoscaler",
    "PodDisruptionBudget", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
)  # fmt: skip
# In place of a value that only the state has.
KEYS = "alicerce.dev/keys"

# What generated secrets and certificates have beside their inputs (infra.core.generation).
_MADE = ("value", "certificate", "private_key", "serial", "not_after")

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Registered:
    """A resource as the engine was told of it. ``inputs`` have their secrets in the clear."""

    urn: str
    type: str
    name: str
    parent: str
    provider: str
    inputs: Mapping[str, Any]
    protect: bool
    retain: bool
    dependencies: tuple[str, ...]

    @property
    def is_object(self) -> bool:
        """Whether it is a Kubernetes object."""
        return self.type.startswith("kubernetes:")

    @property
    def manifest(self) -> Manifest:
        """The object without the values of its secrets."""
        return _manifest(self.inputs)


def render(platform: Platform, system: str) -> list[Manifest]:
    """The objects of one system in apply order, secrets without their values.

    A Secret names its keys in an annotation: applied beside a running stack it changes nothing.
    Raises ``Refused`` for a system that the stack does not hold.
    """
    slugs = [each.slug for each in platform.systems]
    if system not in slugs:
        raise Refused(f"stack {platform.stack!r} holds no system {system!r}", meant(system, slugs))
    label = platform.system(system).dashed
    found = [each for each in everything(platform) if _labels(each).get(SYSTEM) == label]
    return found


def everything(platform: Platform) -> list[Manifest]:
    """Every object of the stack in apply order."""
    return ordered(each.manifest for each in resources(platform) if each.is_object)


def resources(platform: Platform) -> list[Registered]:
    """Every resource that the program registers."""
    monitor = Recorder(Answers())
    mocks.set_mocks(
        monitor.mocks, project="alicerce", stack=platform.stack, preview=False, monitor=monitor
    )
    pulumi.runtime.test(lambda: build(platform) and None)()  # type: ignore[no-untyped-call]
    return monitor.registered


def ordered(manifests: Iterable[Manifest]) -> list[Manifest]:
    """In apply order, and by name where the order says nothing."""

    def place(manifest: Manifest) -> tuple[int, str, str]:
        kind, metadata = manifest["kind"], manifest["metadata"]
        at = ORDER.index(kind) if kind in ORDER else len(ORDER)
        return at, metadata.get("namespace", ""), metadata["name"]

    return sorted(manifests, key=place)


class Recorder(mocks.MockMonitor):
    """Keeps what mocks forget (protection, order); refuses what they let pass: one URN twice."""

    def __init__(self, answers: mocks.Mocks) -> None:
        super().__init__(answers)
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type == "pulumi:pulumi:Stack":
            return answer
        if any(each.urn == answer.urn for each in self.registered):
            raise RuntimeError(f"two resources have the URN {answer.urn}; rename one")
        self.registered.append(
            Registered(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                provider=request.provider,
                inputs=self.resources[answer.urn].state,
                protect=request.protect,
                retain=request.retainOnDelete,
                dependencies=tuple(request.dependencies),
            )
        )
        return answer


class Answers(mocks.Mocks):
    """Answers with the inputs, and with a stand-in for what is generated."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        found = dict(args.inputs)
        if args.typ.startswith("pulumi-python:"):
            found |= {key: f"<{args.name} {key}>" for key in _MADE}
        return f"{args.name}-id", found

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None


def _manifest(state: Mapping[str, Any]) -> Manifest:
    plain: Manifest = _plain(state)
    head = {key: plain.pop(key) for key in ("apiVersion", "kind", "metadata")}
    head["metadata"] = _without_engine(head["metadata"])
    if head["kind"] == "Secret":
        keys = sorted({*plain.pop("stringData", {}), *plain.pop("data", {})})
        notes = {**head["metadata"].get("annotations", {}), KEYS: ",".join(keys)}
        head["metadata"] = {**head["metadata"], "annotations": notes}
    return {**head, **plain}


def _without_engine(metadata: Mapping[str, Any]) -> Manifest:
    """The metadata without what only the engine's plugin reads."""
    notes = metadata.get("annotations", {})
    kept = {key: value for key, value in notes.items() if not key.startswith("pulumi.com/")}
    rest = {key: value for key, value in metadata.items() if key != "annotations"}
    return rest | ({"annotations": kept} if kept else {})


def _plain(value: Any) -> Any:
    """Whole numbers come back from the mock engine as floats."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _labels(manifest: Manifest) -> Mapping[str, str]:
    found: Mapping[str, str] = manifest["metadata"].get("labels", {})
    return found
