"""The local certificate authority: it signs for names inside the cluster and for this stack."""

from __future__ import annotations

from collections.abc import Sequence

from infra.core.component import Component, Scope
from infra.core.contracts import AuthorityContract
from infra.core.generated import CertificateAuthority, Life

_CA_DAYS = 3650
# Short lives limit what a stolen key is worth; renewal happens in any update of the last third.
_LIFE = Life(days=90, renew_days=30)


class LocalAuthority(Component):
    """A root that is trusted by Pods of this stack, and by whoever imports its certificate.

    Name constraints keep it from signing for anything but ``domains`` and cluster Services, so
    that importing it into a browser gives nobody else's name away.
    """

    kind = "addons:LocalAuthority"

    def __init__(self, name: str, scope: Scope, domains: Sequence[str]) -> None:
        super().__init__(name, scope)
        self.authority = CertificateAuthority(
            name,
            self.child(),
            common_name=f"Alicerce {self.guard.part_of} local authority",
            domains=sorted({"svc", "svc.cluster.local", *domains}),
            days=_CA_DAYS,
        )
        self.contract = AuthorityContract(
            certificate=self.authority.certificate,
            signer=self.authority,
            life=_LIFE,
        )
        self.register_outputs({})
