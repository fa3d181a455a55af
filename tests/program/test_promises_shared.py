"""Rows that several registers have alike, on what the whole program renders."""

from __future__ import annotations

import re

import pytest

from tests.program.looking import STANDING, deployments, ingresses, mounted, scaled, told
from tests.support import Program, main_container, pod_of, program


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("flow_studio", marks=pytest.mark.req("FLO-004")),
        pytest.param("models_3d", marks=pytest.mark.req("M3D-039")),
    ],
)
def test_a_load_balancer_stands_before_the_gateway_in_production(slug: str) -> None:
    whole = program("prod")
    service = whole.object("Service", "gateway", "gateway")["spec"]
    assert service["type"] == "LoadBalancer"
    assert [(each["port"], each["targetPort"]) for each in service["ports"]] == [
        (80, "web"),
        (443, "websecure"),
    ]
    pod = whole.object("Deployment", "gateway", "gateway")["spec"]["template"]
    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    (served,) = {each["spec"]["ingressClassName"] for each in ingresses(whole, slug)}
    arguments = main_container(whole.object("Deployment", "gateway", "gateway"))["args"]
    assert f"--providers.kubernetesingress.ingressclass={served}" in arguments


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.parametrize(
    ("slug", "api"),
    [
        pytest.param("blipee", "blipee-api", marks=pytest.mark.req("BLP-176")),
        pytest.param("models_3d", "models-3d-api", marks=pytest.mark.req("M3D-007")),
    ],
)
def test_the_api_has_a_redis_that_is_bounded_and_gives_way(tier: str, slug: str, api: str) -> None:
    whole = program(tier)
    namespace = whole.platform.system(slug).namespace
    server = main_container(whole.object("StatefulSet", namespace, "redis"))
    assert server["command"][0] == "redis-server"
    text = whole.object("ConfigMap", namespace, "redis")["data"]["redis.conf"]
    lines = dict(line.split(" ", 1) for line in text.splitlines())
    assert int(lines["maxmemory"]) >= 64 * 2**20
    assert lines["maxmemory-policy"] == "allkeys-lfu"
    assert mounted(whole.object("Deployment", namespace, api), "redis-auth") == "/run/secrets/cache"
    (opened,) = whole.object("NetworkPolicy", namespace, "redis")["spec"]["ingress"]
    assert opened["ports"] == [{"protocol": "TCP", "port": 6379}]
    assert api in str(opened["from"])


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("blipee", marks=pytest.mark.req("BLP-050")),
        pytest.param("models_3d", marks=pytest.mark.req("M3D-046")),
    ],
)
def test_each_pod_has_a_pool_and_all_pools_fit_into_the_server(tier: str, slug: str) -> None:
    whole = program(tier)
    namespace = whole.platform.system(slug).namespace
    most = 0
    for each in deployments(whole, slug):
        name = each["metadata"]["name"]
        if mounted(each, "postgres-application"):
            pool = int(told(whole, slug, name)["ALICERCE_DATABASE_POOL"])
            assert pool >= 2
            most += pool * scaled(whole, slug)[name][1]
    server = whole.object("Cluster", namespace, "postgres")["spec"]["postgresql"]
    assert 0 < most < int(server["parameters"]["max_connections"])


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("blipee", marks=pytest.mark.req("BLP-153")),
        pytest.param("models_3d", marks=pytest.mark.req("M3D-040")),
    ],
)
def test_secrets_are_files_and_variables_hold_none(tier: str, slug: str) -> None:
    whole = program(tier)
    values = _secret_values(whole, slug)
    assert len(values) >= 5  # two roles, the cache, two keys of the bucket
    for each in deployments(whole, slug):
        main = main_container(each)
        assert "env" not in main
        variables = told(whole, slug, each["metadata"]["name"])
        assert not values & set(variables.values())
        assert not [name for name in variables if re.search("PASSWORD|KEY|TOKEN|SECRET", name)]
        places = {mount["name"]: mount for mount in main["volumeMounts"]}
        for volume in pod_of(each)["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440
                assert places[volume["name"]]["readOnly"] is True


def _secret_values(whole: Program, slug: str) -> set[str]:
    """What the mocks give for each generated secret of the system."""
    namespace = whole.platform.system(slug).namespace
    return {
        str(value)
        for each in whole.resources
        if each.type.endswith(":Secret") and each.manifest["metadata"]["namespace"] == namespace
        for value in each.inputs["stringData"].values()
        if re.fullmatch(r"<[\w.-]+ value>", str(value))
    }
