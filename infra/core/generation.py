"""Makes passwords, keys and certificates. Runs in the engine's dynamic-provider plugin.

The engine keeps a provider in the state as a pickled *reference* to its class, so these classes
must stay importable under these names, or old states can't be updated or destroyed. The module
is imported by a plugin that starts several times a run: keep its imports few. The clock is read
here, in the plugin, never in a component.

Errors: a ``ValueError`` (unreadable CA key or certificate) ends the update with its message.
"""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pulumi.dynamic import (
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
)

Props = dict[str, Any]

# What S3 tools and shells take without quoting; 62 letters and digits are 5.95 bits each.
_ALPHABET = string.ascii_letters + string.digits
# A clock that runs behind must not see a certificate from the future.
_CLOCK_SKEW = timedelta(minutes=5)


class _Generator(ResourceProvider):
    """Something made once; ``inputs`` are the properties whose change makes it anew."""

    # Nothing secret is captured: the pickled text is the name of the class.
    serialize_as_secret_always = False
    inputs: tuple[str, ...] = ()

    def make(self, props: Props) -> Props:
        """What is generated, besides the inputs."""
        raise NotImplementedError

    def is_stale(self, olds: Props) -> bool:
        """Whether it must be made again though no input changed."""
        return False

    def create(self, props: Props) -> CreateResult:
        """A new one."""
        return CreateResult(secrets.token_hex(8), self._kept(props) | self.make(props))

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """In place, whatever changed: what uses it sees new values, not a new resource."""
        changed = [key for key in self.inputs if olds.get(key) != news.get(key)]
        return DiffResult(changes=bool(changed) or self.is_stale(olds))

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """A new one in the old one's place."""
        return UpdateResult(self._kept(news) | self.make(news))

    def _kept(self, props: Props) -> Props:
        return {key: props[key] for key in self.inputs}


class PasswordProvider(_Generator):
    """``value``: a random text of ``length`` letters and digits; a new ``generation`` renews it."""

    inputs = ("length", "generation")

    def make(self, props: Props) -> Props:
        """A value from the system's own randomness."""
        value = "".join(secrets.choice(_ALPHABET) for _ in range(int(props["length"])))
        return {"value": value}


class AuthorityProvider(_Generator):
    """A certificate authority of ``days`` for names under ``domains`` only.

    Makes ``certificate`` and ``private_key`` (PEM), and ``not_after`` (ISO 8601). It is never
    renewed by itself: everyone who trusts it would have to be told.
    """

    inputs = ("common_name", "domains", "days")

    def make(self, props: Props) -> Props:
        """A key on P-256 and a certificate that it signed itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(str(props["common_name"]))
        permitted = [x509.DNSName(domain) for domain in props["domains"]]
        builder = (
            _validity(_builder(name, name, key), int(props["days"]))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        return _pair(builder.sign(key, hashes.SHA256()), key)


class CertificateProvider(_Generator):
    """A server certificate for ``names``, signed by ``ca_certificate`` and ``ca_private_key``.

    It lives ``days`` and is made again by the first update less than ``renew_days`` before its
    end. Makes ``certificate``, ``private_key``, ``serial`` and ``not_after``.
    """

    inputs = ("names", "days", "renew_days", "ca_certificate", "ca_private_key")

    def is_stale(self, olds: Props) -> bool:
        """Whether its end is near."""
        end = datetime.fromisoformat(str(olds["not_after"]))
        return datetime.now(UTC) > end - timedelta(days=int(olds["renew_days"]))

    def make(self, props: Props) -> Props:
        """A key on P-256 and a certificate by the authority."""
        authority = x509.load_pem_x509_certificate(str(props["ca_certificate"]).encode())
        signer = serialization.load_pem_private_key(
            str(props["ca_private_key"]).encode(), password=None
        )
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise ValueError("ca_private_key is no elliptic-curve key; give the authority's own")
        key = ec.generate_private_key(ec.SECP256R1())
        names = [str(name) for name in props["names"]]
        builder = (
            _validity(_builder(_name(names[0]), authority.subject, key), int(props["days"]))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
            .add_extension(_authority_key(authority), critical=False)
        )
        certificate = builder.sign(signer, hashes.SHA256())
        return _pair(certificate, key) | {"serial": f"{certificate.serial_number:x}"}


def _name(common_name: str) -> x509.Name:
    # The field holds 64 characters; verifiers read the alternative names instead.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
    )


def _validity(builder: x509.CertificateBuilder, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    return builder.not_valid_before(now - _CLOCK_SKEW).not_valid_after(now + timedelta(days=days))


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Props:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "private_key": private.decode(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
