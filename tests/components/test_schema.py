"""Every manifest of every tier fits the published types; and the check itself can fail."""

from __future__ import annotations

import copy

import pytest

from tests.components.schema import problems
from tests.support import TIERS, program


@pytest.mark.parametrize("tier", TIERS)
def test_every_manifest_fits_the_published_types(tier: str) -> None:
    found = {
        f"{each['kind']} {each['metadata']['name']}": wrong
        for each in program(tier).objects()
        if each["kind"] != "CustomResourceDefinition" and (wrong := problems(each))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("spec", "replica"), 1, "Deployment.spec.replica is unknown"),
        (("spec", "replicas"), "1", "Deployment.spec.replicas is '1', not a int"),
        (("metadata", "labels"), ["a"], "Deployment.metadata.labels is no map"),
        (
            ("spec", "template", "spec", "containers"),
            [{"name": "a", "imagePulPolicy": "Always"}],
            "Deployment.spec.template.spec.containers[0].imagePulPolicy is unknown",
        ),
    ],
)
def test_what_does_not_fit_is_found(path: tuple[str, ...], value: object, said: str) -> None:
    manifest = copy.deepcopy(next(program("local").objects("Deployment")))
    inner = manifest
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert said in problems(manifest)
