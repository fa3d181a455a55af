"""CloudNativePG as it is installed, against its own release."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings.versions import CLOUDNATIVE_PG
from k8s.vendor import definitions, slimmed
from tests.support import main_container, program

LOCAL = program("local")


def release() -> list[dict[str, Any]]:
    """The upstream manifest of the pinned version, from the module that the tool is built of."""
    try:
        answer = subprocess.run(
            ["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no Go: the module of CloudNativePG can't be read here")
    path = Path(answer.stdout.strip()) / (
        f"github.com/cloudnative-pg/cloudnative-pg@v{CLOUDNATIVE_PG}"
        f"/releases/cnpg-{CLOUDNATIVE_PG}.yaml"
    )
    if not path.exists():
        pytest.skip(f"the module of CloudNativePG {CLOUDNATIVE_PG} isn't in the module cache")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [each for each in yaml.load_all(path.read_text(), Loader=loader) if each]


@pytest.fixture(scope="module")
def upstream() -> list[dict[str, Any]]:
    return release()


def test_definitions_are_those_of_the_release(upstream: list[dict[str, Any]]) -> None:
    wanted = {
        each["metadata"]["name"]: slimmed(each)
        for each in upstream
        if each["kind"] == "CustomResourceDefinition"
    }
    assert {each["metadata"]["name"]: each for each in definitions("cloudnative_pg")} == wanted


def test_rights_are_those_of_the_release(upstream: list[dict[str, Any]]) -> None:
    def flat(rules: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {
            (group, what, verb)
            for rule in rules
            for group in rule["apiGroups"]
            for what in rule["resources"]
            for verb in rule["verbs"]
        }

    (theirs,) = [
        e["rules"]
        for e in upstream
        if e["kind"] == "ClusterRole" and e["metadata"]["name"] == "cnpg-manager"
    ]
    assert flat(LOCAL.object("ClusterRole", "", "cnpg-manager")["rules"]) == flat(theirs)


def test_webhooks_are_those_of_the_release(upstream: list[dict[str, Any]]) -> None:
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        (theirs,) = [each for each in upstream if each["kind"] == kind]
        (ours,) = LOCAL.objects(kind)
        assert ours["webhooks"] == [
            {key: value for key, value in each.items() if value} for each in theirs["webhooks"]
        ]


def test_it_finds_itself() -> None:
    """By this label on its own Deployment; without it the operator ends at once."""
    deployment = LOCAL.object("Deployment", "cnpg-system", "cnpg-controller-manager")
    assert deployment["metadata"]["labels"]["app.kubernetes.io/name"] == "cloudnative-pg"


def test_instances_take_their_manager_from_the_operator_s_image() -> None:
    main = main_container(LOCAL.object("Deployment", "cnpg-system", "cnpg-controller-manager"))
    given = {each["name"]: each.get("value") for each in main["env"]}
    assert given["OPERATOR_IMAGE_NAME"] == main["image"]


def test_databases_come_after_what_judges_them() -> None:
    operator = LOCAL.registered("Deployment", "postgres-operator-deployment").urn
    for system in LOCAL.platform.systems:
        database = LOCAL.registered("Cluster", f"{system.dashed}-postgres-cluster")
        assert operator in database.dependencies
