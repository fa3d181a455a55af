"""The gateway: TLS, the rules that its routes go through, and what it may see and log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.settings.quantities import Rate
from k8s.routes import average, covers, health_path, restricted_methods, routes
from stacks.systems import SYSTEMS
from tests.support import TIERS, main_container, program

PREFIX = "traefik.ingress.kubernetes.io"


def rules(tier: str = "local") -> dict[str, Any]:
    data = program(tier).object("ConfigMap", "gateway", "gateway")["data"]
    found: dict[str, Any] = json.loads(data["rules.yml"])
    return found


def chain(slug: str, path: str) -> list[str]:
    """The rules that a path's Ingress names."""
    system = program("local").platform.system(slug)
    for ingress in program("local").objects("Ingress"):
        (rule,) = ingress["spec"]["rules"]
        paths = [each["path"] for each in rule["http"]["paths"]]
        if rule["host"] == system.edge.host and path in paths:
            named = ingress["metadata"]["annotations"][f"{PREFIX}/router.middlewares"]
            return [each.removesuffix("@file") for each in named.split(",")]
    raise AssertionError(f"{slug} has no Ingress for {path}")


@pytest.mark.parametrize("tier", TIERS)
def test_every_rule_that_an_ingress_names_is_there(tier: str) -> None:
    known = rules(tier)["http"]["middlewares"].keys()
    named = {
        name.removesuffix("@file")
        for each in program(tier).objects("Ingress")
        for name in each["metadata"]["annotations"][f"{PREFIX}/router.middlewares"].split(",")
    }
    assert named <= known
    used_by_methods = {
        name
        for each in rules(tier)["http"].get("routers", {}).values()
        for name in each["middlewares"]
    }
    assert known == named | used_by_methods


@pytest.mark.req("BLP-082")
def test_a_client_of_blipee_may_ask_60_times_a_minute() -> None:
    limit = rules()["http"]["middlewares"]["blipee-limit-api"]["rateLimit"]
    seconds = {"1s": 1, "1m": 60, "1h": 3600}[limit["period"]]
    assert limit["average"] * 60 / seconds == 60
    assert "blipee-limit-api" in chain("blipee", "/api")
    assert "blipee-limit-api" not in chain("blipee", "/")


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("blipee", marks=pytest.mark.req("BLP-055")),
        pytest.param("models_3d", marks=pytest.mark.req("M3D-043")),
    ],
)
def test_answers_of_the_api_are_compressed_and_downloads_are_not(slug: str) -> None:
    name = f"{slug.replace('_', '-')}-compression"
    assert name in chain(slug, "/api")
    kinds = rules()["http"]["middlewares"][name]["compress"]["includedContentTypes"]
    assert "application/json" in kinds
    # What a client PUT comes back whole, with its length.
    assert not {"application/octet-stream", "application/zip", "image/png"} & set(kinds)


def test_the_nearest_limit_of_a_path_is_the_one_that_counts() -> None:
    for rule in SYSTEMS["sms_ao"].edge.rate_limits:
        own = f"sms-ao-limit{rule.path.replace('/', '-')}"
        assert [each for each in chain("sms_ao", rule.path) if "-limit" in each] == [own]


def test_every_number_of_an_edge_reaches_its_rule() -> None:
    made = rules()["http"]["middlewares"]
    for system in program("local").platform.systems:
        for rule in system.edge.rate_limits:
            found = made[f"{system.dashed}-limit{rule.path.replace('/', '-')}"]["rateLimit"]
            assert (found["average"], found["period"]) == average(rule.limit)
            assert found["burst"] == rule.burst
        for cached in system.edge.cache_rules:
            sent = [
                each["headers"]["customResponseHeaders"]["Cache-Control"]
                for name, each in made.items()
                if name.startswith(f"{system.dashed}-caching")
            ]
            assert f"public, max-age={cached.ttl.seconds:.0f}, immutable" in sent


def test_headers_are_the_description_s_and_the_server_does_not_name_itself() -> None:
    made = rules()["http"]["middlewares"]
    for system in program("local").platform.systems:
        sent = made[f"{system.dashed}-headers"]["headers"]["customResponseHeaders"]
        assert system.edge.headers.items() <= sent.items()
        assert sent["Server"] == ""


@pytest.mark.parametrize(
    ("slug", "path"),
    [
        pytest.param("isp_chatbot", "/api/admin", marks=pytest.mark.req("ISP-086")),
        pytest.param("sms_ao", "/admin/production-monitoring", marks=pytest.mark.req("SMS-050")),
    ],
)
def test_only_private_addresses_reach_what_is_for_operators(slug: str, path: str) -> None:
    name = f"{slug.replace('_', '-')}-restricted{path.replace('/', '-')}"
    assert chain(slug, path)[0] == name
    made = rules()["http"]["middlewares"][name]
    assert "0.0.0.0/0" not in made["ipAllowList"]["sourceRange"]
    assert "10.0.0.0/8" in made["ipAllowList"]["sourceRange"]


