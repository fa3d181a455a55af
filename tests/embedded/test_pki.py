"""Certificates: kept when they fit, made anew when they don't, closed to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from toolchain.embedded import ClusterSettings, identities, pki
from toolchain.embedded.layout import Layout
from toolchain.embedded.pki import Leaf, Pki

SERVER = Leaf("web", "ca", "web", ("ops",), ("web.local", "10.0.0.1"))


@pytest.fixture
def store(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


def test_a_certificate_that_fits_is_kept(store: Pki) -> None:
    assert store.leaf(SERVER).certificate == store.leaf(SERVER).certificate


@pytest.mark.parametrize(
    "changed",
    [
        replace(SERVER, hosts=("other.local",)),
        replace(SERVER, user="someone"),
        replace(SERVER, groups=()),
        replace(SERVER, authority="another-ca"),
    ],
)
def test_a_certificate_that_no_longer_fits_is_made_anew(store: Pki, changed: Leaf) -> None:
    first = store.leaf(SERVER).certificate
    assert store.leaf(changed).certificate != first


def test_a_certificate_near_its_end_is_made_anew(
    store: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store.leaf(SERVER).certificate
    left = first.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=pki.LEAF_DAYS - 1) < left <= timedelta(days=pki.LEAF_DAYS)
    monkeypatch.setattr(pki, "RENEW_DAYS", pki.LEAF_DAYS + 1)
    assert store.leaf(SERVER).certificate != first


@pytest.mark.parametrize("file", ["web.crt", "web.key"])
@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_a_missing_or_damaged_file_is_made_anew(
    store: Pki, file: str, content: bytes | None
) -> None:
    store.leaf(SERVER)
    path = store.directory / file
    path.unlink() if content is None else path.write_bytes(content)
    fresh = store.leaf(SERVER)
    assert store.leaf(SERVER).certificate == fresh.certificate


def test_a_key_without_its_certificate_is_not_trusted(store: Pki) -> None:
    store.leaf(SERVER)
    stray = Pki(store.directory / "other").leaf(replace(SERVER, user="stray"))
    (store.directory / "web.key").write_bytes(stray.key_pem)
    fresh = store.leaf(SERVER)
    assert fresh.key.public_key() == fresh.certificate.public_key()


def test_a_leaf_is_signed_by_its_authority_and_no_authority_itself(store: Pki) -> None:
    leaf, authority = store.leaf(SERVER), store.authority("ca")
    leaf.certificate.verify_directly_issued_by(authority.certificate)
    assert isinstance(leaf.key.curve, ec.SECP256R1)


def test_issuing_twice_changes_nothing_and_all_is_private(tmp_path: Path) -> None:
    settings, layout = ClusterSettings(state=tmp_path, nodes=3), Layout(tmp_path)

    def issued() -> dict[Path, bytes]:
        identities.issue(settings, layout)
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files}

    first = issued()
    assert issued() == first
    assert len([path for path in first if path.name.startswith("kubelet-node-")]) == 6
    assert not [path for path in first if path.stat().st_mode & 0o077]


def test_the_administrators_kubeconfig_leads_to_the_node_address(tmp_path: Path) -> None:
    settings, layout = ClusterSettings(state=tmp_path, name="mine"), Layout(tmp_path)
    identities.issue(settings, layout)
    content = yaml.safe_load(layout.kubeconfig.read_text())
    assert content["clusters"][0]["cluster"]["server"] == "https://10.240.0.1:6443"
    assert content["current-context"] == "mine"


def test_the_key_for_secrets_is_random_and_kept(tmp_path: Path) -> None:
    settings = ClusterSettings(state=tmp_path)
    one, two = Layout(tmp_path / "one"), Layout(tmp_path / "two")
    identities.issue(settings, one)
    identities.issue(settings, two)
    path = Path("secrets/encryption.yaml")
    assert (one.state / path).read_text() != (two.state / path).read_text()
    kept = yaml.safe_load((one.state / path).read_text())
    assert list(kept["resources"][0]["providers"][0]) == ["secretbox"], "the first one writes"
