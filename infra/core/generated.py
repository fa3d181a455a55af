"""Secrets that are made once and kept in the state, encrypted from birth.

The making happens in ``generation``, inside the engine's dynamic-provider plugin; no provider
that would have to be downloaded is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi.dynamic import Resource

from infra.core.generation import AuthorityProvider, CertificateProvider, PasswordProvider

# Longer than any attack on it; short enough for every client's limits (S3's is 40).
_PASSWORD_LENGTH = 40


@dataclass(frozen=True)
class Life:
    """How long a certificate holds, and how long before its end an update renews it; days."""

    days: int
    renew_days: int


class Password(Resource, module="alicerce", name="Password"):
    """A random text of letters and digits. Another ``generation`` renews it."""

    value: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions,
        length: int = _PASSWORD_LENGTH,
        generation: int = 1,
    ) -> None:
        opts.additional_secret_outputs = ["value"]
        props = {"length": length, "generation": generation, "value": None}
        super().__init__(PasswordProvider(), name, props, opts)


class CertificateAuthority(Resource, module="alicerce", name="Authority"):
    """A certificate authority that can sign for names under ``domains`` and no others."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions,
        *,
        common_name: str,
        domains: Sequence[str],
        days: int,
    ) -> None:
        opts.additional_secret_outputs = ["private_key"]
        props = {
            "common_name": common_name,
            "domains": list(domains),
            "days": days,
            "certificate": None,
            "private_key": None,
            "not_after": None,
        }
        super().__init__(AuthorityProvider(), name, props, opts)


class Certificate(Resource, module="alicerce", name="Certificate"):
    """A server certificate for ``names`` with its key, by a ``CertificateAuthority``."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]
    serial: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions,
        authority: CertificateAuthority,
        names: Sequence[str],
        life: Life,
    ) -> None:
        opts.additional_secret_outputs = ["private_key", "ca_private_key"]
        props = {
            "names": list(names),
            "days": life.days,
            "renew_days": life.renew_days,
            "ca_certificate": authority.certificate,
            "ca_private_key": authority.private_key,
            "certificate": None,
            "private_key": None,
            "serial": None,
            "not_after": None,
        }
        super().__init__(CertificateProvider(), name, props, opts)
