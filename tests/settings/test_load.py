"""A good stack file becomes a Platform that holds what it said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.settings import stackfile
from infra.settings.errors import SettingsError
from infra.settings.load import CONTEXT_VARIABLE, from_pulumi, from_stack_file, load
from infra.settings.model import Cpu, Duration, Size
from stacks.systems import SYSTEMS

ROOT = Path(__file__).parents[2]
APP = "intuitivus-flow-app"


def flow(**given: Any) -> dict[str, Any]:
    return {"flow_studio": given}


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_the_repositorys_own_stack_files_load(stack: str) -> None:
    platform = from_stack_file(ROOT / f"Pulumi.{stack}.yaml", SYSTEMS)
    assert platform.stack == stack and platform.tier.name == stack
    assert [system.slug for system in platform.systems] == list(SYSTEMS)
    assert all(system.quota for system in platform.systems)
    assert platform.embedded is (stack == "local")


def test_local_hosts() -> None:
    platform = from_stack_file(ROOT / "Pulumi.local.yaml", SYSTEMS)
    assert [system.edge.host for system in platform.systems] == [
        "blipee.localhost",
        "sms-ao.localhost",
        "isp-chatbot.localhost",
        "flow-studio.localhost",
        "models-3d.localhost",
    ]


def test_prod_keeps_the_hosts_of_production() -> None:
    platform = from_stack_file(ROOT / "Pulumi.prod.yaml", SYSTEMS)
    assert platform.system("flow_studio").edge.host == "intuitivus-flow.com"
    assert platform.aws is not None
    assert platform.aws.backend == "s3://alicerce-state-prod?region=eu-west-1&awssdk=v2"


def test_the_systems_of_a_stack_come_in_the_catalogues_order(written: Any) -> None:
    platform = written(systems=["flow_studio", "blipee"])
    assert [system.slug for system in platform.systems] == ["blipee", "flow_studio"]
    with pytest.raises(KeyError):
        platform.system("sms_ao")


def test_what_the_operator_says_arrives(written: Any) -> None:
    platform = written(
        nodes=3,
        replacements=["kubernetes:core/v1:PersistentVolumeClaim::redis-data"],
        systemSettings=flow(
            host="flow.example.com",
            quota={"pods": 99},
            database={"storage": "30Gi", "backupRetention": "10d"},
            workloads={
                APP: {
                    "image": "ghcr.io/org/intuitivus-flow:v1.0.0",
                    "replicas": {"minimum": 4, "maximum": 6},
                    "resources": {"cpu": "75m"},
                    "environment": {"LOG_LEVEL": "debug"},
                }
            },
        ),
    )
    system = platform.system("flow_studio")
    app = system.workload(APP)
    assert platform.nodes == 3
    assert platform.may_replace("kubernetes:core/v1:PersistentVolumeClaim", "redis-data")
    assert not platform.may_replace("kubernetes:core/v1:PersistentVolumeClaim", "other")
    assert system.edge.host == "flow.example.com"
    assert system.quota is not None and system.quota.pods == 99
    assert system.quota.memory > Size("1Gi")  # the parts not named are worked out
    assert system.database.storage == Size("30Gi")
    assert system.database.backup_retention == Duration("10d")
    assert app.image == "ghcr.io/org/intuitivus-flow:v1.0.0"
    assert (app.replicas.minimum, app.replicas.maximum) == (4, 6)
    assert app.resources.cpu == Cpu("75m")
    assert app.environment == {"LOG_LEVEL": "debug"}


@pytest.mark.parametrize(
    "given",
    [
        {"replicas": {"minimum": 4, "maximum": 6}},
        {"image": "ghcr.io/org/x:v2"},
        {"environment": {"A": "b"}},
    ],
)
def test_one_value_changes_one_workload(given: dict[str, Any], written: Any) -> None:
    before = written()
    after = written(systemSettings=flow(workloads={APP: given}))
    for one, two in zip(before.systems, after.systems, strict=True):
        if one.slug != "flow_studio":
            assert one == two
            continue
        assert one.workloads[1] == two.workloads[1]
        assert one.workloads[0].changed(**_typed(two, given)) == two.workloads[0]


def _typed(system: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(system.workload(APP), name) for name in given}


def test_a_branch_lives_beside_others(written: Any) -> None:
    platform = written(stack="br-login", tier="ephemeral", systems=["blipee"])
    (system,) = platform.systems
    assert system.namespace == "br-login-blipee"
    assert system.edge.host == "blipee.br-login.localhost"


def test_a_context_from_outside_wins(written: Any) -> None:
    platform = written(kubeContext="kind-a", context="kind-b")
    assert platform.kube_context == "kind-b" and not platform.embedded


def test_the_environment_names_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTEXT_VARIABLE, "kind-x")
    platform = from_stack_file(ROOT / "Pulumi.local.yaml", SYSTEMS)
    assert platform.kube_context == "kind-x"


def test_file_and_engine_are_read_alike() -> None:
    text = (ROOT / "Pulumi.prod.yaml").read_text()
    values, problems = stackfile.parse(text, "Pulumi.prod.yaml")
    assert not problems
    # As the engine hands them over: every value a string, lists and maps as JSON.
    assert values["alicerce:tier"] == "prod"
    assert json.loads(values["alicerce:aws"])["account"] == "000000000000"
    assert load("prod", values, SYSTEMS) == from_stack_file(ROOT / "Pulumi.prod.yaml", SYSTEMS)


@pytest.mark.parametrize("name", ["stack.yaml", "Pulumi.yaml", "Pulumi.a.b.yaml"])
def test_a_file_of_another_name(name: str) -> None:
    with pytest.raises(SettingsError, match="not named like a stack file"):
        from_stack_file(Path(name), SYSTEMS)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read: No such file"):
        from_stack_file(tmp_path / "Pulumi.x.yaml", SYSTEMS)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    def configure(config: dict[str, str], secret: list[str]) -> None:
        monkeypatch.setattr(pulumi, "get_stack", lambda: "local")
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
        monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(secret))

    monkeypatch.delenv(CONTEXT_VARIABLE, raising=False)
    return configure


def test_the_engines_configuration_is_read_whole(engine: Any) -> None:
    good = {"alicerce:target": "cluster", "alicerce:tier": "local", "pulumi:tags": "{}"}
    engine({**good, "alicerce:systems": '["blipee"]'}, [])
    assert [system.slug for system in from_pulumi(SYSTEMS).systems] == ["blipee"]
    engine({**good, "alicerce:tiers": "x"}, [])
    with pytest.raises(SettingsError, match="unknown key"):
        from_pulumi(SYSTEMS)


def test_the_engines_secrets_are_refused_and_not_told(engine: Any) -> None:
    engine({"alicerce:domain": "hush-hush"}, ["alicerce:domain"])
    with pytest.raises(SettingsError, match="is encrypted") as caught:
        from_pulumi(SYSTEMS)
    assert "hush-hush" not in str(caught.value)
