"""Where the gateway is, and what a system must give it: names that both sides share."""

from __future__ import annotations

from typing import Any

from infra.core.contracts import Peer
from infra.core.guards import NAME

NAMESPACE = "gateway"
APP = "gateway"
CLASS = "alicerce"
HTTP, HTTPS, METRICS, HEALTH = 8000, 8443, 9100, 8080
PEER = Peer(NAMESPACE, ((NAME, APP),))


def gateway_access(namespace: str) -> list[dict[str, Any]]:
    """Lets the gateway watch one namespace: a Role and its binding.

    Secrets are in the list because Traefik's Ingress provider waits for its watch of them and
    has no switch for it; the namespace is the bound.
    """
    read = ["get", "list", "watch"]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": APP, "namespace": namespace},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "secrets"], "verbs": read},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": read},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"],
             "verbs": ["update"]},
        ],
    }  # fmt: skip
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": APP, "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": APP},
        "subjects": [{"kind": "ServiceAccount", "name": APP, "namespace": NAMESPACE}],
    }
    return [role, binding]
