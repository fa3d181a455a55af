"""What the API server writes down, and what it refuses by default."""

from __future__ import annotations

from typing import Any

SYSTEM_NAMESPACES = ("kube-system", "kube-node-lease", "kube-public")
Document = dict[str, Any]


def audit_policy() -> Document:
    """Who did what to which object, never a body: Secrets pass through requests."""
    nodes_and_system = ["system:nodes", "system:serviceaccounts:kube-system"]
    quiet: list[Document] = [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version",
                                              "/openapi/*", "/metrics", "/api", "/api/*", "/apis",
                                              "/apis/*"]},
        {"level": "None", "resources": [{"group": "", "resources": ["events"]},
                                        {"group": "events.k8s.io", "resources": ["events"]},
                                        {"group": "coordination.k8s.io", "resources": ["leases"]}]},
        # Controllers read and report status all day: that says nothing about people.
        {"level": "None", "userGroups": nodes_and_system,
         "verbs": ["get", "list", "watch"]},
        {"level": "None", "users": ["system:kube-controller-manager", "system:kube-scheduler",
                                    "system:kube-proxy", "system:apiserver"],
         "verbs": ["get", "list", "watch"]},
    ]  # fmt: skip
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [*quiet, {"level": "Metadata"}],
    }


def admission() -> Document:
    """Pod Security: a namespace that says nothing gets ``baseline``, and hears of
    what ``restricted`` would refuse."""
    pod_security = {
        "apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration",
        "defaults": {
            "enforce": "baseline", "enforce-version": "latest",
            "audit": "restricted", "audit-version": "latest",
            "warn": "restricted", "warn-version": "latest",
        },
        "exemptions": {"namespaces": ["kube-system"]},
    }  # fmt: skip
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{"name": "PodSecurity", "configuration": pod_security}],
    }
