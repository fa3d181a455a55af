"""The policy pack: hands the rules to the engine. Never import it; it serves until it is ended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

# The runner starts this file by its path, as the engine does with every pack.
PROJECT = Path(__file__).resolve().parents[3]
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from infra.settings.tiers import TIERS  # noqa: E402
from stacks.policy import data, placement, pods, secrets  # noqa: E402
from stacks.policy.pack.state import Before, StateUnreadableError  # noqa: E402
from stacks.policy.resource import Resource  # noqa: E402

Rule = Callable[[Resource], Iterator[str]]

_RULES: dict[str, Rule] = {
    "pods-restricted": pods.restricted,
    "pods-bounded": pods.bounded,
    "pods-probed": pods.probed,
    "pods-without-tokens": pods.tokenless,
    "images-pinned": pods.pinned,
    "no-plain-secrets": secrets.no_plain_secrets,
    "objects-labelled": placement.labelled,
    "namespaces-enforce-restricted": placement.enforced,
}


def main() -> None:
    """Reads what the engine says about the stack, then serves."""
    config: dict[str, str] = json.loads(os.environ.get("PULUMI_CONFIG") or "{}")
    tier = TIERS.get(config.get("alicerce:tier", ""))
    allowed = frozenset(json.loads(config.get("alicerce:replacements") or "[]"))
    stack = os.environ.get("PULUMI_STACK", "")
    kept = _Kept(Before(stack, PROJECT), allowed, tier is None or tier.deletion_protection)
    policies: list[Policy] = [_resource_policy(name, rule) for name, rule in _RULES.items()]
    policies += [
        ResourceValidationPolicy(
            "data-kept", "What holds data is protected by tier and not replaced", kept.validate
        ),
        StackValidationPolicy(
            "data-not-removed", "What holds data is not removed", kept.validate_stack
        ),
        StackValidationPolicy("default-deny", "A system's namespace is closed", _default_deny),
    ]
    PolicyPack("alicerce", policies, EnforcementLevel.MANDATORY)


class _Kept:
    """The rules about data, with the state before the update."""

    def __init__(self, before: Before, allowed: frozenset[str], protects: bool) -> None:
        self._before, self._allowed, self._protects = before, allowed, protects

    def validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = _seen(args)
        if not resource.kubernetes:
            return
        if data.holds_data(resource):
            for words in data.protected(resource, self._protects, self._allowed):
                report(words, None)
            try:
                old = self._before.all().get(args.urn)
            except StateUnreadableError as error:
                report(f"it holds data, and what it was before can't be known: {error}", None)
                return
            for words in data.replaced(resource, old, self._allowed):
                report(words, None)

    def validate_stack(self, args: StackValidationArgs, report: ReportViolation) -> None:
        wanted = [each.urn for each in args.resources]
        try:
            old = self._before.all()
        except StateUnreadableError as error:
            report(f"what held data before can't be known: {error}", None)
            return
        for urn, words in data.removed(wanted, old.values(), self._allowed):
            report(words, None if urn not in wanted else urn)


def _resource_policy(name: str, rule: Rule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for words in rule(_seen(args)):
            report(words, None)

    return ResourceValidationPolicy(name, (rule.__doc__ or name).partition("\n")[0], validate)


def _default_deny(args: StackValidationArgs, report: ReportViolation) -> None:
    seen = [Resource(r.resource_type, r.name, r.urn, r.props) for r in args.resources]
    for urn, words in placement.default_deny(seen):
        report(words, urn)


def _seen(args: ResourceValidationArgs) -> Resource:
    protect = bool(args.opts.protect) if args.opts else False
    return Resource(args.resource_type, args.name, args.urn, args.props, protect)


if __name__ == "__main__":
    main()
