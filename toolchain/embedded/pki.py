"""Certificates: made once, kept between runs, renewed when short-lived or out of date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toolchain.embedded.commands import write

CA_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30
# Clocks of freshly started machines jump back; a certificate must not be from tomorrow.
BACKDATE = timedelta(hours=1)


@dataclass(frozen=True)
class Leaf:
    """What one certificate says: who (user, groups) and, for servers, which names."""

    name: str
    authority: str
    user: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


class Pki:
    """The certificates in one directory; every file in it is readable by root alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def authority(self, name: str) -> Pair:
        """A certificate authority, made when missing or near its end."""
        kept = self._load(name)
        if kept is not None and not _expiring(kept.certificate):
            return kept
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"alicerce-{name}", ())
        builder = _builder(subject, subject, key, CA_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_usage(signs_certificates=True), True)
        return self._store(name, Pair(builder.sign(key, hashes.SHA256()), key))

    def leaf(self, leaf: Leaf) -> Pair:
        """A certificate for a server or a client, reissued when it no longer fits."""
        issuer = self.authority(leaf.authority)
        kept = self._load(leaf.name)
        if kept is not None and _fits(kept.certificate, leaf, issuer):
            return kept
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(leaf.user, leaf.groups)
        builder = _builder(subject, issuer.certificate.subject, key, LEAF_DAYS)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if leaf.hosts:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            builder = builder.add_extension(x509.SubjectAlternativeName(_hosts(leaf)), False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(signs_certificates=False), True)
        return self._store(leaf.name, Pair(builder.sign(issuer.key, hashes.SHA256()), key))

    def signing_key(self, name: str) -> None:
        """A bare key pair (service account tokens); kept as long as the directory lives."""
        if (self.directory / f"{name}.key").exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        write(self.directory / f"{name}.pub", public)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        write(self.directory / f"{name}.key", private)

    def _load(self, name: str) -> Pair | None:
        certificate = self.directory / f"{name}.crt"
        key = self.directory / f"{name}.key"
        if not certificate.exists() or not key.exists():
            return None
        try:
            loaded = serialization.load_pem_private_key(key.read_bytes(), None)
            parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        except ValueError:
            # A damaged file is as good as none: issue again.
            return None
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            return None
        # A run killed between the two files leaves a certificate of an older key.
        return Pair(parsed, loaded) if parsed.public_key() == loaded.public_key() else None

    def _store(self, name: str, pair: Pair) -> Pair:
        write(self.directory / f"{name}.key", pair.key_pem)
        write(self.directory / f"{name}.crt", pair.certificate_pem)
        return pair


def _name(user: str, groups: tuple[str, ...]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _hosts(leaf: Leaf) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in leaf.hosts:
        try:
            names.append(x509.IPAddress(ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _expiring(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=RENEW_DAYS)


def _fits(certificate: x509.Certificate, leaf: Leaf, issuer: Pair) -> bool:
    if _expiring(certificate) or certificate.subject != _name(leaf.user, leaf.groups):
        return False
    public = issuer.key.public_key()
    try:
        algorithm = certificate.signature_hash_algorithm or hashes.SHA256()
        public.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return _names_in(certificate) == set(leaf.hosts)


def _names_in(certificate: x509.Certificate) -> set[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {
        str(name.value) for name in found.value if isinstance(name, (x509.DNSName, x509.IPAddress))
    }
