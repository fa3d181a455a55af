"""What is true of every resource, whatever made it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.core.guards import REQUIRED_LABELS, SYSTEM
from infra.settings.versions import IMAGES
from tests.support import TIERS, Program, platform, program, run

UPSTREAM = "CustomResourceDefinition"
# Secrets that a controller writes, which Pods may start without.
MADE_IN_THE_CLUSTER = {"cnpg-webhook-cert"}


@pytest.fixture(params=TIERS)
def whole(request: pytest.FixtureRequest) -> Program:
    return program(request.param)


def test_every_object_says_whose_it_is(whole: Program) -> None:
    for each in whole.objects():
        if each["kind"] != UPSTREAM:
            labels = each["metadata"]["labels"]
            missing = [label for label in REQUIRED_LABELS if not labels.get(label)]
            assert missing == [], f"{each['kind']} {each['metadata']['name']}"


def test_every_object_has_its_own_place(whole: Program) -> None:
    """Two resources for one object would undo each other for ever."""
    places = [
        (e["apiVersion"], e["kind"], e["metadata"].get("namespace"), e["metadata"]["name"])
        for e in whole.objects()
    ]
    assert len(places) == len(set(places))


def test_every_object_is_in_a_namespace_that_the_program_makes(whole: Program) -> None:
    made = {each["metadata"]["name"] for each in whole.objects("Namespace")}
    used = {e["metadata"].get("namespace") for e in whole.objects()} - {None}
    assert used <= made


def test_every_namespaced_object_comes_after_its_namespace(whole: Program) -> None:
    """Directly or through what it comes after: else the first ``up`` fails by chance."""
    spaces = {
        e.manifest["metadata"]["name"]: e.urn
        for e in whole.resources
        if e.type == "kubernetes:core/v1:Namespace"
    }
    before = _Before(whole)
    for each in whole.resources:
        namespace = each.manifest["metadata"].get("namespace") if each.is_object else None
        if namespace:
            assert spaces[namespace] in before.all(each.urn), each.urn


def test_what_is_waited_for_comes_after_all_that_it_needs(whole: Program) -> None:
    """The engine works on four resources a core: one that waits for a later one may never end.

    Needed are the Secrets, ConfigMaps and account of its Pods, and the NetworkPolicies that let
    them out. (The first ``up`` on a cluster hung on a missing ServiceAccount.)
    """
    places = {
        (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]): e.urn
        for e in whole.resources
        if e.is_object and (m := e.manifest)
    }
    before = _Before(whole)
    for each in whole.resources:
        if not each.type.endswith((":Deployment", ":StatefulSet", ":Job")):
            continue
        manifest = each.manifest
        namespace = manifest["metadata"]["namespace"]
        for kind, name in _mentioned(manifest["spec"]["template"]["spec"]):
            if name not in MADE_IN_THE_CLUSTER:
                found = places[(kind, namespace, name)]
                assert found in before.all(each.urn), f"{each.name} needs {kind} {name}"
        if each.type.endswith(":StatefulSet"):
            continue  # servers, which get ready without talking to anyone
        labels = manifest["spec"]["template"]["metadata"]["labels"].items()
        for policy in whole.resources:
            if policy.type.endswith(":NetworkPolicy"):
                body = policy.manifest
                selected = body["spec"]["podSelector"].get("matchLabels")
                here = body["metadata"]["namespace"] == namespace
                data = body["metadata"]["name"] in ("postgres", "redis")
                if here and selected and (data or selected.items() <= labels):
                    assert policy.urn in before.all(each.urn), f"{each.name} needs {policy.name}"


def test_every_object_has_an_explicit_provider(whole: Program) -> None:
    for each in whole.resources:
        if each.is_object:
            assert "pulumi:providers:kubernetes::cluster::" in each.provider, each.urn


def test_every_resource_is_inside_a_component(whole: Program) -> None:
    for each in whole.resources:
        if not each.type.startswith(("alicerce:", "pulumi:providers:")):
            assert "alicerce:" in each.parent, each.urn


def test_secrets_are_in_secrets_alone(whole: Program) -> None:
    """The stand-ins of generated values, planted by the mocks, show up nowhere else."""
    canary = re.compile(r"<[\w.-]+ (value|private_key)>")
    for each in whole.resources:
        if each.type == "kubernetes:core/v1:Secret" or each.type.startswith("pulumi-python:"):
            continue
        assert not canary.search(json.dumps(each.inputs)), each.urn


def test_rendered_secrets_have_no_value(whole: Program) -> None:
    found = list(whole.objects("Secret"))
    assert found
    for each in found:
        assert not {"data", "stringData"} & each.keys()
        assert each["metadata"]["annotations"]["alicerce.dev/keys"]


def test_every_image_is_one_that_is_pinned(whole: Program) -> None:
    known = {image.local for image in IMAGES.values()}
    known |= {image.upstream for image in IMAGES.values() if image.upstream}
    own = {w.image for s in whole.platform.systems for w in s.workloads if w.image}
    for each in whole.resources:
        for key, value in _walk(each.inputs):
            if key in ("image", "imageName") and isinstance(value, str):
                assert value in known | own, each.urn


def test_only_what_holds_data_is_protected_and_where_the_tier_says_so(whole: Program) -> None:
    protected = {each.urn for each in whole.resources if each.protect}
    if not whole.platform.tier.deletion_protection:
        assert protected == set()
        return
    kinds = {each.type.rpartition(":")[2] for each in whole.resources if each.protect}
    assert kinds == {"Namespace", "StatefulSet", "Cluster"}
    holders = [e for e in whole.resources if e.type.endswith((":StatefulSet", ":Cluster"))]
    assert [each.urn for each in holders if not each.protect] == []


def test_data_outlives_the_stack_where_the_tier_says_so(whole: Program) -> None:
    keeps = whole.platform.tier.retain_data
    holders = [e for e in whole.resources if e.type.endswith((":StatefulSet", ":Cluster"))]
    assert holders
    assert {each.retain for each in holders} == {keeps}
    for each in whole.objects("StatefulSet"):
        policy = each["spec"]["persistentVolumeClaimRetentionPolicy"]
        assert policy["whenDeleted"] == ("Retain" if keeps else "Delete")


def test_a_system_in_the_quota_can_start_all_its_pods_at_once(whole: Program) -> None:
    for system in whole.platform.systems:
        hard = whole.object("ResourceQuota", system.namespace, "quota")["spec"]["hard"]
        most = sum(each.replicas.maximum for each in system.workloads)
        most += system.database.instances + system.database.read_replicas + 1
        assert int(hard["pods"]) > most


def test_what_is_not_in_the_stack_is_not_made() -> None:
    small = run(platform("local", systems='["sms_ao"]'))
    assert {s.slug for s in small.platform.systems} == {"sms_ao"}
    systems = {
        e["metadata"]["labels"].get(SYSTEM) for e in small.objects() if e["kind"] != UPSTREAM
    }
    assert systems == {"sms-ao", None}


def test_one_replacement_that_is_allowed_loses_only_its_own_protection() -> None:
    key = "kubernetes:apps/v1:StatefulSet::blipee-redis-server"
    found = run(platform("staging", replacements=json.dumps([key])))
    holders = [e for e in found.resources if e.type.endswith((":StatefulSet", ":Cluster"))]
    assert [e.name for e in holders if not e.protect] == ["blipee-redis-server"]


def _walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    yield key, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _walk(each, str(name))
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each, key)


class _Before:
    """What each resource comes after, directly or through others."""

    def __init__(self, whole: Program) -> None:
        self._direct = {each.urn: each.dependencies for each in whole.resources}
        self._known: dict[str, frozenset[str]] = {}

    def all(self, urn: str) -> frozenset[str]:
        if urn not in self._known:
            direct = self._direct.get(urn, ())
            self._known[urn] = frozenset(direct).union(*(self.all(other) for other in direct))
        return self._known[urn]


def _mentioned(pod: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "serviceAccountName" in pod:
        yield "ServiceAccount", pod["serviceAccountName"]
    for volume in pod.get("volumes", []):
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"]
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield "Secret", reference["name"]
