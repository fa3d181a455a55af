"""The control plane's programs and their flags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from toolchain.embedded.commands import write
from toolchain.embedded.identities import CLUSTER_CA, ETCD_CA, FRONT_PROXY_CA
from toolchain.embedded.layout import Layout
from toolchain.embedded.policies import admission, audit_policy
from toolchain.embedded.settings import ClusterSettings, Node

GROUP = "control-plane"
PROVISIONER = "alicerce.dev/directories"
AUDIT_MEGABYTES = 20
# The defaults (20 a second) keep the controllers waiting for 5 s at every start.
CLIENT_REQUESTS = {"kube-api-qps": 300, "kube-api-burst": 600}


@dataclass(frozen=True)
class Program:
    """One supervised process: its group decides the cgroup and what dies with it."""

    name: str
    group: str
    command: tuple[str, ...]
    node: Node | None = None


def control_plane(settings: ClusterSettings, layout: Layout) -> list[Program]:
    """etcd, the API server and what works beside it."""
    tools = settings.tools
    return [
        _program("etcd", tools["etcd"], _etcd(settings, layout)),
        _program("kube-apiserver", tools["kube-apiserver"], _apiserver(settings, layout)),
        _program("kube-controller-manager", tools["kube-controller-manager"],
                 _controller_manager(settings, layout)),
        _program("kube-scheduler", tools["kube-scheduler"], _scheduler(settings, layout)),
        _program("volumes", tools["volumes"], _volumes(layout)),
    ]  # fmt: skip


def write_files(layout: Layout) -> None:
    """The configuration files that the flags point at."""
    write(layout.config / "audit-policy.yaml", yaml.safe_dump(audit_policy(), sort_keys=False))
    write(layout.config / "admission.yaml", yaml.safe_dump(admission(), sort_keys=False))


def _program(name: str, tool: Path, flags: dict[str, object]) -> Program:
    return Program(name, GROUP, (str(tool), *_words(flags)))


def _words(flags: dict[str, object]) -> Iterator[str]:
    for flag, value in flags.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"--{flag}={text}"


def _etcd(settings: ClusterSettings, layout: Layout) -> dict[str, object]:
    node, ports = settings.networks.node, settings.ports
    client, peer = f"https://{node}:{ports.etcd}", f"https://{node}:{ports.etcd_peer}"
    ca, certificate, key = (
        layout.certificate(ETCD_CA),
        layout.certificate("etcd"),
        layout.key("etcd"),
    )
    return {
        "name": settings.name, "data-dir": layout.etcd,
        "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer,
        "initial-cluster": f"{settings.name}={peer}",
        "listen-metrics-urls": f"http://127.0.0.1:{ports.etcd_metrics}",
        "client-cert-auth": True, "trusted-ca-file": ca, "cert-file": certificate, "key-file": key,
        "peer-client-cert-auth": True, "peer-trusted-ca-file": ca,
        "peer-cert-file": certificate, "peer-key-file": key,
        # One small cluster: ten thousand entries between snapshots only cost memory.
        "snapshot-count": 5000, "logger": "zap", "log-level": "warn",
    }  # fmt: skip


def _apiserver(settings: ClusterSettings, layout: Layout) -> dict[str, object]:
    node, ports = settings.networks.node, settings.ports
    return {
        "advertise-address": node, "bind-address": node, "secure-port": ports.api,
        "etcd-servers": f"https://{node}:{ports.etcd}",
        "etcd-cafile": layout.certificate(ETCD_CA),
        "etcd-certfile": layout.certificate("etcd-client"),
        "etcd-keyfile": layout.key("etcd-client"),
        "service-cluster-ip-range": settings.networks.services,
        "tls-cert-file": layout.certificate("apiserver"),
        "tls-private-key-file": layout.key("apiserver"), "tls-min-version": "VersionTLS12",
        # Without it logs and exec look the node's name up in DNS, which has none.
        "kubelet-preferred-address-types": "InternalIP",
        "kubelet-certificate-authority": layout.certificate(CLUSTER_CA),
        "kubelet-client-certificate": layout.certificate("apiserver-kubelet"),
        "kubelet-client-key": layout.key("apiserver-kubelet"),
        "allow-privileged": True, "profiling": False, "enable-aggregator-routing": True,
        **_authentication(layout), **_authorization(settings, layout), **_audit(layout),
    }  # fmt: skip


def _authentication(layout: Layout) -> dict[str, object]:
    return {
        "anonymous-auth": False, "client-ca-file": layout.certificate(CLUSTER_CA),
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": layout.pki / "service-account.pub",
        "service-account-signing-key-file": layout.key("service-account"),
        "requestheader-client-ca-file": layout.certificate(FRONT_PROXY_CA),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "proxy-client-cert-file": layout.certificate("front-proxy"),
        "proxy-client-key-file": layout.key("front-proxy"),
    }  # fmt: skip


def _authorization(settings: ClusterSettings, layout: Layout) -> dict[str, object]:
    return {
        "authorization-mode": "Node,RBAC", "enable-admission-plugins": "NodeRestriction",
        "admission-control-config-file": layout.config / "admission.yaml",
        "encryption-provider-config": layout.secrets / "encryption.yaml",
        "default-not-ready-toleration-seconds": settings.eviction_seconds,
        "default-unreachable-toleration-seconds": settings.eviction_seconds,
    }  # fmt: skip


def _audit(layout: Layout) -> dict[str, object]:
    return {
        "audit-policy-file": layout.config / "audit-policy.yaml",
        "audit-log-path": layout.audit_log, "audit-log-mode": "batch",
        "audit-log-maxsize": AUDIT_MEGABYTES, "audit-log-maxbackup": 3, "audit-log-maxage": 30,
    }  # fmt: skip


def _serving(layout: Layout, user: str) -> dict[str, object]:
    kubeconfig = layout.kubeconfig_of(user)
    return {
        "kubeconfig": kubeconfig, "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig, "leader-elect": False, "profiling": False,
        "tls-cert-file": layout.certificate("control-plane"),
        "tls-private-key-file": layout.key("control-plane"),
        "client-ca-file": layout.certificate(CLUSTER_CA),
        "requestheader-client-ca-file": layout.certificate(FRONT_PROXY_CA),
        **CLIENT_REQUESTS,
    }  # fmt: skip


def _controller_manager(settings: ClusterSettings, layout: Layout) -> dict[str, object]:
    return {
        **_serving(layout, "controller-manager"),
        "bind-address": settings.networks.node, "secure-port": settings.ports.controller_manager,
        "use-service-account-credentials": True, "cluster-name": settings.name,
        # The nodes' Pod ranges are fixed by us: the CNI files carry them from the start.
        "allocate-node-cidrs": False, "cluster-cidr": settings.networks.pods,
        "service-cluster-ip-range": settings.networks.services,
        "root-ca-file": layout.certificate(CLUSTER_CA),
        "service-account-private-key-file": layout.key("service-account"),
        "cluster-signing-cert-file": layout.certificate(CLUSTER_CA),
        "cluster-signing-key-file": layout.key(CLUSTER_CA),
        "node-monitor-period": "2s",
        "node-monitor-grace-period": f"{settings.node_grace_seconds}s",
    }  # fmt: skip


def _scheduler(settings: ClusterSettings, layout: Layout) -> dict[str, object]:
    return {
        **_serving(layout, "scheduler"),
        "bind-address": settings.networks.node, "secure-port": settings.ports.scheduler,
    }  # fmt: skip


def _volumes(layout: Layout) -> dict[str, object]:
    return {
        "kubeconfig": layout.kubeconfig_of("volumes"),
        "root": layout.volumes,
        "provisioner": PROVISIONER,
    }
