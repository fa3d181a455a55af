"""Rules about Pods: each passes, fails, and is told of what is missing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stacks.policy import pods
from stacks.policy.resource import Resource
from tests.support import program

GOOD = program("local").registered("Deployment", "sms-ao-api-deployment")
Rule = Callable[[Resource], Iterator[str]]


def changed(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Resource:
    """The real Deployment with its Pod and first container changed."""
    props = copy.deepcopy(dict(GOOD.manifest))
    pod = props["spec"]["template"]["spec"]
    change(pod, pod["containers"][0])
    return Resource(GOOD.type, GOOD.name, GOOD.urn, props)


RULES: list[Rule] = [pods.restricted, pods.bounded, pods.probed, pods.pinned, pods.tokenless]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_the_program_makes_passes(rule: Rule) -> None:
    assert list(rule(changed(lambda pod, main: None))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_makes_no_pod_is_none_of_its_business(rule: Rule) -> None:
    config = Resource("kubernetes:core/v1:ConfigMap", "a", "urn", {"metadata": {}})
    assert list(rule(config)) == []
    assert list(rule(Resource("aws:s3/bucket:Bucket", "a", "urn", {}))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pod, main: pod.update(hostNetwork=True), "hostNetwork is on"),
        (lambda pod, main: pod["volumes"].append({"name": "x", "hostPath": {}}), "a hostPath"),
        (lambda pod, main: main["securityContext"].update(privileged=True), "privileged"),
        (lambda pod, main: main["securityContext"].pop("capabilities"), "capabilities.drop"),
        (
            lambda pod, main: main["securityContext"]["capabilities"].update(add=["NET_RAW"]),
            "capabilities.add",
        ),
        (
            lambda pod, main: main["securityContext"].pop("readOnlyRootFilesystem"),
            "readOnlyRootFilesystem",
        ),
        (lambda pod, main: main["securityContext"].update(runAsUser=0), "user 0"),
        (lambda pod, main: main["ports"][0].update(hostPort=80), "port 80 of its node"),
        (
            lambda pod, main: pod.update(initContainers=[{"name": "first"}]),
            "container 'first'",
        ),
    ],
)
def test_a_pod_that_is_not_restricted_is_refused(change: Any, said: str) -> None:
    assert said in "\n".join(pods.restricted(changed(change)))


def test_a_pod_without_any_security_context_is_refused() -> None:
    def bare(pod: dict[str, Any], main: dict[str, Any]) -> None:
        pod.pop("securityContext")
        main.pop("securityContext")

    told = "\n".join(pods.restricted(changed(bare)))
    for key in ("runAsNonRoot", "allowPrivilegeEscalation", "seccompProfile"):
        assert key in told


def test_only_the_gateway_takes_ports_of_its_node() -> None:
    gateway = program("local").registered("Deployment", "gateway-deployment")
    assert list(pods.restricted(Resource(gateway.type, "a", "urn", gateway.manifest))) == []


@pytest.mark.parametrize("kind", ["requests", "limits"])
@pytest.mark.parametrize("what", ["cpu", "memory"])
def test_an_amount_that_is_missing_is_refused(kind: str, what: str) -> None:
    found = changed(lambda pod, main: main["resources"][kind].pop(what))
    assert list(pods.bounded(found)) != []
    assert f"resources.{kind}.{what}" in next(pods.bounded(found))


def test_a_container_without_amounts_is_refused() -> None:
    assert len(list(pods.bounded(changed(lambda pod, main: main.pop("resources"))))) == 4


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_a_probe_that_is_missing_is_refused(probe: str) -> None:
    assert probe in next(pods.probed(changed(lambda pod, main: main.pop(probe))))


def test_a_job_needs_no_probe() -> None:
    job = program("local").registered("Job", "sms-ao-bucket-imports-job")
    assert list(pods.probed(Resource(job.type, "a", "urn", job.manifest))) == []


@pytest.mark.parametrize(
    ("image", "fine"),
    [
        ("ghcr.io/org/app:v1.2.3", True),
        ("localhost:5000/app:1", True),
        (f"ghcr.io/org/app@sha256:{'a' * 64}", True),
        ("ghcr.io/org/app:latest", False),
        ("ghcr.io/org/app", False),
        ("localhost:5000/app", False),
        ("", False),
    ],
)
def test_an_image_that_may_change_is_refused(image: str, fine: bool) -> None:
    found = list(pods.pinned(changed(lambda pod, main: main.update(image=image))))
    assert (found == []) is fine


def test_the_image_of_a_database_is_looked_at_too() -> None:
    kind = "kubernetes:postgresql.cnpg.io/v1:Cluster"
    bad = Resource(kind, "a", "urn", {"spec": {"imageName": "postgres:latest"}})
    assert "the database" in next(pods.pinned(bad))
    assert list(pods.pinned(Resource(kind, "a", "urn", {}))) != []


@pytest.mark.parametrize("value", [True, None])
def test_a_system_s_pod_with_a_token_is_refused(value: bool | None) -> None:
    def given(pod: dict[str, Any], main: dict[str, Any]) -> None:
        pod["automountServiceAccountToken"] = value

    assert list(pods.tokenless(changed(given))) != []
