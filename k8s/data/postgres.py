"""PostgreSQL for one system, kept by CloudNativePG: checksums on, two roles, TLS by our own CA."""

from __future__ import annotations

from typing import Any

from infra.core.component import Component, Scope, unawaited
from infra.core.contracts import DatabaseContract, OperatorContract, Peer, Secret, Site
from infra.core.generated import Password
from infra.settings import names
from infra.settings.quantities import Cpu, Size
from infra.settings.system import System
from k8s import pods
from k8s.data.postgres_tuning import parameters
from k8s.namespace import secret
from k8s.tls import server_certificate, service_names

PORT = 5432
OWNER = "owner"
APPLICATION = "application"
CLUSTER_LABEL = "cnpg.io/cluster"
_ROLE_LABEL = "cnpg.io/instanceRole"
# The instance manager, beside what the server is tuned to take.
_MANAGER_MEMORY = Size("256Mi")
_CPU_LIMIT_FLOOR = Cpu("2cores")


class Postgres(Component):
    """A PostgreSQL cluster with a role that owns the tables and one that uses them.

    Backups, poolers and migrations come to ``cluster_spec`` and to the contract with the data
    tier; nothing here stands in for them.
    """

    kind = "data:Postgres"

    def __init__(
        self,
        name: str,
        scope: Scope,
        system: System,
        site: Site,
        operator: OperatorContract,
    ) -> None:
        super().__init__(name, scope)
        self._system, self._tier, self._cluster = system, site.tier, site.cluster
        self._namespace = system.namespace
        owner = self._role(OWNER)
        application = self._role(APPLICATION)
        services = [names.postgres_service(kind) for kind in ("rw", "ro", "r")]
        certificate = server_certificate(
            self, site.authority, self._namespace, f"{names.POSTGRES}-tls",
            service_names(self._namespace, *services),
        )  # fmt: skip
        server = self.add(
            "cluster",
            # The workloads that use it are ready when it is.
            unawaited(self._manifest(owner, application, certificate)),
            after=[*operator.ready, owner.resource, application.resource, certificate.resource],
            holds_data=True,
        )
        if system.database.service_alias:
            self.add("alias", unawaited(self._alias(system.database.service_alias)))
        self.contract = DatabaseContract(
            host=self._host("rw"),
            port=PORT,
            name=system.database.name,
            application=application,
            owner=owner,
            authority=Secret(certificate.name, ("ca.crt",)),
            peer=Peer(self._namespace, ((CLUSTER_LABEL, names.POSTGRES),)),
            resource=server,
            read_only_host=self._host("ro") if self._instances > 1 else None,
        )
        self.register_outputs({})

    @property
    def _instances(self) -> int:
        return self._system.database.instances + self._system.database.read_replicas

    def _host(self, kind: str) -> str:
        return f"{names.postgres_service(kind)}.{self._namespace}.svc"

    def _role(self, role: str) -> Secret:
        data = {
            "username": role,
            "password": Password(f"{self.name}-{role}", self.child()).value,
            "host": self._host("rw"),
            "port": str(PORT),
            "dbname": self._system.database.name,
        }
        own = names.postgres_secret(role)
        # The label lets the operator see a new password.
        body = secret(self._namespace, own, data, **{"cnpg.io/reload": "true"})
        made = self.add(f"{role}-secret", body)
        return Secret(own, tuple(data), resource=made)

    def _manifest(self, owner: Secret, application: Secret, certificate: Secret) -> dict[str, Any]:
        return {
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Cluster",
            "metadata": {"name": names.POSTGRES, "namespace": self._namespace},
            "spec": {
                **self._shape(),
                "postgresql": self._server(),
                "bootstrap": {"initdb": self._initdb(owner)},
                "managed": {"roles": [_managed(application)]},
                "certificates": {
                    "serverCASecret": certificate.name,
                    "serverTLSSecret": certificate.name,
                },
                "inheritedMetadata": {"labels": self.guard.labels},
            },
        }

    def _shape(self) -> dict[str, Any]:
        """How many, how large, and where."""
        database = self._system.database
        memory_limit = Size.total([database.memory, _MANAGER_MEMORY])
        storage: dict[str, Any] = {"size": database.storage.kubernetes, "resizeInUseVolumes": True}
        if self._cluster.storage_class:
            storage["storageClass"] = self._cluster.storage_class
        return {
            "instances": self._instances,
            "imageName": self._cluster.images["postgres"],
            "imagePullPolicy": "IfNotPresent",
            "storage": storage,
            "resources": pods.amounts(
                database.cpu, database.memory, max(database.cpu, _CPU_LIMIT_FLOOR), memory_limit
            ),
            "affinity": self._affinity(),
            # With one instance a budget would only forbid ever draining its node.
            "enablePDB": self._instances > 1,
            "enableSuperuserAccess": False,
            "primaryUpdateStrategy": "unsupervised",
            "priorityClassName": self._cluster.priorities.data,
            "smartShutdownTimeout": 5,
            "stopDelay": 30,
            "switchoverDelay": 30,
        }

    def _affinity(self) -> dict[str, Any]:
        kind = "required" if self._tier.anti_affinity == "required" else "preferred"
        return {
            "enablePodAntiAffinity": self._tier.anti_affinity != "none",
            "podAntiAffinityType": kind,
            "topologyKey": pods.HOSTNAME,
        }

    def _server(self) -> dict[str, Any]:
        found: dict[str, Any] = {"parameters": parameters(self._system)}
        if self._system.database.synchronous:
            # "any 1": a write is acknowledged when a second instance has it.
            found["synchronous"] = {"method": "any", "number": 1, "dataDurability": "required"}
        return found

    def _initdb(self, owner: Secret) -> dict[str, Any]:
        database = self._system.database
        return {
            "database": database.name,
            "owner": OWNER,
            "secret": {"name": owner.name},
            "dataChecksums": True,
            "encoding": "UTF8",
            "postInitApplicationSQL": [
                *(f'CREATE EXTENSION IF NOT EXISTS "{each}"' for each in database.extensions),
                *_grants(database.name),
            ],
        }

    def _alias(self, name: str) -> dict[str, Any]:
        """A Service under the register's name, which follows the primary."""
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": self._namespace},
            "spec": {
                "selector": {CLUSTER_LABEL: names.POSTGRES, _ROLE_LABEL: "primary"},
                "ports": [{"name": "postgres", "port": PORT, "targetPort": PORT}],
            },
        }


def _managed(application: Secret) -> dict[str, Any]:
    return {
        "name": APPLICATION,
        "ensure": "present",
        "login": True,
        "inherit": True,
        "connectionLimit": -1,
        "passwordSecret": {"name": application.name},
    }


def _grants(database: str) -> list[str]:
    """Rows, not tables: what the owner makes later, the application may read and write.

    Its own schema, first on its search path, is for what it keeps for itself.
    """
    future = f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT"
    return [
        f"CREATE ROLE {APPLICATION} NOLOGIN",  # the operator gives it its password and login
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC',
        f'GRANT CONNECT ON DATABASE "{database}" TO {APPLICATION}',
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"ALTER SCHEMA public OWNER TO {OWNER}",
        f"GRANT USAGE ON SCHEMA public TO {APPLICATION}",
        f"{future} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION}",
        f"{future} USAGE, SELECT ON SEQUENCES TO {APPLICATION}",
        f"{future} EXECUTE ON FUNCTIONS TO {APPLICATION}",
        f"CREATE SCHEMA {APPLICATION} AUTHORIZATION {APPLICATION}",
    ]
