"""One node's configuration files: containerd, CNI, kubelet and kube-proxy."""

from __future__ import annotations

import json
from typing import Any

import yaml

from infra.settings.versions import IMAGES
from toolchain.embedded.commands import write
from toolchain.embedded.host import Host
from toolchain.embedded.identities import CLUSTER_CA
from toolchain.embedded.layout import Layout
from toolchain.embedded.settings import ClusterSettings, Node

BRIDGE = "alc-pods"
CNI_NAME = "alicerce"
CGROUP_ROOT = "/alicerce"

CONTAINERD = """\
version = 2
root = "{images}"
state = "{state}"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Raising a process's claim to memory needs a right that containers often lack.
  restrict_oom_score_adj = {restricted}
  netns_mounts_under_state_dir = true
  tolerate_missing_hugetlb_controller = true
  enable_unprivileged_ports = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_bin}"
    conf_dir = "{cni_conf}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "{state}/runc"
"""


def write_files(settings: ClusterSettings, layout: Layout, node: Node, host: Host) -> None:
    """Write everything the node's programs read; same settings, same bytes."""
    root = layout.node(node).root
    write(root / "containerd.toml", containerd(layout, node, host))
    write(root / "cni" / "10-alicerce.conflist", json.dumps(cni(layout, node), indent=2))
    for name, content in {
        "kubelet.yaml": kubelet(settings, layout, node, host),
        "kube-proxy.yaml": kube_proxy(settings, layout, node),
    }.items():
        write(root / name, yaml.safe_dump(content, sort_keys=False))


def containerd(layout: Layout, node: Node, host: Host) -> str:
    """containerd 1.6's configuration, everything under the node's own directories."""
    paths = layout.node(node)
    return CONTAINERD.format(
        images=paths.images, state=paths.root / "containerd", socket=paths.containerd_socket,
        pause=IMAGES["pause"].local, restricted=str(not host.can_raise_limits).lower(),
        cni_bin=host.cni_bin, cni_conf=paths.root / "cni",
    )  # fmt: skip


def cni(layout: Layout, node: Node) -> dict[str, Any]:
    """A bridge per node, addresses from the node's range, host ports by portmap."""
    ipam = {
        "type": "host-local",
        "dataDir": str(layout.node(node).root / "ipam"),
        "ranges": [[{"subnet": str(node.pods)}]],
    }
    bridge = {
        "type": "bridge", "bridge": BRIDGE, "isDefaultGateway": True, "hairpinMode": True,
        # Addresses leave the machine masqueraded by our own table, once, in one place.
        "ipMasq": False, "ipam": ipam,
    }  # fmt: skip
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": "1.0.0", "name": CNI_NAME, "plugins": [bridge, portmap]}


def kubelet(settings: ClusterSettings, layout: Layout, node: Node, host: Host) -> dict[str, Any]:
    """The kubelet's configuration file."""
    paths = layout.node(node)
    server = f"kubelet-{node.name}"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(node.address),
        "port": settings.ports.kubelet,
        "healthzPort": settings.ports.kubelet_health,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True, "cacheTTL": "2m"},
            "x509": {"clientCAFile": str(layout.certificate(CLUSTER_CA))},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.certificate(server)),
        "tlsPrivateKeyFile": str(layout.key(server)),
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        "clusterDomain": "cluster.local",
        "clusterDNS": [str(settings.networks.dns)],
        "resolvConf": "/etc/resolv.conf",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"{CGROUP_ROOT}/{node.name}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "podLogsDir": str(paths.root / "pod-logs"),
        "volumePluginDir": str(paths.root / "volume-plugins"),
        "containerLogMaxSize": "10Mi",
        "containerLogMaxFiles": 3,
        "nodeStatusUpdateFrequency": "4s",
        "nodeLeaseDurationSeconds": max(4, settings.node_grace_seconds * 3 // 4),
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "enableDebuggingHandlers": True,
        **_no_image_loss(),
        "featureGates": {} if host.can_raise_limits else {"KubeletInUserNamespace": True},
    }


def _no_image_loss() -> dict[str, Any]:
    """There is no registry to pull from again: an image that is removed is lost."""
    return {
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
    }


def kube_proxy(settings: ClusterSettings, layout: Layout, node: Node) -> dict[str, Any]:
    """kube-proxy in nftables mode; the machine's conntrack limits stay as they are."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": str(settings.networks.pods),
        "hostnameOverride": node.name,
        "clientConnection": {"kubeconfig": str(layout.kubeconfig_of("proxy"))},
        "bindAddress": str(node.address),
        "metricsBindAddress": f"{node.address}:{settings.ports.proxy_metrics}",
        "healthzBindAddress": f"{node.address}:{settings.ports.proxy_health}",
        "conntrack": {
            "maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s",
        },
        "nftables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
    }  # fmt: skip
