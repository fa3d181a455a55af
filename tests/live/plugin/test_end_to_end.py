"""The plugin under the real engine: a program, its state in a folder, no other plugin."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind

from . import kubelet as plays
from .harness import EXECUTABLE, in_background
from .kubelet import Kubelet, patch

CONFIG_MAP = Kind("", "v1", "ConfigMap")
DEPLOYMENT = Kind("apps", "v1", "Deployment")

HEAD = """
import pulumi, pulumi_kubernetes as k8s
config = pulumi.Config()
cluster = k8s.Provider("cluster", kubeconfig=config.require("kubeconfig"),
                       namespace=config.require("namespace"))
opts = pulumi.ResourceOptions(provider=cluster)
"""
SHOP = """
color = config.get("color") or "blue"
settings = k8s.core.v1.ConfigMap("settings", data={"color": color}, opts=opts)
secret = k8s.core.v1.Secret("login", string_data={"password": config.require_secret("password")},
                            opts=opts)
web = k8s.apps.v1.Deployment("web", metadata={"name": "web"}, opts=opts, spec={
    "replicas": 1,
    "selector": {"match_labels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
        "scheduler_name": "nobody", "termination_grace_period_seconds": 0,
        "containers": [{"name": "app", "image": "example.invalid/app:1",
                        "resources": {"limits": {"cpu": "1000m"}},
                        "env_from": [{"config_map_ref": {"name": settings.metadata.name}}]}]}}})
pulumi.export("settings", settings.metadata.name)
"""


@dataclass
class Stack:
    """One stack of a throw-away project."""

    folder: Path
    env: dict[str, str]

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(HEAD + text)

    def run(self, *args: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", "--non-interactive", *args],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        told = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, told
        return told

    def up(self, *args: str, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", *args, fails=fails)

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state's resources by their logical names."""
        exported = json.loads(self.run("stack", "export"))
        found = exported["deployment"].get("resources", [])
        return {r["urn"].rpartition("::")[2]: r for r in found}


@pytest.fixture
def stack(tmp_path: Path, kubeconfig: Path, namespace: str) -> Iterator[Stack]:
    if not shutil.which("pulumi"):
        pytest.fail("no `pulumi` on PATH")
    (tmp_path / "state").mkdir()
    project = {"name": "project", "runtime": "python"}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps(project))
    python = str(Path(sys.executable).parent)
    env = os.environ | {
        "PATH": os.pathsep.join([str(EXECUTABLE.parent), python, os.environ["PATH"]]),
        "ALICERCE_PYTHON": sys.executable,
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_HOME": str(tmp_path / "home"),
    }
    made = Stack(tmp_path, env)
    made.run("stack", "init", "test")
    for key, value in {"kubeconfig": kubeconfig.read_text(), "namespace": namespace}.items():
        made.run("config", "set", key, "--", value)
    made.run("config", "set", "--secret", "password", "hunter2")
    yield made
    made.run("destroy", "--yes", "--skip-preview")


def test_life_of_a_stack(stack: Stack, kubelet: Kubelet, api: Client, namespace: str) -> None:
    kubelet.plays(plays.ready)
    stack.program(SHOP)
    planned = stack.run("preview")
    assert "+ 5 to create" in planned
    stack.up()
    name = json.loads(stack.run("stack", "output", "--json"))["settings"]
    assert api.get(CONFIG_MAP, namespace, name)["data"] == {"color": "blue"}

    # Nothing to do, neither for an update nor after a look at the cluster.
    assert "unchanged" in stack.up("--expect-no-changes")
    stack.run("preview", "--refresh", "--expect-no-changes")

    # The password is nowhere: not in the state, not in what was printed.
    assert "hunter2" not in (planned + json.dumps(stack.resources()))

    # Changed contents make a new ConfigMap, and the Deployment rolls over to it.
    stack.run("config", "set", "color", "red")
    stack.up()
    renamed = json.loads(stack.run("stack", "output", "--json"))["settings"]
    assert renamed != name
    live = api.get(DEPLOYMENT, namespace, "web")
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"][0]["configMapRef"]["name"] == renamed
    names = {c["metadata"]["name"] for c in api.select(CONFIG_MAP, namespace, {})["items"]}
    assert name not in names


