"""Who reaches whom, from the policies alone. The live layer asks the network itself."""

from __future__ import annotations

from functools import cache

import pytest

from infra.settings.system import System
from ops.render import Manifest
from tests.components.flows import Pod, allowed, may_leave
from tests.support import main_container, program

LOCAL = program("local")
SYSTEMS = LOCAL.platform.systems
POLICIES = list(LOCAL.objects("NetworkPolicy"))
GATEWAY = "gateway"


@cache
def namespace_labels(name: str) -> tuple[tuple[str, str], ...]:
    labels = LOCAL.object("Namespace", "", name)["metadata"]["labels"]
    return tuple({**labels, "kubernetes.io/metadata.name": name}.items())


def pod(namespace: str, labels: dict[str, str], port: int = 0) -> Pod:
    return Pod(namespace, labels, dict(namespace_labels(namespace)), port)


def of(kind: str, namespace: str, name: str) -> Pod:
    manifest: Manifest = LOCAL.object(kind, namespace, name)
    ports = [each["containerPort"] for each in main_container(manifest)["ports"]]
    labels = manifest["spec"]["template"]["metadata"]["labels"]
    return pod(namespace, labels, ports[0])


def database(system: System) -> Pod:
    return pod(system.namespace, {"cnpg.io/cluster": "postgres"}, 5432)


def workloads(system: System) -> list[Pod]:
    return [of("Deployment", system.namespace, each.name) for each in system.workloads]


@pytest.mark.parametrize("one", SYSTEMS, ids=lambda each: each.slug)
@pytest.mark.parametrize("other", SYSTEMS, ids=lambda each: each.slug)
def test_only_its_own_workloads_that_use_it_reach_a_systems_data(
    one: System, other: System
) -> None:
    for workload, source in zip(one.workloads, workloads(one), strict=True):
        own = one.slug == other.slug
        redis = of("StatefulSet", other.namespace, "redis")
        assert allowed(POLICIES, source, database(other)) == (own and "database" in workload.uses)
        assert allowed(POLICIES, source, redis) == (own and "cache" in workload.uses)


@pytest.mark.parametrize("one", SYSTEMS, ids=lambda each: each.slug)
@pytest.mark.parametrize("other", SYSTEMS, ids=lambda each: each.slug)
def test_workloads_reach_only_those_that_they_call(one: System, other: System) -> None:
    for caller, source in zip(one.workloads, workloads(one), strict=True):
        for callee, target in zip(other.workloads, workloads(other), strict=True):
            wanted = one.slug == other.slug and callee.name in caller.calls
            assert allowed(POLICIES, source, target) == wanted, (caller.name, callee.name)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.slug)
def test_the_gateway_reaches_what_has_a_route_and_no_more(system: System) -> None:
    gateway = of("Deployment", GATEWAY, GATEWAY)
    for workload, target in zip(system.workloads, workloads(system), strict=True):
        assert allowed(POLICIES, gateway, target) == bool(workload.routes), workload.name
    assert not allowed(POLICIES, gateway, database(system))
    assert not allowed(POLICIES, gateway, of("StatefulSet", system.namespace, "redis"))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.slug)
def test_the_endpoint_of_buckets_is_reached_by_those_that_use_one(system: System) -> None:
    storage = of("StatefulSet", "storage", "s3")
    for workload, source in zip(system.workloads, workloads(system), strict=True):
        assert allowed(POLICIES, source, storage) == ("bucket" in workload.uses), workload.name
    assert not allowed(POLICIES, database(system), storage)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.slug)
def test_a_workload_is_held_back_on_its_own_side_too(system: System) -> None:
    """Two locks: an open door at the other end must not be enough."""
    for workload, source in zip(system.workloads, workloads(system), strict=True):
        redis = of("StatefulSet", system.namespace, "redis")
        storage = of("StatefulSet", "storage", "s3")
        for use, target in (("database", database(system)), ("cache", redis), ("bucket", storage)):
            assert may_leave(POLICIES, source, target) == (use in workload.uses), workload.name


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.slug)
def test_the_operator_reaches_every_database(system: System) -> None:
    operator = of("Deployment", "cnpg-system", "cnpg-controller-manager")
    status = pod(system.namespace, {"cnpg.io/cluster": "postgres"}, 8000)
    assert allowed(POLICIES, operator, status)
    assert not allowed(POLICIES, operator, of("StatefulSet", system.namespace, "redis"))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.slug)
def test_without_its_policies_a_system_would_be_open(system: System) -> None:
    """The test above can fail: with the policies of one namespace away, all gets in."""
    rest = [each for each in POLICIES if each["metadata"]["namespace"] != system.namespace]
    anyone = Pod("elsewhere", {}, {})
    assert allowed(rest, anyone, database(system))
    assert not allowed(POLICIES, anyone, database(system))


def test_the_way_out_leaves_private_addresses_and_clouds_metadata_out() -> None:
    for policy in POLICIES:
        for rule in policy["spec"].get("egress", []):
            for peer in rule.get("to", []):
                if "ipBlock" in peer:
                    assert peer["ipBlock"]["cidr"] == "0.0.0.0/0"
                    assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(peer["ipBlock"]["except"])


def test_only_the_declared_ports_lead_outside() -> None:
    for system in SYSTEMS:
        for workload in system.workloads:
            spec = LOCAL.object("NetworkPolicy", system.namespace, workload.name)["spec"]
            outside = {
                port["port"]
                for rule in spec["egress"]
                if any("ipBlock" in peer for peer in rule["to"])
                for port in rule["ports"]
            }
            declared = {each.port for each in system.egress if each.name in workload.egress}
            assert outside == declared
