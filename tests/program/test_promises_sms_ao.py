"""Rows of docs/requirements/sms-ao.md, on what the whole program renders."""

from __future__ import annotations

import re

import pytest

from tests.program.looking import STANDING, way
from tests.support import program

SLUG = "sms_ao"


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.parametrize(
    ("path", "requests_a_minute"),  # the register has the operations, the rates are ours
    [
        pytest.param("/api/admin/users", 30, marks=pytest.mark.req("SMS-042")),
        pytest.param("/api/profile", 20, marks=pytest.mark.req("SMS-043")),
        pytest.param("/api/credits/purchase", 10, marks=pytest.mark.req("SMS-044")),
        pytest.param("/api/contacts/import", 60, marks=pytest.mark.req("SMS-045")),
    ],
)
def test_a_protected_operation_is_limited(tier: str, path: str, requests_a_minute: int) -> None:
    found = way(program(tier), SLUG, path)
    assert found.service == "sms-ao-api"
    assert found.requests_a_minute == requests_a_minute
    assert way(program(tier), SLUG, "/api/messages").requests_a_minute is None


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("SMS-071")
def test_the_server_is_postgresql_15_or_newer(tier: str) -> None:
    image = program(tier).object("Cluster", "sms-ao", "postgres")["spec"]["imageName"]
    major = re.fullmatch(r".+/postgres(?:ql)?:(\d+)(?:\.\d+)?", image)
    assert major is not None, image
    assert int(major[1]) >= 15