def test_drift_is_found_and_mended(
    stack: Stack, kubelet: Kubelet, api: Client, namespace: str
) -> None:
    kubelet.plays(plays.ready)
    stack.program(SHOP)
    stack.up()
    web = api.get(DEPLOYMENT, namespace, "web")
    patch(api, web, {"spec": {"replicas": 3}})
    told = stack.run("preview", "--refresh", "--expect-no-changes", "--diff", fails=True)
    assert "replicas" in told
    # Someone else set the field: taking it back is a conflict until it is asked for.
    stack.up("--refresh", fails=True)
    stack.program(SHOP.replace('{"name": "web"}', '{"name": "web", "annotations": '
                               '{"pulumi.com/patchForce": "true"}}'))  # fmt: skip
    stack.up("--refresh")
    assert api.get(DEPLOYMENT, namespace, "web")["spec"]["replicas"] == 1


def test_failed_rollout_can_be_gone_on_with(stack: Stack, kubelet: Kubelet) -> None:
    kubelet.plays(plays.no_image)
    slow = SHOP.replace("opts=opts, spec={", "spec={").replace(
        'web = k8s.apps.v1.Deployment("web",',
        'web = k8s.apps.v1.Deployment("web", opts=pulumi.ResourceOptions(provider=cluster, '
        'custom_timeouts=pulumi.CustomTimeouts(create="3s")),',
    )
    stack.program(slow)
    told = stack.up(fails=True)
    assert "did not become ready within 3 s" in told
    assert "ImagePullBackOff" in told
    assert stack.resources()["web"]["initErrors"]
    kubelet.plays(plays.ready)
    stack.up()
    assert "initErrors" not in stack.resources()["web"]


def test_import_and_custom_resources_in_yaml(stack: Stack, api: Client, namespace: str) -> None:
    existing = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
    existing["metadata"] = {"name": "existing", "namespace": namespace}
    api.apply(existing, manager="kubectl", force=False, dry_run=False)
    stack.program(
        f"""
k8s.core.v1.ConfigMap("adopted", metadata={{"name": "existing", "namespace": "{namespace}"}},
    data={{"a": "1"}}, opts=pulumi.ResourceOptions(provider=cluster,
                                                   import_="{namespace}/existing"))
k8s.yaml.ConfigGroup("group", opts=opts, yaml=[\"\"\"
apiVersion: v1
kind: ConfigMap
metadata: {{name: from-yaml}}
data: {{b: "2"}}
\"\"\"])
"""
    )
    stack.up()
    assert api.get(CONFIG_MAP, namespace, "from-yaml")["data"] == {"b": "2"}
    assert stack.resources()["adopted"]["id"] == f"{namespace}/existing"
    stack.run("preview", "--refresh", "--expect-no-changes")


def test_plan_for_a_cluster_that_is_not_there_yet(stack: Stack) -> None:
    stack.program(
        """
first = k8s.core.v1.ConfigMap("first", data={"a": "1"}, opts=opts)
later = k8s.Provider("later", kubeconfig=first.metadata.uid)
k8s.core.v1.Namespace("shop", opts=pulumi.ResourceOptions(provider=later))
"""
    )
    assert "+ 5 to create" in stack.run("preview")


def test_interrupt_keeps_what_was_made(
    stack: Stack, kubelet: Kubelet, api: Client, namespace: str
) -> None:
    stack.program(SHOP)
    running = in_background(stack.up, fails=True)
    plays.await_objects(api, plays.Source(plays.POD, namespace), bool)
    # The engine passes an interrupt on as Cancel; ours ends the wait with the state kept.
    _interrupt(stack.folder)
    running.result(timeout=120)
    assert stack.resources()["web"]["initErrors"]
    kubelet.plays(plays.ready)
    stack.up()


def _interrupt(folder: Path) -> None:
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "pulumi" and process.cwd() == str(folder):
            process.send_signal(signal.SIGINT)
