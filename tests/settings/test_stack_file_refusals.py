"""Bad stack files: one clear error each, with file, key, reason and fix."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import stackfile
from infra.settings.errors import SettingsError
from infra.settings.load import load
from stacks.systems import SYSTEMS

APP = "systemSettings.flow_studio.workloads.intuitivus-flow-app"


def flow(**given: Any) -> dict[str, Any]:
    return {"flow_studio": given}


def app(**given: Any) -> dict[str, Any]:
    return flow(workloads={"intuitivus-flow-app": given})


LONG = "-".join(["long"] * 9)

CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # name: what is written, the key, a part of the reason, a part of the fix
    "unknown key": ({"systms": ["blipee"]}, "systms", "unknown key", "'systems'"),
    "unknown key deep": (
        {"systemSettings": app(imag="x:1")},
        f"{APP}.imag",
        "unknown key",
        "'image'",
    ),
    "snake case": ({"kube_context": "kind"}, "kube_context", "unknown key", "'kubeContext'"),
    "no target": ({"target": ...}, "target", "missing", '"cluster" or "aws"'),
    "no tier": ({"tier": ...}, "tier", "missing", '"local"'),
    "unknown target": ({"target": "gcp"}, "target", "can't be 'gcp'", '"aws"'),
    "unknown tier": ({"tier": "production"}, "tier", "'production'", '"prod"'),
    "missing unit": (
        {"systemSettings": flow(database={"storage": "20"})},
        "systemSettings.flow_studio.database.storage",
        "has no unit",
        '"20Gi"',
    ),
    "bare number": (
        {"systemSettings": flow(database={"storage": 20})},
        "systemSettings.flow_studio.database.storage",
        "bare int",
        '"20Gi"',
    ),
    "wrong unit": (
        {"systemSettings": app(resources={"memory": "2cores"})},
        f"{APP}.resources.memory",
        "unknown unit 'cores'",
        "units are",
    ),
    "negative size": (
        {"systemSettings": flow(quota={"memory": "-8Gi"})},
        "systemSettings.flow_studio.quota.memory",
        "negative",
        '"20Gi"',
    ),
    "minimum above maximum": (
        {"systemSettings": app(replicas={"minimum": 5, "maximum": 2})},
        f"{APP}.replicas",
        "minimum 5 is above maximum 2",
        "swap",
    ),
    "no replicas": (
        {"systemSettings": app(replicas={"minimum": 0, "maximum": 2})},
        f"{APP}.replicas.minimum",
        "greater than or equal to 1",
        "at least 1",
    ),
    "request above limit": (
        {"systemSettings": app(resources={"memory": "64Gi"})},
        APP,
        "memory 64Gi is above memory_limit",
        "raise memory_limit",
    ),
    "image without a tag": (
        {"systemSettings": app(image="ghcr.io/org/intuitivus-flow")},
        f"{APP}.image",
        "not written as it must be",
        "tag or digest",
    ),
    "number in the environment": (
        {"systemSettings": app(environment={"WORKERS": 4})},
        f"{APP}.environment.WORKERS",
        "4 must be a valid string",
        "in quotes",
    ),
    "bad environment name": (
        {"systemSettings": app(environment={"1 x": "a"})},
        f"{APP}.environment.1 x",
        "not written as it must be",
        "NAME",
    ),
    "unknown system": (
        {"systems": ["flow_studi"]},
        "systems",
        "unknown system 'flow_studi'",
        "'flow_studio'",
    ),
    "system twice": ({"systems": ["blipee", "blipee"]}, "systems", "'blipee' twice", "keep one"),
    "no systems": ({"systems": []}, "systems", "names no system", "leave systems out"),
    "systems not a list": ({"systems": "blipee"}, "systems", "must be a valid", "list of slugs"),
    "settings of an unknown system": (
        {"systemSettings": {"flow": {}}},
        "systemSettings.flow",
        "unknown system",
        "use one of",
    ),
    "settings of an absent system": (
        {"systems": ["blipee"], "systemSettings": flow()},
        "systemSettings.flow_studio",
        "does not hold",
        "add it",
    ),
    "unknown workload": (
        {"systemSettings": flow(workloads={"intuitivus-flow-ap": {}})},
        "systemSettings.flow_studio.workloads.intuitivus-flow-ap",
        "unknown workload",
        "'intuitivus-flow-app'",
    ),
    "one host name for two": (
        {"systemSettings": flow(host="blipee.localhost")},
        "systemSettings.flow_studio",
        "'blipee' and 'flow_studio' have one host name",
        "another host name",
    ),
    "host in capitals": (
        {"systemSettings": flow(host="Flow.example.com")},
        "systemSettings.flow_studio.host",
        "not written as it must be",
        "lower case",
    ),
    "host too long": (
        {"domain": ".".join(["d" * 60] * 4)},
        "domain",
        "more than the 253",
        "shorten",
    ),
    "host label too long": ({"domain": "d" * 64}, "domain", "not written", "lower case"),
    "no domain for staging": ({"tier": "staging"}, "domain", "is missing", "write one"),
    "retention below the window": (
        {"systemSettings": flow(database={"backupRetention": "1d"})},
        "systemSettings.flow_studio.database",
        "shorter than the recovery_window",
        "raise backup_retention",
    ),
    "too many nodes": ({"nodes": 10}, "nodes", "less than or equal to 9", "1 to 9"),
    "half a node": ({"nodes": 1.5}, "nodes", "1.5", "whole number"),
    "nodes of a foreign cluster": (
        {"nodes": 3, "kubeContext": "kind-x"},
        "nodes",
        "only the embedded cluster",
        "remove nodes",
    ),
    "prod on one node": ({"tier": "prod"}, "nodes", "as many nodes", "at least 3"),
    "aws without account": (
        {"target": "aws", "domain": "x.example"},
        "aws",
        "needs to know the account",
        "stateBucket",
    ),
    "account of a cluster": (
        {"aws": {"account": "123456789012", "region": "eu-west-1", "stateBucket": "abc"}},
        "aws",
        "nothing to do with AWS",
        "remove aws",
    ),
    "account as a number": (
        {
            "target": "aws",
            "domain": "x.example",
            "aws": {"account": 123456789012, "region": "eu-west-1", "stateBucket": "abc"},
        },
        "aws.account",
        "must be a valid string",
        "12 digits",
    ),
    "odd replacement": (
        {"replacements": ["my-volume"]},
        "replacements[0]",
        "not written as it must be",
        "<type>::<name>",
    ),
    "not JSON": ({"nodes": float("nan")}, "nodes", "JSON", "quotes"),
    "encrypted": (
        {"domain": {"secure": "v1:abc"}},
        "domain",
        "is encrypted",
        "secrets store",
    ),
    "empty context": ({"kubeContext": ""}, "kubeContext", "at least 1", "context"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_mistake_gives_one_error(name: str, refusals: Any) -> None:
    given, key, reason, fix = CASES[name]
    (problem,) = refusals(**given)
    assert problem.key == f"alicerce:{key}"
    assert reason in problem.reason
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("stack", "reason"),
    [
        ("Local", "can't be a stack's name"),
        ("a b", "can't be a stack's name"),
        ("x--y", "can't be a stack's name"),
        ("s" * 41, "1 more than the 40"),
    ],
)
def test_the_stack_name(stack: str, reason: str, refusals: Any) -> None:
    (problem,) = refusals(stack=stack)
    assert problem.key == "stack" and reason in problem.reason


def test_a_branch_whose_name_leaves_no_room_for_namespaces(refusals: Any) -> None:
    (problem, *_) = refusals(stack="s" * 40, tier="ephemeral", systems=["flow_studio"])
    assert problem.key == "stack" and "more than the 63 that fit" in problem.reason


def test_every_mistake_is_told_at_once(refusals: Any) -> None:
    problems = refusals(
        stack="Bad Name",
        tier="staging",
        systms=1,
        nodes=3,
        context="kind",
        systems=["blipee", "flow_studi"],
        systemSettings={"blipee": {"workloads": {"web": {}}}},
    )
    keys = [problem.key for problem in problems]
    assert keys == [
        "alicerce:systms",
        "stack",
        "alicerce:systems",
        "alicerce:domain",
        "alicerce:systemSettings.blipee.workloads.web",
        "alicerce:nodes",
    ]


TEXTS = {
    "not YAML": ("config: [", "is not YAML", "line 1"),
    "a tab": ("config:\n\talicerce:nodes: 1", "is not YAML", "line 2"),
    "a key twice": ("config:\n  alicerce:nodes: 1\n  alicerce:nodes: 2", "there twice", "line 3"),
    "a key twice by two names": ("config:\n  alicerce:nodes: 1\n  nodes: 2", "there twice", ""),
    "an anchor": ("config: &a {}", "anchor or alias", "line 1"),
    "a tag": ("config:\n  alicerce:domain: !!binary aGk=", "YAML tag", "line 2"),
    "a list": ("- config", "holds a list", ""),
    "no map": ("config: [1]", "is not a map", ""),
    "a misspelt section": ("confg: {}", "not a key of a stack file", ""),
    "too deep": ("config:\n  alicerce:systems: " + "[" * 60 + "]" * 60, "deeper than", ""),
    "too large": ("# " + "x" * 1_000_001, "larger than 1 MB", ""),
    "a number as key": (
        "config:\n  alicerce:systemSettings: {blipee: {1: x}}",
        "JSON",
        "",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_no_stack_file(name: str) -> None:
    text, reason, more = TEXTS[name]
    _, problems = stackfile.parse(text, "Pulumi.x.yaml")
    (problem,) = problems
    assert problem.file == "Pulumi.x.yaml" and problem.key and problem.fix
    assert reason in problem.reason and more in problem.reason


def test_a_misspelt_namespace_is_not_ignored() -> None:
    values = {"alicerse:nodes": "3", "alicerce:target": "cluster", "alicerce:tier": "local"}
    with pytest.raises(SettingsError) as caught:
        load("local", values, SYSTEMS)
    (problem,) = caught.value.problems
    assert problem.key == "alicerse:nodes" and "'alicerce'" in problem.fix


def test_a_providers_own_secret_is_left_alone() -> None:
    text = "config:\n  aws:secretKey: {secure: v1:abc}"
    _, problems = stackfile.parse(text, "Pulumi.x.yaml")
    assert problems == []
