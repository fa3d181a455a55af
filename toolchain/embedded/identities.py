"""Who is who in the cluster: every certificate and kubeconfig, in one table."""

from __future__ import annotations

import base64
import secrets

import yaml

from toolchain.embedded.commands import write
from toolchain.embedded.layout import Layout
from toolchain.embedded.pki import Leaf, Pki
from toolchain.embedded.settings import ClusterSettings, Node

CLUSTER_CA = "cluster-ca"
ETCD_CA = "etcd-ca"
FRONT_PROXY_CA = "front-proxy-ca"
METRICS_SERVICE = "metrics-server"
# Kubernetes gives these names their rights (RBAC) by itself.
USERS = {
    "controller-manager": "system:kube-controller-manager",
    "scheduler": "system:kube-scheduler",
    "proxy": "system:kube-proxy",
    "router": "alicerce:kube-router",
    "volumes": "alicerce:volumes",
}


def issue(settings: ClusterSettings, layout: Layout) -> None:
    """Make, keep or renew every certificate, key and kubeconfig of the cluster."""
    pki = Pki(layout.pki)
    pki.signing_key("service-account")
    for leaf in servers(settings):
        pki.leaf(leaf)
    for name, user in USERS.items():
        _kubeconfig(settings, layout, pki, Leaf(name, CLUSTER_CA, user))
    _kubeconfig(
        settings, layout, pki, Leaf("admin", CLUSTER_CA, "alicerce:admin", ("system:masters",))
    )
    for node in settings.members:
        client = Leaf(node.name, CLUSTER_CA, f"system:node:{node.name}", ("system:nodes",))
        _kubeconfig(settings, layout, pki, client)
    _encryption(layout)


def servers(settings: ClusterSettings) -> list[Leaf]:
    """The certificates that are not kubeconfig users."""
    node = str(settings.networks.node)
    api_names = (
        "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local", "localhost",
        str(settings.networks.api_service), node, "127.0.0.1",
    )  # fmt: skip
    metrics = (f"{METRICS_SERVICE}.kube-system.svc", f"{METRICS_SERVICE}.kube-system")
    leaves = [
        Leaf("etcd", ETCD_CA, "etcd", hosts=(node, "localhost", "127.0.0.1")),
        Leaf("etcd-client", ETCD_CA, "kube-apiserver"),
        Leaf("apiserver", CLUSTER_CA, "kube-apiserver", hosts=api_names),
        Leaf("apiserver-kubelet", CLUSTER_CA, "alicerce:kube-apiserver", ("system:masters",)),
        Leaf("front-proxy", FRONT_PROXY_CA, "front-proxy-client"),
        Leaf("control-plane", CLUSTER_CA, "control-plane", hosts=(node, "localhost", "127.0.0.1")),
        Leaf(METRICS_SERVICE, CLUSTER_CA, METRICS_SERVICE, hosts=metrics),
    ]
    return leaves + [_kubelet_server(node) for node in settings.members]


def _kubelet_server(node: Node) -> Leaf:
    return Leaf(
        f"kubelet-{node.name}", CLUSTER_CA, f"system:node:{node.name}", ("system:nodes",),
        hosts=(node.name, str(node.address)),
    )  # fmt: skip


def _kubeconfig(settings: ClusterSettings, layout: Layout, pki: Pki, leaf: Leaf) -> None:
    pair = pki.leaf(leaf)
    authority = pki.authority(CLUSTER_CA)
    cluster = {
        "server": f"https://{settings.networks.node}:{settings.ports.api}",
        "certificate-authority-data": _base64(authority.certificate_pem),
    }
    user = {
        "client-certificate-data": _base64(pair.certificate_pem),
        "client-key-data": _base64(pair.key_pem),
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": settings.name, "cluster": cluster}],
        "users": [{"name": leaf.name, "user": user}],
        "contexts": [
            {"name": settings.name, "context": {"cluster": settings.name, "user": leaf.name}}
        ],
        "current-context": settings.name,
    }
    write(layout.kubeconfig_of(leaf.name), yaml.safe_dump(content, sort_keys=False))


def _encryption(layout: Layout) -> None:
    """The key that Secrets are encrypted with: as old as the data, gone with it."""
    path = layout.secrets / "encryption.yaml"
    if path.exists():
        return
    key = {"name": "first", "secret": _base64(secrets.token_bytes(32))}
    content = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": ["secrets"],
                "providers": [{"secretbox": {"keys": [key]}}, {"identity": {}}],
            }
        ],
    }
    write(path, yaml.safe_dump(content, sort_keys=False))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
