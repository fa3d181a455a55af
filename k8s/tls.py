"""A certificate of the local authority, as the Secret that a server mounts."""

from __future__ import annotations

from collections.abc import Sequence

from infra.core.component import Component
from infra.core.contracts import AuthorityContract, Secret
from infra.core.generated import Certificate
from k8s.namespace import secret

KEYS = ("tls.crt", "tls.key", "ca.crt")


def service_names(namespace: str, *services: str) -> list[str]:
    """The names under which Pods of any namespace find these Services, two each."""
    roots = [f"{service}.{namespace}.svc" for service in services]
    return [name for root in roots for name in (root, f"{root}.cluster.local")]


def server_certificate(
    owner: Component,
    authority: AuthorityContract,
    namespace: str,
    name: str,
    names: Sequence[str],
    **labels: str,
) -> Secret:
    """Makes a certificate for ``names`` and its Secret ``name``, as children of ``owner``."""
    leaf = Certificate(
        f"{owner.name}-{name}",
        owner.child(),
        authority=authority.signer,
        names=names,
        life=authority.life,
    )
    data = {
        "tls.crt": leaf.certificate,
        "tls.key": leaf.private_key,
        "ca.crt": authority.certificate,
    }
    made = owner.add(name, secret(namespace, name, data, **labels))
    return Secret(name, KEYS, revision=leaf.serial, resource=made)
