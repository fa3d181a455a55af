"""Rows of docs/requirements/blipee.md, on what the whole program renders."""

from __future__ import annotations

import json

import pytest

from infra.settings.edge import RateLimit
from infra.settings.quantities import Rate
from tests.program.looking import STANDING, paths, told, way
from tests.support import main_container, platform, program, run

SLUG = "blipee"


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.parametrize(
    ("header", "value"),
    [
        pytest.param(
            "Strict-Transport-Security",
            "max-age=63072000; includeSubDomains; preload",
            marks=pytest.mark.req("BLP-158"),
        ),
        pytest.param("X-Frame-Options", "SAMEORIGIN", marks=pytest.mark.req("BLP-159")),
        pytest.param("X-Content-Type-Options", "nosniff", marks=pytest.mark.req("BLP-160")),
        pytest.param("X-XSS-Protection", "0", marks=pytest.mark.req("BLP-161")),
        pytest.param(
            "Referrer-Policy",
            "strict-origin-when-cross-origin",
            marks=pytest.mark.req("BLP-162"),
        ),
        pytest.param(
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=()",
            marks=pytest.mark.req("BLP-163"),
        ),
    ],
)
def test_every_answer_carries_the_header(tier: str, header: str, value: str) -> None:
    whole = program(tier)
    assert {"/", "/api", "/_next/static"} <= set(paths(whole, SLUG))
    assert {way(whole, SLUG, path).header(header) for path in paths(whole, SLUG)} == {value}


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("BLP-053", "BLP-082", "BLP-157")
def test_the_api_is_limited_and_pages_are_not(tier: str) -> None:
    assert way(program(tier), SLUG, "/api/integrations").requests_a_minute == 60
    assert way(program(tier), SLUG, "/dashboard").requests_a_minute is None


@pytest.mark.req("BLP-081")
def test_an_endpoint_may_have_a_limit_of_its_own() -> None:
    chosen = platform("local", systems=f'["{SLUG}"]')
    (system,) = chosen.systems
    own = RateLimit(path="/api/export", limit=Rate("5/min"), burst=1)
    edge = system.edge.changed(rate_limits=(*system.edge.rate_limits, own))
    whole = run(chosen.changed(systems=(system.changed(edge=edge),)))
    assert way(whole, SLUG, "/api/export/pdf").requests_a_minute == 5
    assert way(whole, SLUG, "/api/exports").requests_a_minute == 60


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("BLP-083")
def test_an_answer_is_kept_for_five_minutes(tier: str) -> None:
    for workload in ("blipee-api", "blipee-web"):
        assert told(program(tier), SLUG, workload)["ALICERCE_CACHE_TTL"] == str(5 * 60)


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("BLP-106")
def test_a_page_has_a_connection_for_each_of_its_parallel_queries(tier: str) -> None:
    """Conversations, agents and predictions: one Pod asks for all three at once."""
    assert int(told(program(tier), SLUG, "blipee-api")["ALICERCE_DATABASE_POOL"]) >= 3


@pytest.mark.req("BLP-172")
def test_each_stack_has_its_own_variables_and_a_rollout_waits_for_health() -> None:
    settings = {SLUG: {"workloads": {"blipee-api": {"environment": {"LOG_LEVEL": "DEBUG"}}}}}
    chosen = platform("local", systems=f'["{SLUG}"]', systemSettings=json.dumps(settings))
    assert told(run(chosen), SLUG, "blipee-api")["LOG_LEVEL"] == "DEBUG"
    assert "LOG_LEVEL" not in told(program("prod"), SLUG, "blipee-api")
    deployment = program("prod").object("Deployment", "blipee", "blipee-api")
    assert main_container(deployment)["readinessProbe"]["httpGet"]["path"] == "/api/health"
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
