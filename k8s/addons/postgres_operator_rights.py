"""What CloudNativePG may do: upstream's own list (``config/rbac`` of v1.30.0)."""

from __future__ import annotations

from typing import Any

_READ = ("get", "list", "watch")
_KEEP = ("create", *_READ, "patch")
_ALL = ("create", "delete", *_READ, "patch", "update")

# API group, resources, verbs.
_RIGHTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("", ("configmaps", "secrets", "services"), _ALL),
    ("", ("configmaps/status", "secrets/status"), ("get", "patch", "update")),
    ("", ("events",), ("create", "patch")),
    ("", ("nodes",), _READ),
    ("", ("persistentvolumeclaims", "pods", "pods/exec"), ("delete", *_KEEP)),
    ("", ("pods/status",), ("get",)),
    ("", ("serviceaccounts",), (*_KEEP, "update")),
    (
        "admissionregistration.k8s.io",
        ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
        ("get", "patch"),
    ),
    ("apps", ("deployments",), _ALL),
    ("batch", ("jobs",), ("delete", *_KEEP)),
    ("coordination.k8s.io", ("leases",), ("create", *_READ, "update")),
    ("discovery.k8s.io", ("endpointslices",), _READ),
    ("monitoring.coreos.com", ("podmonitors",), ("delete", *_KEEP)),
    ("policy", ("poddisruptionbudgets",), _ALL),
    (
        "postgresql.cnpg.io",
        ("backups", "clusters", "databaseroles", "databases", "poolers", "publications",
         "scheduledbackups", "subscriptions"),
        _ALL,
    ),
    (
        "postgresql.cnpg.io",
        ("backups/status", "databases/status", "publications/status", "scheduledbackups/status",
         "subscriptions/status"),
        ("get", "patch", "update"),
    ),
    ("postgresql.cnpg.io", ("clusterimagecatalogs", "imagecatalogs"), _READ),
    (
        "postgresql.cnpg.io",
        ("clusters/finalizers", "databaseroles/finalizers", "poolers/finalizers"),
        ("update",),
    ),
    (
        "postgresql.cnpg.io",
        ("clusters/status", "databaseroles/status", "failoverquorums/status", "poolers/status"),
        ("get", "patch", "update", "watch"),
    ),
    ("postgresql.cnpg.io", ("failoverquorums",), ("create", "delete", *_READ)),
    ("rbac.authorization.k8s.io", ("rolebindings", "roles"), (*_KEEP, "update")),
    ("snapshot.storage.k8s.io", ("volumesnapshots",), _KEEP),
)  # fmt: skip


def rules() -> list[dict[str, Any]]:
    """The rules of its ClusterRole."""
    return [
        {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
        for group, resources, verbs in _RIGHTS
    ]
