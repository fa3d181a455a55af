"""The base of every component: one type token, one way to make a child, outputs last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from infra.core.guards import Guard
from infra.core.manifest import Manifest, token_of

PACKAGE = "alicerce"
_SKIP = "pulumi.com/skipAwait"


@dataclass(frozen=True)
class Scope:
    """Where a component is made: who marks it, its options, and what its children come after."""

    guard: Guard
    opts: pulumi.ResourceOptions
    after: tuple[pulumi.Resource, ...] = ()


class Component(pulumi.ComponentResource):
    """A part of the platform that is made, read and removed as one.

    ``kind`` is the part's type (``data:Postgres``), which stands in every URN: changing it
    replaces all children unless an alias says otherwise. A subclass ends its ``__init__`` with
    ``register_outputs``.
    """

    kind: ClassVar[str]

    def __init__(self, name: str, scope: Scope) -> None:
        super().__init__(f"{PACKAGE}:{self.kind}", name, None, scope.opts)
        self.name = name
        self.guard = scope.guard
        self.after = scope.after

    @property
    def inner(self) -> Scope:
        """The scope of a component inside this one."""
        return Scope(self.guard, self.child(), self.after)

    def child(self) -> pulumi.ResourceOptions:
        """Options of a child: this component as parent, and nothing of the caller's merged in."""
        return pulumi.ResourceOptions(parent=self)

    def add(
        self,
        suffix: str,
        manifest: Mapping[str, Any],
        *,
        after: Sequence[pulumi.Resource | None] = (),
        replace_first: bool = False,
        holds_data: bool = False,
    ) -> Manifest:
        """Makes a Kubernetes object as a child called ``<component>-<suffix>``.

        It comes after the component's own ``after`` and what is given here. What the engine
        waits for must come after all that it needs to get ready: the engine works on few
        resources at once (four a core), and those that wait would keep the missing one from
        ever being made. ``None`` is passed over. ``replace_first`` removes the old one before a
        replacement, which a fixed name needs. ``holds_data`` marks what can't be made
        again from the description: the tier decides whether it is protected, and whether it
        outlives the stack.
        """
        name = f"{self.name}-{suffix}" if suffix else self.name
        options = self.child()
        options.depends_on = [*self.after, *filter(None, after)] or None
        options.delete_before_replace = replace_first or None
        if holds_data:
            token = token_of(str(manifest["apiVersion"]), str(manifest["kind"]))
            options.protect = self.guard.protects(token, name)
            options.retain_on_delete = self.guard.retains
        return Manifest(name, self.guard.stamp(manifest), options)


def unawaited(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of an object whose readiness the engine doesn't wait for.

    For what gets ready through something else that is waited for: the engine works on few
    resources at once (four a core), and one that waits for a later one would keep that from
    ever being made.
    """
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), _SKIP: "true"}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
