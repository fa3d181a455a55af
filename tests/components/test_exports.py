"""The door out: typed, versioned, without a secret."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from infra.settings.errors import SettingsError
from infra.settings.load import load
from ops.render import Answers, Recorder
from stacks.build import build
from stacks.exports import exports
from stacks.systems import SYSTEMS
from tests.support import platform


def told(tier: str) -> dict[str, Any]:
    """The exports of a tier, as the engine would get them."""
    found: dict[str, Any] = {}
    chosen = platform(tier)
    mocks.set_mocks(Answers(), preview=False, monitor=Recorder(Answers()))

    @pulumi.runtime.test
    def run() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(exports(chosen, build(chosen))).apply(found.update)

    run()
    return found


def test_what_is_told_names_places_and_no_secret() -> None:
    found = told("local")
    assert found["version"] == 1
    assert found["authority"] == "<authority certificate>"
    rest = str({key: value for key, value in found.items() if key != "authority"})
    assert "value>" not in rest
    assert "private_key" not in rest
    system = found["systems"]["flow_studio"]
    assert system["url"] == "https://flow-studio.localhost"
    assert system["health_url"] == "https://flow-studio.localhost/health"
    assert system["database"]["application_secret"] == "postgres-application"
    assert system["workloads"][0]["autoscaler"] == "intuitivus-flow-hpa"


def test_every_system_is_told_of() -> None:
    assert told("ephemeral")["systems"].keys() == SYSTEMS.keys()


def test_a_target_that_is_not_there_is_one_clear_error() -> None:
    aws = load(
        "prod",
        {
            "alicerce:target": "aws",
            "alicerce:tier": "prod",
            "alicerce:domain": "example.com",
            "alicerce:aws": '{"account": "123456789012", "region": "eu-west-1",'
            ' "stateBucket": "states-of-prod"}',
        },
        SYSTEMS,
    )
    with pytest.raises(SettingsError) as refused:
        build(aws)
    (problem,) = refused.value.problems
    assert (problem.file, problem.key) == ("Pulumi.prod.yaml", "alicerce:target")
    assert "not built yet" in problem.reason
    assert "kubeContext" in problem.fix
