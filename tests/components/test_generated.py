"""Generated secrets: what the plugin makes, keeps, and renews; by the real cryptography."""

from __future__ import annotations

import base64
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given
from hypothesis import strategies as st
from pulumi.dynamic.dynamic import serialize_provider

from infra.core import generation
from infra.core.generation import AuthorityProvider, CertificateProvider, PasswordProvider


def authority(*domains: str) -> dict[str, Any]:
    made = AuthorityProvider().create({"common_name": "A", "domains": [*domains], "days": 30})
    assert made.outs is not None
    return made.outs


def leaf_inputs(ca: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        "names": list(names),
        "days": 90,
        "renew_days": 30,
        "ca_certificate": ca["certificate"],
        "ca_private_key": ca["private_key"],
    }


def verify(ca: dict[str, Any], leaf: dict[str, Any], name: str) -> None:
    store = Store([x509.load_pem_x509_certificate(ca["certificate"].encode())])
    verifier = PolicyBuilder().store(store).build_server_verifier(x509.DNSName(name))
    verifier.verify(x509.load_pem_x509_certificate(leaf["certificate"].encode()), [])


@given(st.integers(min_value=1, max_value=200))
def test_a_password_has_its_length_and_no_character_that_needs_quoting(length: int) -> None:
    made = PasswordProvider().create({"length": float(length), "generation": 1.0})
    assert made.outs is not None
    assert len(made.outs["value"]) == length
    assert made.outs["value"].isalnum() and made.outs["value"].isascii()


def test_a_password_is_another_each_time_and_stays_until_it_is_asked_anew() -> None:
    provider = PasswordProvider()
    props = {"length": 40, "generation": 1}
    first, second = provider.create(props).outs, provider.create(props).outs
    assert first is not None and second is not None
    assert first["value"] != second["value"]
    assert provider.diff("id", first, props).changes is False
    again = {**props, "generation": 2}
    assert provider.diff("id", first, again).changes is True
    renewed = provider.update("id", first, again).outs
    assert renewed is not None and renewed["value"] != first["value"]


def test_a_leaf_is_trusted_for_its_names_only() -> None:
    ca = authority("svc")
    leaf = CertificateProvider().create(leaf_inputs(ca, "redis.sms-ao.svc")).outs
    assert leaf is not None
    verify(ca, leaf, "redis.sms-ao.svc")
    with pytest.raises(VerificationError):
        verify(ca, leaf, "redis.blipee.svc")


def test_the_authority_can_sign_for_its_own_domains_only() -> None:
    """Whoever trusts it gives away nobody else's names."""
    ca = authority("svc", "localhost")
    stranger = CertificateProvider().create(leaf_inputs(ca, "bank.example.com")).outs
    assert stranger is not None
    with pytest.raises(VerificationError):
        verify(ca, stranger, "bank.example.com")


def test_the_key_belongs_to_the_certificate() -> None:
    ca = authority("svc")
    leaf = CertificateProvider().create(leaf_inputs(ca, "a.svc")).outs
    assert leaf is not None
    key = serialization.load_pem_private_key(leaf["private_key"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    found = x509.load_pem_x509_certificate(leaf["certificate"].encode())
    assert found.public_key() == key.public_key()
    assert leaf["serial"] == f"{found.serial_number:x}"


@pytest.mark.parametrize(("days_left", "renewed"), [(31, False), (29, True), (-1, True)])
def test_a_leaf_is_renewed_when_its_end_is_near(days_left: int, renewed: bool) -> None:
    ca = authority("svc")
    inputs = leaf_inputs(ca, "a.svc")
    old = CertificateProvider().create(inputs).outs
    assert old is not None
    old["not_after"] = (datetime.now(UTC) + timedelta(days=days_left)).isoformat()
    diff = CertificateProvider().diff("id", old, inputs)
    assert diff.changes is renewed
    assert not diff.replaces


def test_a_new_authority_renews_every_leaf() -> None:
    inputs = leaf_inputs(authority("svc"), "a.svc")
    old = CertificateProvider().create(inputs).outs
    assert old is not None
    other = leaf_inputs(authority("svc"), "a.svc")
    assert CertificateProvider().diff("id", old, other).changes is True


def test_a_key_that_is_not_the_authority_s_is_refused_in_words() -> None:
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    inputs = {**leaf_inputs(authority("svc"), "a.svc"), "ca_private_key": key.decode()}
    with pytest.raises(ValueError, match="elliptic-curve key"):
        CertificateProvider().create(inputs)


@pytest.mark.parametrize(
    "kind", [PasswordProvider, AuthorityProvider, CertificateProvider], ids=lambda k: k.__name__
)
def test_the_state_holds_a_reference_to_the_class_and_not_its_code(kind: type) -> None:
    """Else every change of this file would be a change of every secret of every stack."""
    text = base64.b64decode(serialize_provider(kind()))
    assert len(text) < 200
    assert b"infra.core.generation" in text
    assert isinstance(pickle.loads(text), getattr(generation, kind.__name__))
