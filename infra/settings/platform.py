"""A whole platform: what one stack builds, after tier and stack file were applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from infra.settings.base import Settings
from infra.settings.errors import Refused
from infra.settings.stack import Aws, Replacement
from infra.settings.system import System
from infra.settings.tiers import Tier

Target = Literal["cluster", "aws"]


class Platform(Settings):
    """One stack, complete: nothing downstream reads the stack file again.

    ``systems`` are as this stack holds them: sized by the tier, with the operator's images,
    replicas, environment and quotas, their hosts and namespaces in this stack, and a quota each.
    """

    stack: str
    target: Target
    tier: Tier
    systems: tuple[System, ...]
    domain: str | None  # None: every system answers on its own production host
    kube_context: Annotated[str, StringConstraints(min_length=1)] | None = None
    nodes: Annotated[int, Field(ge=1, le=9)] = 1  # of the embedded cluster
    replacements: tuple[Replacement, ...] = ()
    aws: Aws | None = None

    @property
    def embedded(self) -> bool:
        """Whether the cluster is the one that this product starts itself."""
        return self.target == "cluster" and self.kube_context is None

    def system(self, slug: str) -> System:
        """The system of that slug; raises ``KeyError`` if this stack does not hold it."""
        return {each.slug: each for each in self.systems}[slug]

    def may_replace(self, kind: str, name: str) -> bool:
        """Whether the stack file allows that this data-bearing resource is replaced."""
        return f"{kind}::{name}" in self.replacements

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for key, refused in conflicts(self):
            raise Refused(f"{key}: {refused.reason}", refused.fix)
        return self


def conflicts(platform: Platform) -> Iterator[tuple[str, Refused]]:
    """What can't be true at once, each with the key of the stack file that it is about."""
    yield from _grounds(platform)
    yield from _shared(platform)
    needed = max((each.database.instances for each in platform.systems), default=1)
    if platform.embedded and platform.tier.anti_affinity == "required" and platform.nodes < needed:
        yield (
            "nodes",
            Refused(
                f"tier {platform.tier.name} keeps {needed} database instances on as many nodes,"
                f" and the embedded cluster has {platform.nodes}",
                f"set nodes to at least {needed}, or take tier local or staging",
            ),
        )


def _grounds(platform: Platform) -> Iterator[tuple[str, Refused]]:
    if platform.target == "aws":
        if platform.aws is None:
            yield (
                "aws",
                Refused(
                    "target aws needs to know the account",
                    'add {account: "123456789012", region: eu-west-1, stateBucket: my-state}',
                ),
            )
        if platform.kube_context is not None:
            yield (
                "kubeContext",
                Refused(
                    "target aws makes its own cluster, but a kubeContext names another",
                    "remove kubeContext (or ALICERCE_KUBE_CONTEXT), or take target cluster",
                ),
            )
    elif platform.aws is not None:
        yield (
            "aws",
            Refused("target cluster has nothing to do with AWS", "remove aws, or take target aws"),
        )
    if platform.nodes != 1 and not platform.embedded:
        yield (
            "nodes",
            Refused(
                f"{platform.nodes} nodes are asked for, but only the embedded cluster can be told",
                "remove nodes, or use target cluster without a kubeContext",
            ),
        )
    if platform.tier.name == "ephemeral" and platform.replacements:
        yield (
            "replacements",
            Refused("an ephemeral stack keeps nothing that could be lost", "remove replacements"),
        )


def _shared(platform: Platform) -> Iterator[tuple[str, Refused]]:
    for what, names in (
        ("host name", [(each.edge.host, each.slug) for each in platform.systems]),
        ("namespace", [(each.namespace, each.slug) for each in platform.systems]),
        ("slug", [(each.slug, each.slug) for each in platform.systems]),
    ):
        owners: dict[str, str] = {}
        for name, slug in names:
            if name in owners:
                yield (
                    f"systemSettings.{slug}",
                    Refused(
                        f"systems {owners[name]!r} and {slug!r} have one {what}, {name!r}",
                        f"give one of them another {what}",
                    ),
                )
            owners[name] = slug
