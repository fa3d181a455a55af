"""An S3 endpoint in the cluster: versitygw over one volume, with object versions and users."""

from __future__ import annotations

from typing import Any

import pulumi

from infra.core.component import Component, Scope, unawaited
from infra.core.contracts import ObjectStorageContract, Peer, Secret, Site
from infra.core.generated import Password
from infra.core.guards import NAME, SYSTEM
from k8s import network, pods
from k8s.namespace import closed, namespace, secret, service_account
from k8s.tls import KEYS, server_certificate, service_names

NAMESPACE = "storage"
APP = "s3"
PORT = 7070
REGION = "us-east-1"
HOST = f"{APP}.{NAMESPACE}.svc"
ADMINISTRATOR = "s3-administrator"
# What makes buckets and users: a Job of k8s.data.bucket, which runs in this namespace.
PROVISIONER = "bucket-provisioner"
_SELECTOR = {NAME: APP}
_HEALTH = "/_/health"
_FOLDERS = ("objects", "versions", "users")


class ObjectStorage(Component):
    """The gateway, its volume, its administrator's keys and its certificate."""

    kind = "addons:ObjectStorage"

    def __init__(
        self,
        name: str,
        scope: Scope,
        site: Site,
    ) -> None:
        super().__init__(name, scope)
        self._cluster, self._tier = site.cluster, site.tier
        self.after = (self.add("namespace", namespace(NAMESPACE)),)
        self.add("default-deny", closed(NAMESPACE))
        needed: list[pulumi.Resource | None] = [
            self.add("network", _network()),
            self.add("provisioner-network", _provisioner_network(site)),
            self.add("account", service_account(NAMESPACE, APP)),
        ]
        administrator = self._administrator()
        names = service_names(NAMESPACE, APP)
        certificate = server_certificate(self, site.authority, NAMESPACE, "s3-tls", names)
        self.add("service", unawaited(_service()))
        needed += [administrator.resource, certificate.resource]
        server = self.add(
            "server", self._server(administrator, certificate), after=needed, holds_data=True
        )
        self.contract = ObjectStorageContract(
            endpoint=f"https://{HOST}:{PORT}",
            host=HOST,
            port=PORT,
            region=REGION,
            administrator=administrator,
            peer=Peer(NAMESPACE, ((NAME, APP),)),
            resource=server,
        )
        self.register_outputs({})

    def _administrator(self) -> Secret:
        keys = {
            "access-key-id": Password(f"{self.name}-access-key", self.child(), length=20).value,
            "secret-access-key": Password(f"{self.name}-secret-key", self.child()).value,
        }
        made = self.add("administrator", secret(NAMESPACE, ADMINISTRATOR, dict(keys)))
        return Secret(ADMINISTRATOR, tuple(keys), resource=made)

    def _server(self, administrator: Secret, certificate: Secret) -> dict[str, Any]:
        tls, tls_mount = pods.mounted("tls", certificate, "/run/secrets/tls", KEYS)
        return {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": APP, "namespace": NAMESPACE},
            "spec": {
                "replicas": 1,  # the posix backend has one writer
                "serviceName": APP,
                "selector": {"matchLabels": _SELECTOR},
                "persistentVolumeClaimRetentionPolicy": {
                    "whenDeleted": "Retain" if self.guard.retains else "Delete",
                    "whenScaled": "Retain",
                },
                "template": {
                    "metadata": {
                        "labels": _SELECTOR,
                        "annotations": {"alicerce.dev/certificate": certificate.revision},
                    },
                    "spec": {
                        "serviceAccountName": APP,
                        "automountServiceAccountToken": False,
                        "enableServiceLinks": False,
                        "priorityClassName": self._cluster.priorities.data,
                        "securityContext": pods.pod_security(),
                        "terminationGracePeriodSeconds": 15,
                        "containers": [self._container(administrator, tls_mount)],
                        "volumes": [tls],
                    },
                },
                "volumeClaimTemplates": [self._claim()],
            },
        }

    def _container(self, administrator: Secret, tls_mount: dict[str, Any]) -> dict[str, Any]:
        probe = {"httpGet": {"path": _HEALTH, "port": APP, "scheme": "HTTPS"}, "timeoutSeconds": 2}
        return {
            "name": APP,
            "image": self._cluster.images["s3-gateway"],
            "imagePullPolicy": "IfNotPresent",
            "args": ["posix", "/data/objects"],
            "env": _environment(administrator),
            "ports": [{"name": APP, "containerPort": PORT}],
            "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
            "readinessProbe": {**probe, "periodSeconds": 5},
            "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
            "resources": pods.resources(self._tier.addon),
            "securityContext": pods.container_security(),
            # The kubelet makes a subPath's folder; the image has no shell that could.
            "volumeMounts": [
                tls_mount,
                *({"name": "data", "mountPath": f"/data/{folder}", "subPath": folder}
                  for folder in _FOLDERS),
            ],
        }  # fmt: skip

    def _claim(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": self._tier.object_storage.kubernetes}},
        }
        if self._cluster.storage_class:
            spec["storageClassName"] = self._cluster.storage_class
        # Immutable for as long as the data lives: only what never changes.
        return {"metadata": {"name": "data", "labels": _SELECTOR}, "spec": spec}


def _environment(administrator: Secret) -> list[dict[str, Any]]:
    plain = {
        "VGW_PORT": f":{PORT}",
        "VGW_REGION": REGION,
        "VGW_CERT": "/run/secrets/tls/tls.crt",
        "VGW_KEY": "/run/secrets/tls/tls.key",
        "VGW_HEALTH": _HEALTH,
        "VGW_IAM_DIR": "/data/users",
        "VGW_VERSIONING_DIR": "/data/versions",
        # It else hangs up after each answer, and a client that reads slowly behind TLS loses the
        # end of a large object (seen: 99.9 of 100 MB).
        "VGW_KEEP_ALIVE": "true",
    }
    secret_keys = {
        "ROOT_ACCESS_KEY_ID": "access-key-id",
        "ROOT_SECRET_ACCESS_KEY": "secret-access-key",
    }
    return [{"name": name, "value": value} for name, value in plain.items()] + [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": administrator.name, "key": key}}}
        for name, key in secret_keys.items()
    ]


def _service() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP, "namespace": NAMESPACE},
        "spec": {
            "selector": _SELECTOR,
            "ports": [{"name": "https", "port": PORT, "targetPort": APP}],
        },
    }


def _network() -> dict[str, Any]:
    # Any Pod of a system may knock: which of them may open a bucket is decided by its keys, and
    # which of them gets out of its own namespace by the policies there.
    systems = {"namespaceSelector": {"matchExpressions": [{"key": SYSTEM, "operator": "Exists"}]}}
    provisioner = Peer(NAMESPACE, ((NAME, PROVISIONER),)).rule()
    ingress = [{"from": [systems, provisioner], "ports": network.tcp(PORT)}]
    return network.policy(NAMESPACE, APP, _SELECTOR, ingress)


def _provisioner_network(site: Site) -> dict[str, Any]:
    """Lets the Jobs of every bucket reach the endpoint, and nothing else."""
    here = Peer(NAMESPACE, ((NAME, APP),))
    egress = [network.to_dns(site.cluster.dns), network.to([here], PORT)]
    return network.policy(NAMESPACE, PROVISIONER, {NAME: PROVISIONER}, egress=egress)
