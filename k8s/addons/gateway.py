"""The gateway: Traefik, which takes requests from outside, ends TLS and routes by host and path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from infra.core.component import Component, Scope
from infra.core.contracts import GatewayContract, Secret, Site
from infra.core.guards import NAME, SYSTEM
from infra.settings.system import System
from k8s import network, pods
from k8s.addons.gateway_arguments import CONFIG, GRACE_SECONDS, arguments
from k8s.addons.gateway_config import CERTIFICATE_FOLDER, RULES_PROVIDER, dynamic
from k8s.addons.gateway_place import (
    APP,
    CLASS,
    HEALTH,
    HTTP,
    HTTPS,
    METRICS,
    NAMESPACE,
    PEER,
    gateway_access,
)
from k8s.namespace import Standard, closed, config_map, namespace, service_account
from k8s.tls import KEYS, server_certificate

_SELECTOR = {NAME: APP}


class Gateway(Component):
    """Traefik for the hosts of ``systems``, with a certificate of the local authority for each."""

    kind = "addons:Gateway"

    def __init__(
        self,
        name: str,
        scope: Scope,
        site: Site,
        systems: Sequence[System],
    ) -> None:
        super().__init__(name, scope)
        cluster = site.cluster
        self._cluster, self._tier = cluster, site.tier
        self._systems = systems
        # Host ports are more than "baseline" allows; the Pod itself asks for nothing else.
        standard: Standard = "privileged" if cluster.host_ports else "restricted"
        self.after = (self.add("namespace", namespace(NAMESPACE, standard)),)
        self.add("default-deny", closed(NAMESPACE))
        rights = [self.add("network", self._network()), *self._rights()]
        hosts = [system.edge.host for system in systems]
        certificate = server_certificate(self, site.authority, NAMESPACE, "gateway-tls", hosts)
        rules = dynamic(systems)
        files = self.add("config", config_map(NAMESPACE, APP, {"rules.yml": rules}))
        self.add("class", _class())
        if not cluster.host_ports:
            self.add("service", _service())
            role, binding = gateway_access(NAMESPACE)
            rights += [self.add("own-role", role), self.add("own-binding", binding)]
        self.add(
            "deployment",
            self._deployment(certificate),
            after=[files, certificate.resource, *rights],
        )
        self.contract = GatewayContract(
            peer=PEER, ingress_class=CLASS, rules_provider=RULES_PROVIDER, certificate=certificate
        )
        self.register_outputs({})

    def _rights(self) -> list[pulumi.Resource]:
        """Classes and nodes everywhere; the rest where a system lets it (``gateway_place``)."""
        read = ["get", "list", "watch"]
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "alicerce-gateway"},
            "rules": [
                {
                    "apiGroups": ["networking.k8s.io"],
                    "resources": ["ingressclasses"],
                    "verbs": read,
                },
                {"apiGroups": [""], "resources": ["nodes"], "verbs": read},
            ],
        }
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "alicerce-gateway"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "alicerce-gateway",
            },
            "subjects": [{"kind": "ServiceAccount", "name": APP, "namespace": NAMESPACE}],
        }
        account = service_account(NAMESPACE, APP, token=True)
        return [self.add("account", account), self.add("role", role), self.add("binding", binding)]

    def _network(self) -> dict[str, Any]:
        routed = {
            "namespaceSelector": {"matchExpressions": [{"key": SYSTEM, "operator": "Exists"}]}
        }
        ports = sorted({each.port for system in self._systems for each in system.workloads})
        egress = [
            network.to_dns(self._cluster.dns),
            network.to_api_server(self._cluster.api_ports),
            {"to": [routed], "ports": network.tcp(*ports)},
        ]
        return network.policy(
            NAMESPACE, APP, _SELECTOR, [network.from_anywhere(HTTP, HTTPS)], egress
        )

    def _deployment(self, certificate: Secret) -> dict[str, Any]:
        tls, tls_mount = pods.mounted("tls", certificate, CERTIFICATE_FOLDER, KEYS)
        rollout = {"maxSurge": 0, "maxUnavailable": 1}  # a host port can't be held twice
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": APP, "namespace": NAMESPACE},
            "spec": {
                "replicas": self._tier.zones,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": rollout},
                "selector": {"matchLabels": _SELECTOR},
                "template": {
                    "metadata": {
                        "labels": _SELECTOR,
                        "annotations": {"alicerce.dev/certificate": certificate.revision},
                    },
                    "spec": {
                        "serviceAccountName": APP,
                        "enableServiceLinks": False,
                        "priorityClassName": self._cluster.priorities.platform,
                        "securityContext": pods.pod_security(),
                        "topologySpreadConstraints": pods.spread(self._tier, _SELECTOR),
                        "terminationGracePeriodSeconds": GRACE_SECONDS,
                        "containers": [self._container(tls_mount)],
                        "volumes": [tls, {"name": "config", "configMap": {"name": APP}}],
                    },
                },
            },
        }

    def _container(self, tls_mount: dict[str, Any]) -> dict[str, Any]:
        host = self._cluster.host_ports
        ports = [
            {"name": "web", "containerPort": HTTP} | ({"hostPort": 80} if host else {}),
            {"name": "websecure", "containerPort": HTTPS} | ({"hostPort": 443} if host else {}),
            {"name": "metrics", "containerPort": METRICS},
            {"name": "health", "containerPort": HEALTH},
        ]
        probe = pods.http_probe("/ping", "health", period=5, failures=3)
        return {
            "name": APP,
            "image": self._cluster.images["traefik"],
            "imagePullPolicy": "IfNotPresent",
            "args": arguments(self._systems, host),
            "ports": ports,
            "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
            "readinessProbe": probe,
            "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
            "resources": pods.resources(self._tier.addon),
            "securityContext": pods.container_security(),
            "volumeMounts": [tls_mount, {"name": "config", "mountPath": CONFIG, "readOnly": True}],
        }


def _class() -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": CLASS},
        "spec": {"controller": "traefik.io/ingress-controller"},
    }


def _service() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP, "namespace": NAMESPACE},
        "spec": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": "Local",  # keeps the client's address, which limits count by
            "selector": _SELECTOR,
            "ports": [
                {"name": "web", "port": 80, "targetPort": "web"},
                {"name": "websecure", "port": 443, "targetPort": "websecure"},
            ],
        },
    }
