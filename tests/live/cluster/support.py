"""What the cluster's own tests share: kubectl, and a picture of the machine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from toolchain.embedded import Cluster
from toolchain.embedded.cgroups import hierarchies
from toolchain.embedded.commands import wait_for

POD_SECONDS = 60.0
LOCKED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
NAME = "kubernetes.default.svc.cluster.local"


def output(*command: str | Path) -> str:
    """What a command prints; its failure is the test's."""
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=True
    ).stdout


@dataclass
class Kube:
    """kubectl as the administrator, in one namespace; ``image`` has sh and redis."""

    cluster: Cluster
    kubectl: Path
    image: str
    namespace: str = "default"

    def run(self, *arguments: str, check: bool = True, stdin: str | None = None) -> Any:
        """Run kubectl in the namespace and give the finished process."""
        done = subprocess.run(
            [str(self.kubectl), f"--kubeconfig={self.cluster.layout.kubeconfig}",
             f"--namespace={self.namespace}", *arguments],
            input=stdin, capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done

    def get(self, *arguments: str) -> Any:
        return json.loads(self.run("get", *arguments, "--output=json").stdout)

    def apply(self, *documents: dict[str, Any], check: bool = True) -> Any:
        text = yaml.safe_dump_all(documents)
        return self.run("apply", "--server-side", "--filename=-", stdin=text, check=check)

    def pod(self, name: str, command: str, **more: Any) -> None:
        """Create a Pod that runs a shell command, and wait until it is ready."""
        self.apply(self.pod_document(name, command, **more))
        self.run("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={POD_SECONDS:.0f}s")

    def pod_document(self, name: str, command: str, **more: Any) -> dict[str, Any]:
        container = {
            "name": "app", "image": self.image, "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", command], "securityContext": LOCKED,
        }  # fmt: skip
        spec = {"containers": [{**container, **more.pop("container", {})}],
                "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False,
                **more.pop("spec", {})}  # fmt: skip
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "spec": spec,
            "metadata": {"name": name, "namespace": self.namespace, "labels": {"app": name}},
        }

    def execute(self, pod: str, command: str, check: bool = True) -> Any:
        return self.run("exec", pod, "--", "sh", "-c", command, check=check)

    def in_namespace(self, namespace: str) -> Kube:
        return Kube(self.cluster, self.kubectl, self.image, namespace)


def eventually(condition: Any, seconds: float, what: str) -> None:
    """Fail with ``what`` unless the condition comes true in time."""
    assert wait_for(condition, seconds, poll=0.2), f"not within {seconds} s: {what}"


@dataclass(frozen=True)
class Machine:
    """Everything that a cluster could leave on a machine."""

    processes: set[str] = field(compare=False)
    mounts: list[str]
    addresses: list[str]
    links: list[str]
    routes: list[str]
    namespaces: list[str]
    firewall: str
    iptables: str
    sets: str
    connections: set[str] = field(compare=False)
    cgroups: list[str]
    sockets: set[str] = field(compare=False)
    sysctls: dict[str, str]
    directories: list[str]


STRAY_PLACES = ("/run/containerd", "/run/netns", "/var/lib/cni", "/var/log/containers",
                "/var/log/pods", "/var/lib/kubelet", "/etc/cni", "/opt/containerd",
                "/run/lock/alicerce.lock", "/var/lib/containerd")  # fmt: skip
SYSCTLS = ("net.ipv4", "net.ipv6", "net.bridge", "net.netfilter", "vm", "kernel.panic",
           "kernel.panic_on_oops", "kernel.keys")  # fmt: skip
# These count what happens, or follow from the memory that is free.
MOVING = ("nf_conntrack_count", "route.gc", "nr_", "stat_", "drop_caches", "min_unmapped",
          "conf.veth", "neigh.veth", "lowmem", "user_reserve", "admin_reserve")  # fmt: skip


def machine() -> Machine:
    """The machine as it is now."""
    links = json.loads(output("ip", "-j", "address", "show"))
    return Machine(
        processes=_processes(),
        mounts=_mounts(),
        addresses=sorted(f"{link['ifname']} {address['local']}/{address['prefixlen']}"
                         for link in links for address in link["addr_info"]),
        links=sorted(link["ifname"] for link in links),
        routes=sorted(output("ip", "route", "show", "table", "all").splitlines()),
        namespaces=sorted(output("ip", "netns", "list").split()),
        firewall=output("nft", "list", "ruleset"),
        iptables="\n".join(line for line in output("iptables-save").splitlines()
                           if not line.startswith("#")),
        sets=output("ipset", "list", "-n"),
        connections=_connections(),
        cgroups=_cgroups(),
        sockets=_sockets(),
        sysctls=_sysctls(),
        directories=[place for place in STRAY_PLACES if Path(place).exists()],
    )  # fmt: skip


def _mounts() -> list[str]:
    """All but those under /tmp, where image builds of others come and go."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    mounts = (" ".join(line.split()[1:3]) for line in lines)
    return sorted(mount for mount in mounts if not mount.startswith("/tmp/"))


def _processes() -> set[str]:
    """Processes with their start: others come and go here, so only ours are compared."""
    words = ("containerd", "kube", "etcd", "supervisord", "coredns", "metrics-server", "pause",
             "volumes", "alicerce-clustertest")  # fmt: skip
    found = set()
    for process in psutil.process_iter(["pid", "cmdline", "create_time"]):
        line = " ".join(process.info["cmdline"] or [])
        if any(word in line for word in words):
            found.add(f"{process.info['pid']} {process.info['create_time']:.0f} {line[:120]}")
    return found


def _sockets() -> set[str]:
    found = {f"tcp {one.laddr.ip}:{one.laddr.port}" for one in psutil.net_connections("tcp")
             if one.status == psutil.CONN_LISTEN}  # fmt: skip
    return found | {f"udp {one.laddr.ip}:{one.laddr.port}" for one in
                    psutil.net_connections("udp")}  # fmt: skip


def _connections() -> set[str]:
    ours = ("10.240.", "10.241.", "10.244.", "10.96.")
    done = subprocess.run(["conntrack", "-L"], capture_output=True, text=True, check=False)
    # Without the seconds that each entry still lives: they count down by themselves.
    ends = {
        " ".join(word for word in line.split() if "=" in word) for line in done.stdout.splitlines()
    }
    return {line for line in ends if any(f"={net}" in line for net in ours)}


def _cgroups() -> list[str]:
    return sorted(
        str(path)
        for one in hierarchies()
        for path in one.mount.rglob("*")
        if path.is_dir() and ("alicerce" in path.name or "kubepods" in path.name)
    )


def _sysctls() -> dict[str, str]:
    done = subprocess.run(["sysctl", "-a"], capture_output=True, text=True, check=False)
    pairs = (line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    return {
        name: value
        for name, value in pairs
        if name.startswith(SYSCTLS) and not any(word in name for word in MOVING)
    }
