"""No secret in an environment value, an argument or a ConfigMap."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.policy.resource import Resource
from stacks.policy.secrets import no_plain_secrets


def pod(**container: Any) -> Resource:
    spec = {"template": {"spec": {"containers": [{"name": "main", **container}]}}}
    return Resource("kubernetes:apps/v1:Deployment", "a", "urn", {"spec": spec})


def config(**data: str) -> Resource:
    return Resource("kubernetes:core/v1:ConfigMap", "a", "urn", {"data": data})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PASSWORD", "hunter2"),
        ("API_KEY", "x"),
        ("SENTRY_DSN", "https://key@sentry.io/1"),
        ("DATABASE_URL", "postgres://user:word@host/db"),
        ("SETTINGS", "-----BEGIN EC PRIVATE KEY-----\nMC"),
        ("HEADER", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.sig"),
        ("ID", "AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_a_secret_in_the_open_is_refused(name: str, value: str) -> None:
    assert list(no_plain_secrets(pod(env=[{"name": name, "value": value}]))) != []
    assert list(no_plain_secrets(config(**{name: value}))) != []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PASSWORD_FILE", "/run/secrets/database/password"),
        ("TOKEN_TTL", "3600"),
        ("SECRET_NAME", "postgres-owner"),
        ("DATABASE_URL", "postgres://host/db"),
        ("PASSWORD", ""),
        ("ALICERCE_CACHE_TTL", "300"),
    ],
)
def test_what_only_speaks_of_secrets_passes(name: str, value: str) -> None:
    assert list(no_plain_secrets(pod(env=[{"name": name, "value": value}]))) == []
    assert list(no_plain_secrets(config(**{name: value}))) == []


def test_a_reference_passes() -> None:
    reference = {"secretKeyRef": {"name": "a", "key": "b"}}
    assert list(no_plain_secrets(pod(env=[{"name": "PASSWORD", "valueFrom": reference}]))) == []


def test_arguments_are_looked_at() -> None:
    assert list(no_plain_secrets(pod(args=["--url=redis://user:word@host"]))) != []
    assert list(no_plain_secrets(pod(command=["run"], args=["--port=1"]))) == []


def test_what_is_missing_is_no_secret() -> None:
    assert list(no_plain_secrets(pod())) == []
    assert list(no_plain_secrets(Resource("kubernetes:core/v1:ConfigMap", "a", "u", {}))) == []
    assert list(no_plain_secrets(Resource("kubernetes:apps/v1:Deployment", "a", "u", {}))) == []
