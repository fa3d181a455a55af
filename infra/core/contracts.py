"""What one layer promises the next: frozen values, some of them Outputs.

A target (``cluster``, later ``aws``) fulfils these; a system never learns who did. Later layers
(replicas, backups, monitoring, edge) add contracts here and read these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.core.generated import CertificateAuthority, Life
from infra.settings.system import System
from infra.settings.tiers import Tier


@dataclass(frozen=True)
class Secret:
    """A Kubernetes Secret by name, with the keys that it has; never its values.

    ``revision`` changes when a value does. Pods carry it as an annotation where a process can't
    see a new value by itself.
    """

    name: str
    keys: tuple[str, ...]
    revision: pulumi.Input[str] | None = None
    resource: pulumi.Resource | None = None


@dataclass(frozen=True)
class Peer:
    """Pods that a NetworkPolicy speaks of: these labels in this namespace."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()

    def rule(self) -> dict[str, Any]:
        """The peer as ``from`` and ``to`` take it."""
        found: dict[str, Any] = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}}
        }
        return found | ({"podSelector": {"matchLabels": dict(self.labels)}} if self.labels else {})


@dataclass(frozen=True)
class Priorities:
    """Names of PriorityClasses, the one that is kept longest first."""

    platform: str
    data: str
    workload: str


@dataclass(frozen=True)
class ClusterContract:
    """A Kubernetes to put things in."""

    provider: pulumi.ProviderResource
    dns: Peer
    storage_class: str | None  # None: the cluster's default one
    priorities: Priorities
    images: Mapping[str, str]  # name in infra.settings.versions -> reference
    host_ports: bool  # whether the gateway takes 80 and 443 of its node
    api_ports: tuple[int, ...] = (443, 6443)  # before and after the Service's translation


@dataclass(frozen=True)
class AuthorityContract:
    """Who signs the certificates inside the cluster."""

    certificate: pulumi.Output[str]
    signer: CertificateAuthority
    life: Life  # of what it signs


@dataclass(frozen=True)
class Site:
    """What every part of a stack on a cluster stands on."""

    stack: str
    tier: Tier
    cluster: ClusterContract
    authority: AuthorityContract


@dataclass(frozen=True)
class OperatorContract:
    """What keeps databases: its Pods, and what a new database must come after."""

    peer: Peer
    ready: tuple[pulumi.Resource, ...]


@dataclass(frozen=True)
class GatewayContract:
    """The way in for requests from outside."""

    peer: Peer
    ingress_class: str
    rules_provider: str | None  # where its rules are looked up; None: it knows none
    certificate: Secret | None  # None: the gateway presents its own for every host


@dataclass(frozen=True)
class DatabaseContract:
    """A PostgreSQL database: where it is, and which Secrets open it."""

    host: str
    port: int
    name: str
    application: Secret  # host, port, dbname, user, password: reads and writes rows
    owner: Secret  # the same for the role that may change tables
    authority: Secret  # ca.crt
    peer: Peer
    resource: pulumi.Resource | None = None
    read_only_host: str | None = None


@dataclass(frozen=True)
class CacheContract:
    """A Redis: where it is, and which Secret opens it."""

    host: str
    port: int
    credentials: Secret  # host, port, username, password, ca.crt
    peer: Peer
    resource: pulumi.Resource | None = None


@dataclass(frozen=True)
class ObjectStorageContract:
    """An S3 endpoint that buckets can be made on."""

    endpoint: str
    host: str
    port: int
    region: str
    administrator: Secret  # access-key-id and secret-access-key, in the endpoint's namespace
    peer: Peer
    resource: pulumi.Resource | None = None


@dataclass(frozen=True)
class Ground:
    """Everything that the systems share."""

    site: Site
    gateway: GatewayContract
    storage: ObjectStorageContract
    operator: OperatorContract


@dataclass(frozen=True)
class BucketContract:
    """A bucket with credentials that open it and nothing else."""

    name: str
    endpoint: str
    region: str
    credentials: Secret  # endpoint, bucket, region, access-key-id, secret-access-key, ca.crt
    peer: Peer
    port: int
    resource: pulumi.Resource | None = None


@dataclass(frozen=True)
class DataContract:
    """Everything that keeps data for one system."""

    database: DatabaseContract
    cache: CacheContract
    buckets: tuple[BucketContract, ...]


@dataclass(frozen=True)
class Home:
    """What a workload lives in: its system, what that keeps, and the ground under both."""

    system: System
    ground: Ground
    data: DataContract


@dataclass(frozen=True)
class WorkloadContract:
    """A running workload: names that drills, dashboards and tests use."""

    name: str
    deployment: str
    service: str | None
    port: int
    autoscaler: str | None
    health_path: str


@dataclass(frozen=True)
class SystemContract:
    """One product, running."""

    slug: str
    namespace: str
    host: str
    health_path: str  # on its host, through the gateway
    workloads: tuple[WorkloadContract, ...]
    data: DataContract


@dataclass(frozen=True)
class PlatformContract:
    """The whole platform: what exports are made of."""

    ground: Ground
    systems: tuple[SystemContract, ...]
