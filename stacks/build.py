"""The whole platform, in the order in which its parts stand on each other."""

from __future__ import annotations

from typing import Protocol

import pulumi

from infra.core.component import Scope
from infra.core.contracts import DataContract, Ground, Home, PlatformContract, SystemContract
from infra.core.guards import Guard
from infra.settings.errors import Problem, SettingsError
from infra.settings.names import MANAGER
from infra.settings.platform import Platform
from infra.settings.system import System
from k8s.system import SystemPart, SystemSpace
from stacks.targets.cluster import ClusterTarget


class Target(Protocol):
    """Who fulfils the contracts. A system never learns which target it stands on."""

    options: pulumi.ResourceOptions

    def ground(self) -> Ground:
        """What all systems share."""
        ...

    def data(self, system: System, scope: Scope, ground: Ground) -> DataContract:
        """What one system keeps."""
        ...


def build(platform: Platform) -> PlatformContract:
    """Every resource of the stack; raises ``SettingsError`` for a target that is not there."""
    guard = Guard(
        part_of=MANAGER,
        owner="platform",
        tier=platform.tier.name,
        protect=platform.tier.deletion_protection,
        retains=platform.tier.retain_data,
        replaceable=frozenset(platform.replacements),
    )
    target = _target(platform, guard)
    ground = target.ground()
    systems = [_system(each, target, ground, guard) for each in platform.systems]
    return PlatformContract(ground, tuple(systems))


def _system(system: System, target: Target, ground: Ground, guard: Guard) -> SystemContract:
    scope = Scope(guard.of(system.dashed, system.owner), target.options)
    space = SystemSpace(f"{system.dashed}-space", scope, system)
    inside = Scope(scope.guard, target.options, (space.namespace,))
    data = target.data(system, inside, ground)
    return SystemPart(system.dashed, inside, Home(system, ground, data)).contract


def _target(platform: Platform, guard: Guard) -> Target:
    if platform.target == "cluster":
        return ClusterTarget(platform, guard)
    raise SettingsError(
        [
            Problem(
                file=f"Pulumi.{platform.stack}.yaml",
                key="alicerce:target",
                reason=f"target {platform.target!r} is not built yet",
                fix="take target cluster, with alicerce:kubeContext for a cluster that exists",
            )
        ]
    )
