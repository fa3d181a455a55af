"""What the layers over Pulumi mocks share: the real program, run once a tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from infra.settings.load import load
from infra.settings.platform import Platform
from ops.render import Manifest, Registered, resources
from stacks.systems import SYSTEMS

TIERS = ("ephemeral", "local", "staging", "prod")


def platform(tier: str, stack: str | None = None, **settings: str) -> Platform:
    """A stack of the tier on a cluster, as ``Pulumi.<stack>.yaml`` would give it."""
    values = {"alicerce:target": "cluster", "alicerce:tier": tier}
    if tier in ("staging", "prod"):
        values |= {"alicerce:domain": f"{tier}.example.com", "alicerce:kubeContext": "theirs"}
    values |= {f"alicerce:{key}": value for key, value in settings.items()}
    return load(stack or ("br-one" if tier == "ephemeral" else tier), values, SYSTEMS)


@dataclass(frozen=True)
class Program:
    """Everything that a run of the program registered."""

    platform: Platform
    resources: tuple[Registered, ...]

    def objects(self, kind: str = "") -> Iterator[Manifest]:
        """The Kubernetes objects, of one kind or all."""
        for each in self.resources:
            if each.is_object and kind in ("", each.manifest["kind"]):
                yield each.manifest

    def object(self, kind: str, namespace: str, name: str) -> Manifest:
        """One object; fails the test, with what there is, if it isn't there."""
        there = {}
        for each in self.objects(kind):
            there[(each["metadata"].get("namespace", ""), each["metadata"]["name"])] = each
        assert (namespace, name) in there, f"no {kind} {name}; there are {sorted(there)}"
        return there[(namespace, name)]

    def registered(self, kind: str, name: str) -> Registered:
        """One resource by the end of its type and by its logical name."""
        found = [e for e in self.resources if e.type.endswith(f":{kind}") and e.name == name]
        named = sorted(e.name for e in self.resources if e.type.endswith(f":{kind}"))
        assert len(found) == 1, f"{len(found)} {kind} called {name}; there are {named}"
        return found[0]


@cache
def program(tier: str) -> Program:
    """The program of a tier with all five systems, run once for all tests."""
    return run(platform(tier))


def run(chosen: Platform) -> Program:
    """The program of this platform."""
    return Program(chosen, tuple(resources(chosen)))


def pod_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The Pod that a Deployment, StatefulSet or Job makes."""
    found: Mapping[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def main_container(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Its first container."""
    found: Mapping[str, Any] = pod_of(manifest)["containers"][0]
    return found
