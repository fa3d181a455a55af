"""CloudNativePG: the operator that makes PostgreSQL clusters and keeps them up."""

from __future__ import annotations

from typing import Any

import pulumi

from infra.core.component import Component, Scope, unawaited
from infra.core.contracts import OperatorContract, Peer, Site
from infra.core.guards import NAME
from infra.settings.tiers import Tier
from k8s import network, pods
from k8s.addons.postgres_operator_rights import rules
from k8s.addons.postgres_operator_webhooks import SERVICE, WEBHOOK_PORT, webhooks
from k8s.namespace import closed, namespace, service_account
from k8s.vendor import definitions

NAMESPACE = "cnpg-system"
APP = "cloudnative-pg"
ACCOUNT = "cnpg-manager"
# The operator reads the state of each instance here, and runs SQL there.
STATUS_PORT = 8000
POSTGRES_PORT = 5432
METRICS_PORT = 8080
PEER = Peer(NAMESPACE, ((NAME, APP),))
_SELECTOR = {NAME: APP}
_USER = 10001


class PostgresOperator(Component):
    """The operator with its definitions, rights and webhooks.

    Its webhooks judge every new PostgreSQL cluster, which must come after them.
    """

    kind = "addons:PostgresOperator"

    def __init__(self, name: str, scope: Scope, site: Site) -> None:
        super().__init__(name, scope)
        self._cluster, tier = site.cluster, site.tier
        kinds = [
            self.add(each["spec"]["names"]["plural"], each)
            for each in definitions("cloudnative_pg")
        ]
        self.after = (self.add("namespace", namespace(NAMESPACE)),)
        self.add("default-deny", closed(NAMESPACE))
        rights = [self.add("network", self._network()), *self._rights()]
        service = self.add("webhook-service", unawaited(_service()))
        hooks = [self.add(each["kind"].removesuffix("WebhookConfiguration").lower(), each)
                 for each in webhooks(NAMESPACE)]  # fmt: skip
        deployment = self.add("deployment", self._deployment(tier), after=[*kinds, *rights])
        self.contract = OperatorContract(PEER, (deployment, service, *hooks))
        self.register_outputs({})

    def _rights(self) -> list[pulumi.Resource]:
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": ACCOUNT},
            "rules": rules(),
        }
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ACCOUNT},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
        }  # fmt: skip
        return [
            self.add("account", service_account(NAMESPACE, ACCOUNT, token=True)),
            self.add("role", role),
            self.add("binding", binding),
        ]

    def _network(self) -> dict[str, Any]:
        instances = {"namespaceSelector": {}, "podSelector": {"matchExpressions": [
            {"key": "cnpg.io/cluster", "operator": "Exists"}]}}  # fmt: skip
        egress = [
            network.to_dns(self._cluster.dns),
            network.to_api_server(self._cluster.api_ports),
            {"to": [instances], "ports": network.tcp(STATUS_PORT, POSTGRES_PORT)},
        ]
        # The API server calls the webhooks from outside the Pod network.
        ingress = [network.from_anywhere(WEBHOOK_PORT)]
        return network.policy(NAMESPACE, APP, _SELECTOR, ingress, egress)

    def _deployment(self, tier: Tier) -> dict[str, Any]:
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            # It looks for itself by this label, to be the owner of its webhooks' Secret.
            "metadata": {
                "name": "cnpg-controller-manager",
                "namespace": NAMESPACE,
                "labels": {NAME: APP},
            },
            "spec": {
                "replicas": min(tier.zones, 2),  # one leads, one waits
                # Ready is one thing, reached through the Service by the API server another.
                "minReadySeconds": 2,
                "selector": {"matchLabels": _SELECTOR},
                "template": {
                    "metadata": {"labels": _SELECTOR},
                    "spec": {
                        "serviceAccountName": ACCOUNT,
                        "priorityClassName": self._cluster.priorities.platform,
                        "securityContext": pods.pod_security(_USER),
                        "topologySpreadConstraints": pods.spread(tier, _SELECTOR),
                        "terminationGracePeriodSeconds": 10,
                        "containers": [_container(self._cluster.images[APP], tier)],
                        "volumes": [
                            {"name": "scratch", "emptyDir": {}},
                            # The operator writes it and then reads it from here.
                            {"name": "webhook", "secret": {
                                "secretName": "cnpg-webhook-cert", "optional": True,
                                "defaultMode": 0o440}},
                        ],
                    },
                },
            },
        }  # fmt: skip


def _container(image: str, tier: Tier) -> dict[str, Any]:
    ready = {"httpGet": {"path": "/readyz", "port": "webhook", "scheme": "HTTPS"}}
    field = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    return {
        "name": "manager",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/manager"],
        "args": ["controller", "--leader-elect", "--max-concurrent-reconciles=10",
                 f"--webhook-port={WEBHOOK_PORT}"],
        "env": [
            # Instances take their manager from this image.
            {"name": "OPERATOR_IMAGE_NAME", "value": image},
            {"name": "OPERATOR_NAMESPACE", "valueFrom": field},
        ],
        "ports": [
            {"name": "metrics", "containerPort": METRICS_PORT},
            {"name": "webhook", "containerPort": WEBHOOK_PORT},
        ],
        "startupProbe": {**ready, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**ready, "periodSeconds": 10},
        "livenessProbe": {**ready, "periodSeconds": 10},
        "resources": pods.resources(tier.addon),
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/controller"},
            {"name": "webhook", "mountPath": "/run/secrets/cnpg.io/webhook"},
        ],
    }  # fmt: skip


def _service() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE, "namespace": NAMESPACE},
        "spec": {
            "selector": _SELECTOR,
            "ports": [{"name": "webhook", "port": 443, "targetPort": "webhook"}],
        },
    }
