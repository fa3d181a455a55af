"""Redis 7 for one system: a password, TLS, an append-only file, and a bound on its memory."""

from __future__ import annotations

from typing import Any

from infra.core.component import Component, Scope, unawaited
from infra.core.contracts import AuthorityContract, CacheContract, Peer, Secret, Site
from infra.core.generated import Password
from infra.core.guards import NAME
from infra.settings import names
from infra.settings.quantities import Cpu, Size
from infra.settings.sizing import CACHE_CPU, CACHE_OVERHEAD
from infra.settings.system import System
from k8s import pods
from k8s.data.redis_config import USER, acl, configuration
from k8s.namespace import config_map, secret, service_account
from k8s.tls import KEYS, server_certificate, service_names

PORT = 6379
_UID = 999
_CONFIG = "/etc/redis"
_CPU_LIMIT = Cpu("1cores")


class Redis(Component):
    """One Redis. ``contract`` says where it is and which Secret opens it.

    The description's topology (sentinel, cluster) is issue-4 work: this is its first member.
    """

    kind = "data:Redis"

    def __init__(
        self,
        name: str,
        scope: Scope,
        system: System,
        site: Site,
    ) -> None:
        super().__init__(name, scope)
        authority = site.authority
        self._cluster = site.cluster
        self._cache = system.cache
        self._namespace = system.namespace
        self._selector = names.selector(system, names.REDIS)
        host = f"{names.REDIS}.{self._namespace}.svc"
        credentials = self._credentials(host, authority)
        certificate = server_certificate(
            self, authority, self._namespace, f"{names.REDIS}-tls",
            service_names(self._namespace, names.REDIS),
        )  # fmt: skip
        text = configuration(self._cache)
        config = config_map(self._namespace, names.REDIS, {"redis.conf": text})
        needed = [
            self.add("config", config),
            self.add("account", service_account(self._namespace, names.REDIS)),
            certificate.resource,
            credentials.resource,
        ]
        self.add("service", unawaited(self._service()))
        server = self.add("server", self._server(certificate, text), after=needed, holds_data=True)
        self.contract = CacheContract(
            host=host,
            port=PORT,
            credentials=credentials,
            peer=Peer(self._namespace, ((NAME, names.REDIS),)),
            resource=server,
        )
        self.register_outputs({})

    def _credentials(self, host: str, authority: AuthorityContract) -> Secret:
        password = Password(f"{self.name}-password", self.child()).value
        data = {
            "host": host,
            "port": str(PORT),
            "username": USER,
            "password": password,
            "ca.crt": authority.certificate,
        }
        own = names.redis_secret()
        users = {"users.acl": password.apply(acl)}
        mounted = self.add("users", secret(self._namespace, f"{names.REDIS}-users", users))
        made = self.add("auth", secret(self._namespace, own, data), after=[mounted])
        return Secret(own, tuple(data), resource=made)

    def _server(self, certificate: Secret, text: str) -> dict[str, Any]:
        annotations = {
            "alicerce.dev/config": pods.digest([text, acl("")]),
            "alicerce.dev/certificate": certificate.revision,
        }
        users = Secret(f"{names.REDIS}-users", ("users.acl",))
        volumes = [
            pods.mounted("tls", certificate, "/run/secrets/tls", KEYS),
            pods.mounted("users", users, "/run/secrets/users"),
            ({"name": "config", "configMap": {"name": names.REDIS}},
             {"name": "config", "mountPath": _CONFIG, "readOnly": True}),
        ]  # fmt: skip
        return {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": names.REDIS, "namespace": self._namespace},
            "spec": {
                "replicas": 1,
                "serviceName": names.REDIS,
                "selector": {"matchLabels": self._selector},
                "persistentVolumeClaimRetentionPolicy": {
                    "whenDeleted": "Retain" if self.guard.retains else "Delete",
                    "whenScaled": "Retain",
                },
                "template": {
                    "metadata": {"labels": self._selector, "annotations": annotations},
                    "spec": {
                        "serviceAccountName": names.REDIS,
                        "automountServiceAccountToken": False,
                        "enableServiceLinks": False,
                        "priorityClassName": self._cluster.priorities.data,
                        "securityContext": pods.pod_security(_UID),
                        "terminationGracePeriodSeconds": 30,
                        "containers": [self._container([mount for _, mount in volumes])],
                        "volumes": [volume for volume, _ in volumes],
                    },
                },
                "volumeClaimTemplates": [self._claim()],
            },
        }

    def _container(self, mounts: list[dict[str, Any]]) -> dict[str, Any]:
        # As a user who may ping and nothing else: no password on a command line. -e turns an
        # error such as LOADING into an exit code.
        ping = {"exec": {"command": [
            "redis-cli", "-e", "--tls", "--cacert", "/run/secrets/tls/ca.crt", "--sni",
            f"{names.REDIS}.{self._namespace}.svc", "--user", "probe", "--pass", "none",
            "--no-auth-warning", "ping"]}, "timeoutSeconds": 3}  # fmt: skip
        memory = Size.total([self._cache.memory, CACHE_OVERHEAD])
        # A rewrite of the append-only file forks: at worst every page is copied.
        limit = Size.total([self._cache.memory, self._cache.memory, CACHE_OVERHEAD])
        return {
            "name": names.REDIS,
            "image": self._cluster.images["redis"],
            "imagePullPolicy": "IfNotPresent",
            "command": ["redis-server", f"{_CONFIG}/redis.conf"],
            "ports": [{"name": "redis", "containerPort": PORT}],
            "startupProbe": {**ping, "periodSeconds": 1, "failureThreshold": 120},
            "readinessProbe": {**ping, "periodSeconds": 10},
            "livenessProbe": {
                "tcpSocket": {"port": "redis"}, "periodSeconds": 10, "failureThreshold": 6,
            },
            "resources": pods.amounts(CACHE_CPU, memory, _CPU_LIMIT, limit),
            "securityContext": pods.container_security(),
            "volumeMounts": [{"name": "data", "mountPath": "/data"}, *mounts],
        }  # fmt: skip

    def _claim(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": self._cache.storage.kubernetes}},
        }
        if self._cluster.storage_class:
            spec["storageClassName"] = self._cluster.storage_class
        # Immutable for as long as the data lives: only what never changes.
        return {"metadata": {"name": "data", "labels": self._selector}, "spec": spec}

    def _service(self) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": names.REDIS, "namespace": self._namespace},
            "spec": {
                "selector": self._selector,
                "ports": [{"name": "redis", "port": PORT, "targetPort": "redis"}],
            },
        }
