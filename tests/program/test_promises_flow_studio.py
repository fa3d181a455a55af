"""Rows of docs/requirements/flow-studio.md, on what the whole program renders."""

from __future__ import annotations

from functools import cache

import pytest

from infra.settings.load import load
from stacks.systems import SYSTEMS
from tests.program.looking import STANDING, deployments, ingresses, way
from tests.support import Program, main_container, pod_of, program, run

SLUG = "flow_studio"
NAMESPACE = "intuitivus-flow"


@cache
def own_hosts() -> Program:
    """Production without a domain of the stack's: systems answer on their registers' hosts."""
    values = {
        "alicerce:target": "cluster",
        "alicerce:tier": "prod",
        "alicerce:kubeContext": "theirs",
        "alicerce:systems": f'["{SLUG}"]',
    }
    return run(load("prod", values, SYSTEMS))


@pytest.mark.req("FLO-022")
def test_the_health_check_is_routed_on_the_register_s_host() -> None:
    whole = own_hosts()
    (host,) = {each["spec"]["rules"][0]["host"] for each in ingresses(whole, SLUG)}
    assert host == "intuitivus-flow.com"
    assert way(whole, SLUG, "/health").service == "intuitivus-flow-app"
    main = main_container(whole.object("Deployment", NAMESPACE, "intuitivus-flow-app"))
    assert main["readinessProbe"]["httpGet"]["path"] == "/health"


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("FLO-007")
def test_all_that_runs_for_it_is_in_one_closed_namespace(tier: str) -> None:
    whole = program(tier)
    labels = whole.object("Namespace", "", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    names = {each["metadata"]["name"] for each in deployments(whole, SLUG)}
    assert names == {"intuitivus-flow-app", "intuitivus-flow-worker"}
    for kind, name in (("Cluster", "postgres"), ("StatefulSet", "redis")):
        assert whole.object(kind, NAMESPACE, name)
    assert int(whole.object("ResourceQuota", NAMESPACE, "quota")["spec"]["hard"]["pods"]) > 20
    closed = whole.object("NetworkPolicy", NAMESPACE, "default-deny")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("FLO-008")
def test_no_workload_may_ask_the_api_server_for_anything(tier: str) -> None:
    whole = program(tier)
    for each in deployments(whole, SLUG):
        name = each["metadata"]["name"]
        assert pod_of(each)["serviceAccountName"] == name
        assert pod_of(each)["automountServiceAccountToken"] is False
        account = whole.object("ServiceAccount", NAMESPACE, name)
        assert account["automountServiceAccountToken"] is False
    here = [e for e in whole.objects("RoleBinding") if e["metadata"]["namespace"] == NAMESPACE]
    (binding,) = here
    assert binding["roleRef"]["name"] == "gateway"
    everywhere = [*here, *whole.objects("ClusterRoleBinding")]
    holders = [who for each in everywhere for who in each["subjects"]]
    assert {who["kind"] for who in holders} == {"ServiceAccount"}
    assert NAMESPACE not in {who["namespace"] for who in holders}
    changed = {
        (what, verb)
        for rule in whole.object("Role", NAMESPACE, "gateway")["rules"]
        for what in rule["resources"]
        for verb in rule["verbs"]
        if verb not in ("get", "list", "watch")
    }
    assert changed == {("ingresses/status", "update")}
