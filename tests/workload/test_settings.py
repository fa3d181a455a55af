"""Settings: what is taken from the environment, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from reference.settings import Role, Settings


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICERCE_ROLE", "api")
    monkeypatch.setenv("ALICERCE_SYSTEM", "sms-ao")


def test_defaults() -> None:
    settings = Settings.read()
    assert settings.role is Role.API
    assert settings.port == 8000
    assert settings.faults is False
    assert settings.health_paths == ()
    assert str(settings.secrets_dir) == "/run/secrets"


def test_comma_list_and_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICERCE_HEALTH_PATHS", "/health, /api/health,")
    monkeypatch.setenv("ALICERCE_FAULTS", "on")
    settings = Settings.read()
    assert settings.health_paths == ("/health", "/api/health")
    assert settings.faults is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLE", "database"),
        ("SYSTEM", "Flow Studio"),
        ("SYSTEM", ""),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("CACHE_TTL", "0"),
        ("UPLOAD_LIMIT_BYTES", "-1"),
        ("UPLOAD_LIMIT_BYTES", "500MB"),
        ("DRAIN_SECONDS", "-1"),
        ("DRAIN_SECONDS", "301"),
        ("DATABASE_POOL", "0"),
        ("HEALTH_PATHS", "health"),
        ("HEALTH_PATHS", "/health/{id}"),
        ("FAULTS", "perhaps"),
    ],
)
def test_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ALICERCE_{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings.read()
    assert name.lower() in str(refused.value)


@pytest.mark.parametrize("name", ["ALICERCE_ROLE", "ALICERCE_SYSTEM"])
def test_required(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ValidationError):
        Settings.read()
