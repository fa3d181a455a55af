"""The metrics API: metrics-server, scraping the kubelets, behind the API server."""

from __future__ import annotations

import base64

from infra.settings.versions import IMAGES
from toolchain.embedded.identities import CLUSTER_CA, METRICS_SERVICE
from toolchain.embedded.layout import Layout
from toolchain.embedded.objects import (
    LOCKED,
    RBAC,
    READ,
    SYSTEM,
    Document,
    account,
    account_subject,
    binding,
    deployment,
    http_probe,
    role,
    rule,
    service,
)


def metrics_api(layout: Layout) -> list[Document]:
    """metrics-server with a certificate that the API server can check, and its API."""
    name, labels = METRICS_SERVICE, {"k8s-app": METRICS_SERVICE}
    authority = base64.b64encode(layout.certificate(CLUSTER_CA).read_bytes()).decode()
    pair = {"tls.crt": layout.certificate(name), "tls.key": layout.key(name)}
    data = {entry: base64.b64encode(path.read_bytes()).decode() for entry, path in pair.items()}
    rules = [rule("core", "nodes/metrics", "get"), rule("core", "pods nodes", READ)]
    readers = [rule("metrics.k8s.io", "pods nodes", READ)]
    aggregate = role("system:aggregated-metrics-reader", readers)
    aggregate["metadata"]["labels"] = {
        f"{RBAC}/aggregate-to-{role}": "true" for role in ("view", "edit", "admin")
    }
    container = {
        "name": name, "image": IMAGES["metrics-server"].local, "imagePullPolicy": "IfNotPresent",
        "args": ["--secure-port=10250", "--kubelet-preferred-address-types=InternalIP",
                 "--kubelet-certificate-authority=/ca/ca.crt", "--metric-resolution=15s",
                 "--tls-cert-file=/tls/tls.crt", "--tls-private-key-file=/tls/tls.key"],
        "securityContext": LOCKED, "ports": [{"name": "https", "containerPort": 10250}],
        "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}, "limits": {"memory": "200Mi"}},
        "readinessProbe": http_probe("/readyz", 10250, "HTTPS", periodSeconds=2),
        "livenessProbe": http_probe("/livez", 10250, "HTTPS", periodSeconds=10),
        "volumeMounts": [{"name": "tls", "mountPath": "/tls", "readOnly": True},
                         {"name": "ca", "mountPath": "/ca", "readOnly": True}],
    }  # fmt: skip
    pod = {"containers": [container], "volumes": [
        {"name": "tls", "secret": {"secretName": name, "defaultMode": 0o440}},
        {"name": "ca", "configMap": {"name": "kube-root-ca.crt"}}]}  # fmt: skip
    pod["securityContext"] = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    target = {"name": name, "namespace": SYSTEM, "port": 443}
    return [
        account(name),
        role(f"system:{name}", rules), aggregate,
        binding(f"system:{name}", f"system:{name}", account_subject(name)),
        binding(f"{name}:system:auth-delegator", "system:auth-delegator", account_subject(name)),
        _auth_reader(name),
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data,
         "metadata": {"name": name, "namespace": SYSTEM}},
        deployment(name, labels, pod),
        service(name, labels, [{"name": "https", "port": 443, "targetPort": 10250}]),
        {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
         "metadata": {"name": "v1beta1.metrics.k8s.io"},
         "spec": {"service": target, "group": "metrics.k8s.io", "version": "v1beta1",
                  "groupPriorityMinimum": 100, "versionPriority": 100, "caBundle": authority}},
    ]  # fmt: skip


def _auth_reader(name: str) -> Document:
    return {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding",
            "metadata": {"name": f"{name}-auth-reader", "namespace": SYSTEM},
            "roleRef": {"apiGroup": RBAC, "kind": "Role",
                        "name": "extension-apiserver-authentication-reader"},
            "subjects": [account_subject(name)]}  # fmt: skip
