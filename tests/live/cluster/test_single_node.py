"""One node: what an application gets, and what the cluster refuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from tests.live.cluster.conftest import say
from tests.live.cluster.support import LOCKED, NAME, Kube, eventually, output
from toolchain.embedded import Cluster, ImageArchive
from toolchain.embedded.identities import CLUSTER_CA, ETCD_CA

ENFORCE = "pod-security.kubernetes.io/enforce"
SERVER = "exec redis-server --save '' --protected-mode no --port 6380 --dir /tmp"


def test_a_pod_runs_and_names_resolve(space: Kube) -> None:
    space.pod("app", "exec sleep 600")
    answer = space.execute("app", f"getent hosts {NAME}").stdout.split()
    assert answer[0] == str(space.cluster.settings.networks.api_service)
    assert space.execute("app", "getent hosts no-such.default.svc.cluster.local", False).returncode


def test_logs_and_exec_work(space: Kube) -> None:
    space.pod("app", "echo marker-4711; exec sleep 600")
    assert "marker-4711" in space.run("logs", "app").stdout


def _claim(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip


def test_a_volume_outlives_its_pod_and_goes_with_its_claim(space: Kube) -> None:
    more = {
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        "spec": {"securityContext": {"fsGroup": 65532}, "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
    }  # fmt: skip
    space.apply(_claim("data"))
    space.pod("writer", "echo kept > /data/file && exec sleep 600", **more)
    volume = space.get("pvc", "data")["spec"]["volumeName"]
    directory = Path(space.get("pv", volume)["spec"]["local"]["path"])
    assert directory.is_relative_to(space.cluster.layout.volumes)
    assert (directory / "file").read_text() == "kept\n"
    space.run("delete", "pod", "writer")
    space.pod("reader", "exec sleep 600", **more)
    assert space.execute("reader", "cat /data/file").stdout == "kept\n"
    space.run("delete", "pod", "reader")
    space.run("delete", "pvc", "data")
    eventually(lambda: not directory.exists(), 20, f"{directory} is removed")
    eventually(lambda: space.run("get", "pv", volume, check=False).returncode != 0, 20, "pv gone")


def test_a_claim_that_needs_a_shared_file_system_says_why_it_waits(space: Kube) -> None:
    claim = _claim("shared")
    claim["spec"] = {**claim["spec"], "accessModes": ["ReadWriteMany"]}  # type: ignore[dict-item]
    space.apply(claim)
    space.apply(space.pod_document("user", "exec sleep 600", spec={"volumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]}))  # fmt: skip
    eventually(
        lambda: "shared file system" in space.run("get", "events").stdout, 20, "an event says so"
    )


def test_a_policy_is_enforced_and_lifted(space: Kube) -> None:
    space.pod("server", SERVER)
    space.pod("client", "exec sleep 600")
    address = space.get("pod", "server")["status"]["podIP"]
    ping = f"timeout 2 redis-cli -h {address} -p 6380 ping"

    def answers() -> bool:
        return "PONG" in space.execute("client", ping, check=False).stdout

    eventually(answers, 20, "the server answers before there is a policy")
    deny = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "deny"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}  # fmt: skip
    space.apply(deny)
    eventually(lambda: not answers(), 20, "the policy is enforced")
    assert not [True for _ in range(3) if answers()], "a refused flow went through later"
    space.run("delete", "networkpolicy", "deny")
    eventually(answers, 20, "the policy is lifted")


def test_names_resolve_under_a_policy_that_opens_only_dns(space: Kube) -> None:
    space.pod("client", "exec sleep 600")
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
           "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}  # fmt: skip
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "only-dns"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [dns]}]},
    }
    api = space.cluster.settings.networks.api_service
    reach = f"timeout 2 redis-cli -h {api} -p 443 ping"
    space.apply(policy)
    eventually(
        lambda: "Error" not in space.execute("client", reach, False).stderr
        and space.execute("client", reach, False).returncode == 124,
        20, "all else is refused",
    )  # fmt: skip
    assert space.execute("client", f"getent hosts {NAME}").stdout


def test_the_metrics_api_answers(single: Cluster, space: Kube) -> None:
    path = "/apis/metrics.k8s.io/v1beta1/nodes"
    eventually(
        lambda: "node-1" in space.run("get", "--raw", path, check=False).stdout, 60, "metrics"
    )
    usage = json.loads(space.run("get", "--raw", path).stdout)["items"][0]["usage"]
    assert usage["memory"].endswith("Ki") and usage["cpu"] != "0"
    eventually(lambda: single.status().metrics_ready, 30, "the APIService is available")


def _secret(space: Kube, value: str) -> None:
    space.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "canary"},
                 "stringData": {"password": value}})  # fmt: skip


def test_secrets_are_encrypted_at_rest(space: Kube, paths: Mapping[str, Path]) -> None:
    _secret(space, "canary-at-rest-8231")
    layout, settings = space.cluster.layout, space.cluster.settings
    raw = output(
        paths["etcdctl"], f"--endpoints=https://{settings.networks.node}:{settings.ports.etcd}",
        f"--cacert={layout.certificate(ETCD_CA)}", f"--cert={layout.certificate('etcd-client')}",
        f"--key={layout.key('etcd-client')}", "--hex", "get",
        f"/registry/secrets/{space.namespace}/canary", "--print-value-only",
    )  # fmt: skip
    value = bytes.fromhex(raw.strip().replace("\\x", ""))
    assert value.startswith(b"k8s:enc:secretbox:v1:first:")
    assert b"canary-at-rest-8231" not in value


def test_the_audit_log_tells_who_did_what_but_no_secret(space: Kube) -> None:
    _secret(space, "canary-in-audit-5527")
    log = space.cluster.layout.audit_log

    def entries() -> list[dict[str, object]]:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return [line for line in lines if line.get("objectRef", {}).get("name") == "canary"
                and line["objectRef"]["namespace"] == space.namespace]  # fmt: skip

    eventually(lambda: bool(entries()), 30, "the entry is written")
    entry = entries()[0]
    assert entry["user"]["username"] == "alicerce:admin"  # type: ignore[index]
    assert entry["level"] == "Metadata" and "requestObject" not in entry
    assert "canary-in-audit-5527" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_anonymous_is_refused_everywhere(single: Cluster) -> None:
    settings, authority = single.settings, single.layout.certificate(CLUSTER_CA)
    context = ssl.create_default_context(cafile=str(authority))
    node, ports = settings.networks.node, settings.ports
    for url in (f"https://{node}:{ports.api}/api/v1/namespaces/default/secrets",
                f"https://{node}:{ports.api}/readyz",
                f"https://{node}:{ports.kubelet}/pods",
                f"https://{node}:{ports.scheduler}/metrics"):  # fmt: skip
        answer = httpx.get(url, verify=context, trust_env=False)
        assert answer.status_code in (401, 403), f"{url}: {answer.status_code}"
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"https://{node}:{ports.etcd}/version", verify=False, trust_env=False)


def test_a_kubelet_may_not_touch_what_is_not_its_own(space: Kube) -> None:
    _secret(space, "canary-for-nodes")
    kubeconfig = f"--kubeconfig={space.cluster.layout.kubeconfig_of('node-1')}"
    for words in (("get", "secret", "canary"), ("get", "secrets"), ("delete", "node", "node-1")):
        refused = space.run(kubeconfig, *words, check=False)
        assert refused.returncode != 0 and "Forbidden" in refused.stderr, words
    label = ("label", "node", "node-1", "node-restriction.kubernetes.io/x=y")
    refused = space.run(kubeconfig, *label, check=False)
    assert refused.returncode != 0 and "is not allowed to modify labels" in refused.stderr
    assert space.run(kubeconfig, "get", "node", "node-1").returncode == 0, "its own it may"


def test_pod_security_refuses(space: Kube) -> None:
    privileged = {"container": {"securityContext": {"privileged": True}}}
    refused = space.apply(space.pod_document("bad", "true", **privileged), check=False)
    assert refused.returncode != 0 and 'violates PodSecurity "baseline' in refused.stderr
    space.run("label", "namespace", space.namespace, f"{ENFORCE}=restricted")
    loose = {"container": {"securityContext": {**LOCKED, "allowPrivilegeEscalation": True}}}
    refused = space.apply(space.pod_document("loose", "true", **loose), check=False)
    assert refused.returncode != 0 and 'violates PodSecurity "restricted' in refused.stderr
    space.apply(space.pod_document("good", "exec sleep 600"))


def test_a_host_port_answers_on_loopback_and_is_gone_with_its_pod(space: Kube) -> None:
    space.run("label", "namespace", space.namespace, f"{ENFORCE}=privileged")
    ports = [{"containerPort": 6380, "hostPort": 16380, "hostIP": "127.0.0.1"}]
    space.pod("gateway", SERVER, container={"ports": ports})
    eventually(lambda: _answers_ping(16380), 10, "the port answers")
    space.run("delete", "pod", "gateway")
    eventually(lambda: not _answers_ping(16380), 10, "the port is closed")


def _answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return b"PONG" in connection.recv(64)
    except OSError:
        return False


def test_keys_are_readable_by_root_alone(single: Cluster) -> None:
    layout = single.layout
    files = [path for path in layout.pki.rglob("*") if path.is_file()]
    files += [layout.secrets / "encryption.yaml", layout.supervisor_socket, layout.kubeconfig]
    assert len(files) > 20
    assert not [path for path in files if path.stat().st_mode & 0o077]


def test_up_again_changes_nothing(single: Cluster, archive: ImageArchive) -> None:
    before = {one.name: one.pid for one in single.status().programs}
    began = time.monotonic()
    said: list[str] = []
    single.up([archive], said.append)
    assert time.monotonic() - began < 5
    assert {one.name: one.pid for one in single.status().programs} == before
    assert not [line for line in said if "imported" in line]


def test_a_program_that_dies_comes_back(single: Cluster, kube_of: Callable[..., Kube]) -> None:
    old = next(one.pid for one in single.status().programs if one.name == "kube-scheduler")
    os.kill(old, signal.SIGKILL)

    def back() -> bool:
        found = next(one for one in single.status().programs if one.name == "kube-scheduler")
        return found.state == "RUNNING" and found.pid not in (0, old)

    eventually(back, 10, "the supervisor starts it again")
    kube = kube_of(single)
    kube.pod("after-restart", "exec sleep 600")
    kube.run("delete", "pod", "after-restart")


def test_status_names_the_owner(single: Cluster) -> None:
    status = single.status()
    assert status.healthy
    assert status.owner is not None and status.owner.state == str(single.settings.state)
    say(str(status.owner))
