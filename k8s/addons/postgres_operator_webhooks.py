"""The API server's questions to CloudNativePG: is this object good, and what is missing in it.

The operator writes the certificate's authority into these objects itself.
"""

from __future__ import annotations

from typing import Any

SERVICE = "cnpg-webhook-service"
WEBHOOK_PORT = 9443
_GROUP = "postgresql.cnpg.io"
_CHANGES = ("backup", "cluster", "database", "scheduledbackup")
_CHECKS = ("backup", "cluster", "database", "pooler", "scheduledbackup")


def webhooks(namespace: str) -> list[dict[str, Any]]:
    """The two configurations."""
    return [
        _configuration("Mutating", "mutate", "m", namespace, _CHANGES),
        _configuration("Validating", "validate", "v", namespace, _CHECKS),
    ]


def _configuration(
    kind: str, verb: str, prefix: str, namespace: str, plurals: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": f"cnpg-{kind.lower()}-webhook-configuration"},
        "webhooks": [_webhook(name, verb, prefix, namespace) for name in plurals],
    }


def _webhook(name: str, verb: str, prefix: str, namespace: str) -> dict[str, Any]:
    path = f"/{verb}-{_GROUP.replace('.', '-')}-v1-{name}"
    return {
        "name": f"{prefix}{name}.cnpg.io",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": SERVICE, "namespace": namespace, "path": path}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "rules": [
            {
                "apiGroups": [_GROUP],
                "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"],
                "resources": [f"{name}s"],
            }
        ],
    }
