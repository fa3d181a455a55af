"""Every rule over the real program, so that none passes by never matching; and the pack itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from stacks.policy import data, placement, pods, secrets
from stacks.policy.resource import Resource
from tests.support import TIERS, program

PACK = Path(data.__file__).parent / "pack"
RULES = [
    pods.restricted, pods.bounded, pods.probed, pods.pinned, pods.tokenless,
    secrets.no_plain_secrets, placement.labelled, placement.enforced,
]  # fmt: skip


@pytest.mark.parametrize("tier", TIERS)
def test_the_program_keeps_every_rule(tier: str) -> None:
    protects = program(tier).platform.tier.deletion_protection
    told = []
    for each in program(tier).resources:
        found = Resource(each.type, each.name, each.urn, each.inputs, each.protect)
        told += [f"{each.name}: {words}" for rule in RULES for words in rule(found)]
        told += list(data.protected(found, protects, frozenset()))
    assert told == []


def test_the_rules_meet_what_they_are_about() -> None:
    """A type that was renamed would make a rule pass for ever."""
    seen = [Resource(e.type, e.name, e.urn, e.inputs) for e in program("local").resources]
    assert sum(each.pod is not None for each in seen) > 20
    assert sum(data.holds_data(each) for each in seen) == 5 * 3 + 1
    assert {each.type for each in seen if each.pod is not None} == {
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:batch/v1:Job",
    }


def test_the_pack_hands_every_rule_to_the_engine() -> None:
    tree = ast.parse((PACK / "__main__.py").read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {rule.__name__ for rule in RULES} | {"replaced", "removed", "default_deny"} <= used


def test_the_pack_runs_by_the_runner_that_the_tools_put_on_path() -> None:
    runtime = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["runtime"]
    root = Path(__file__).parents[2]
    runner = root / "toolchain/plugins/policy_runner" / f"pulumi-analyzer-policy-{runtime}"
    assert runner.stat().st_mode & 0o111
