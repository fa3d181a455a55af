"""The objects every cluster starts with: DNS, storage, and rights for our own."""

from __future__ import annotations

from infra.settings.versions import IMAGES
from toolchain.embedded.control_plane import PROVISIONER
from toolchain.embedded.identities import USERS
from toolchain.embedded.objects import (
    LOCKED,
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
    user,
)
from toolchain.embedded.settings import ClusterSettings

STORAGE_CLASS = "standard"

COREFILE = """\
.:5353 {
    errors
    health :8080 {
        lameduck 3s
    }
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 10
    }
    prometheus :9153
    cache 10
    reload
}
"""


def needed_first(settings: ClusterSettings) -> list[Document]:
    """What an application Pod waits for: DNS, and the rights of our own processes."""
    return [*_rights(), *_dns(settings), storage_class()]


def storage_class() -> Document:
    """The default class: a directory on the Pod's node, removed with its claim."""
    return {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {
            "storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER, "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }  # fmt: skip


def _rights() -> list[Document]:
    router = [
        rule("core", "namespaces pods services nodes endpoints", READ),
        rule("networking.k8s.io", "networkpolicies", READ),
        rule("discovery.k8s.io", "endpointslices", READ),
    ]
    volumes = [
        # What Kubernetes grants to provisioners, and the node a claim was put on.
        rule("core", "persistentvolumes", f"{READ} create delete update patch"),
        rule("core", "persistentvolumeclaims", f"{READ} update"),
        rule("storage.k8s.io", "storageclasses", READ),
        rule("core", "events", "create update patch"),
        rule("core", "nodes", READ),
    ]
    return [
        role("alicerce:router", router),
        binding("alicerce:router", "alicerce:router", user(USERS["router"])),
        role("alicerce:volumes", volumes),
        binding("alicerce:volumes", "alicerce:volumes", user(USERS["volumes"])),
    ]


def _dns(settings: ClusterSettings) -> list[Document]:
    labels = {"k8s-app": "kube-dns"}
    rules = [rule("core", "services pods namespaces", "list watch"),
             rule("discovery.k8s.io", "endpointslices", "list watch")]  # fmt: skip
    container = {
        "name": "coredns", "image": IMAGES["coredns"].local, "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"], "securityContext": LOCKED,
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "170Mi"}},
        "ports": [{"name": "dns", "containerPort": 5353, "protocol": "UDP"},
                  {"name": "dns-tcp", "containerPort": 5353, "protocol": "TCP"},
                  {"name": "metrics", "containerPort": 9153, "protocol": "TCP"}],
        "startupProbe": http_probe("/ready", 8181, periodSeconds=1, failureThreshold=60),
        "readinessProbe": http_probe("/ready", 8181, periodSeconds=5),
        "livenessProbe": http_probe("/health", 8080, periodSeconds=10, failureThreshold=5),
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }  # fmt: skip
    pod = {
        # It resolves for others; its own names come from the machine.
        "dnsPolicy": "Default", "containers": [container],
        # With several nodes, losing one must not lose every name.
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": labels}}],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }  # fmt: skip
    ports = [{"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
             {"name": "dns-tcp", "port": 53, "targetPort": 5353, "protocol": "TCP"},
             {"name": "metrics", "port": 9153, "protocol": "TCP"}]  # fmt: skip
    return [
        account("coredns"),
        role("system:coredns", rules),
        binding("system:coredns", "system:coredns", account_subject("coredns")),
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"Corefile": COREFILE},
         "metadata": {"name": "coredns", "namespace": SYSTEM}},
        deployment("coredns", labels, pod, replicas=min(2, settings.nodes)),
        service("kube-dns", labels, ports, clusterIP=str(settings.networks.dns)),
    ]  # fmt: skip