@pytest.mark.req("BLP-092", "BLP-093")
def test_only_operators_may_post_to_blipees_performance_api() -> None:
    (route,) = restricted_methods(SYSTEMS["blipee"])
    assert (route.path, route.methods) == ("/api/performance/metrics", ("POST",))
    router = rules()["http"]["routers"][f"{route.rules[0]}-methods"]
    assert "Method(`POST`)" in router["rule"]
    assert "PathPrefix(`/api/performance/metrics`)" in router["rule"]
    assert router["service"] == "blipee-blipee-api-http@kubernetes"
    # Reading stays open: the restriction is not on the path as such.
    assert not any("restricted" in each for each in chain("blipee", "/api"))


@pytest.mark.parametrize("tier", TIERS)
def test_old_tls_is_refused(tier: str) -> None:
    tls = rules(tier)["tls"]
    assert tls["options"]["default"]["minVersion"] == "VersionTLS12"
    assert all("ECDHE" in each for each in tls["options"]["default"]["cipherSuites"])
    assert tls["options"]["tls-13"]["minVersion"] == "VersionTLS13"
    for system in program(tier).platform.systems:
        if system.edge.minimum_tls != "1.2":
            options = f"tls-{system.edge.minimum_tls.replace('.', '')}"
            assert options in tls["options"]


def test_the_certificate_is_for_every_host() -> None:
    leaf = program("local").registered("Certificate", "gateway-gateway-tls").inputs
    assert leaf["names"] == [s.edge.host for s in program("local").platform.systems]
    assert all(name.endswith(".localhost") for name in leaf["names"])


def test_the_log_of_requests_holds_no_header_and_no_query() -> None:
    arguments = main_container(program("local").object("Deployment", "gateway", "gateway"))["args"]
    assert "--accesslog.fields.headers.defaultmode=drop" in arguments
    assert "--accesslog.fields.names.RequestPath=drop" in arguments
    kept = [each for each in arguments if "fields.headers.names" in each]
    assert kept == ["--accesslog.fields.headers.names.User-Agent=keep"]


def test_it_may_read_only_where_systems_are() -> None:
    (cluster,) = [
        each
        for each in program("local").objects("ClusterRole")
        if "gateway" in each["metadata"]["name"]
    ]
    everywhere = {what for rule in cluster["rules"] for what in rule["resources"]}
    assert everywhere == {"ingressclasses", "nodes"}
    watched = {s.namespace for s in program("local").platform.systems}
    roles = {each["metadata"]["namespace"] for each in program("local").objects("Role")}
    assert roles == watched
    verbs = {
        v for e in program("local").objects("Role") for rule in e["rules"] for v in rule["verbs"]
    }
    assert verbs == {"get", "list", "watch", "update"}


def test_it_takes_the_node_s_ports_where_nothing_balances_before_it() -> None:
    local = main_container(program("local").object("Deployment", "gateway", "gateway"))
    assert [p["hostPort"] for p in local["ports"] if "hostPort" in p] == [80, 443]
    prod = main_container(program("prod").object("Deployment", "gateway", "gateway"))
    assert not any("hostPort" in port for port in prod["ports"])
    service = program("prod").object("Service", "gateway", "gateway")
    assert service["spec"]["type"] == "LoadBalancer"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("100/s", (100, "1s")), ("60/min", (1, "1s")), ("10/min", (10, "1m")), ("5/h", (5, "1h"))],
)
def test_a_rate_is_told_in_whole_events(text: str, wanted: tuple[int, str]) -> None:
    assert average(Rate(text)) == wanted


@pytest.mark.parametrize(
    ("prefix", "path", "wanted"),
    [("/", "/a", True), ("/api", "/api", True), ("/api", "/api/x", True), ("/api", "/apis", False)],
)
def test_a_prefix_is_whole_segments(prefix: str, path: str, wanted: bool) -> None:
    assert covers(prefix, path) is wanted


def test_each_path_goes_to_the_workload_with_the_longest_route() -> None:
    found = {each.path: each.workload.name for each in routes(SYSTEMS["models_3d"])}
    assert found["/api"] == "models-3d-api"
    assert found["/ws"] == "models-3d-websocket"
    assert found["/static"] == "models-3d-web"


@pytest.mark.req("FLO-022")
def test_the_health_check_of_the_register_answers_on_the_host() -> None:
    assert health_path(SYSTEMS["flow_studio"]) == "/health"
    assert health_path(SYSTEMS["sms_ao"]) == "/health/ready"
