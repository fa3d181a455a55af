"""The ``cluster`` target: everything runs inside a Kubernetes that is already there."""

from __future__ import annotations

import pulumi

from infra.core import providers
from infra.core.component import Scope
from infra.core.contracts import (
    ClusterContract,
    DataContract,
    Ground,
    Peer,
    Site,
)
from infra.core.guards import Guard
from infra.settings.platform import Platform
from infra.settings.system import System
from infra.settings.versions import IMAGES
from k8s.addons.authority import LocalAuthority
from k8s.addons.gateway import Gateway
from k8s.addons.object_storage import ObjectStorage
from k8s.addons.postgres_operator import PostgresOperator
from k8s.addons.priorities import PriorityClasses
from k8s.data.bucket import Bucket
from k8s.data.postgres import Postgres
from k8s.data.redis import Redis

# The context that the embedded cluster writes into its kubeconfig.
EMBEDDED_CONTEXT = "alicerce"
_DNS = Peer("kube-system", (("k8s-app", "kube-dns"),))


class ClusterTarget:
    """Fulfils the contracts with add-ons and operators of one cluster."""

    def __init__(self, platform: Platform, guard: Guard) -> None:
        self._platform = platform
        context = platform.kube_context or EMBEDDED_CONTEXT
        self.provider = providers.kubernetes("cluster", context)
        self.options = pulumi.ResourceOptions(providers=[self.provider])
        self._scope = Scope(guard, self.options)

    def ground(self) -> Ground:
        """The add-ons that the systems share."""
        site = self._site()
        systems = self._platform.systems
        gateway = Gateway("gateway", self._scope, site, systems)
        storage = ObjectStorage("storage", self._scope, site)
        operator = PostgresOperator("postgres-operator", self._scope, site)
        return Ground(site, gateway.contract, storage.contract, operator.contract)

    def data(self, system: System, scope: Scope, ground: Ground) -> DataContract:
        """A system's database, cache and buckets."""
        name, site = system.dashed, ground.site
        database = Postgres(f"{name}-postgres", scope, system, site, ground.operator)
        cache = Redis(f"{name}-redis", scope, system, site)
        buckets = [
            Bucket(f"{name}-bucket-{each.name}", scope, system, each, ground)
            for each in system.buckets
        ]
        return DataContract(
            database=database.contract,
            cache=cache.contract,
            buckets=tuple(bucket.contract for bucket in buckets),
        )

    def _site(self) -> Site:
        platform = self._platform
        cluster = ClusterContract(
            provider=self.provider,
            dns=_DNS,
            storage_class=None,
            priorities=PriorityClasses("priorities", self._scope).contract,
            images=_images(platform.embedded),
            host_ports=platform.embedded,
        )
        hosts = sorted(system.edge.host for system in platform.systems)
        domains = [platform.domain] if platform.domain else hosts
        authority = LocalAuthority("authority", self._scope, domains)
        return Site(platform.stack, platform.tier, cluster, authority.contract)


def _images(embedded: bool) -> dict[str, str]:
    """Image references: the embedded cluster's own, or those that a registry serves."""
    return {
        name: image.local if embedded or image.upstream is None else image.upstream
        for name, image in IMAGES.items()
    }
