"""Builders of the few kinds of objects that a cluster starts with."""

from __future__ import annotations

from typing import Any

SYSTEM = "kube-system"
RBAC = "rbac.authorization.k8s.io"
Document = dict[str, Any]


def rule(groups: str, resources: str, verbs: str) -> Document:
    """Words apart by spaces; the core group is written as ``core``."""
    return {
        "apiGroups": ["" if group == "core" else group for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }


READ = "get list watch"


def role(name: str, rules: list[Document]) -> Document:
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole",
            "metadata": {"name": name}, "rules": rules}  # fmt: skip


def binding(name: str, role: str, subject: Document) -> Document:
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [subject]}  # fmt: skip


def user(name: str) -> Document:
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def account(name: str) -> Document:
    return {"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": SYSTEM}}  # fmt: skip


def account_subject(name: str) -> Document:
    return {"kind": "ServiceAccount", "name": name, "namespace": SYSTEM}


def service(name: str, labels: dict[str, str], ports: list[Document], **more: Any) -> Document:
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": SYSTEM, "labels": labels},
            "spec": {"selector": labels, "ports": ports, **more}}  # fmt: skip


def deployment(name: str, labels: dict[str, str], pod: Document, replicas: int = 1) -> Document:
    spec = {
        "serviceAccountName": name, "priorityClassName": "system-cluster-critical",
        # A node that is lost loses these last: the others depend on them.
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"}},
        **pod,
    }  # fmt: skip
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": SYSTEM, "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                     "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                     "template": {"metadata": {"labels": labels}, "spec": spec}}}  # fmt: skip


LOCKED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
          "capabilities": {"drop": ["ALL"]}}  # fmt: skip


def http_probe(path: str, port: int, scheme: str = "HTTP", **more: int) -> Document:
    return {"httpGet": {"path": path, "port": port, "scheme": scheme}, **more}
