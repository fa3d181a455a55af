"""The provider itself: handshake, configuration, clusters that aren't there, functions."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.stubs import provider_pb2
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj, from_struct, to_struct

from . import manifests as m
from .harness import CallError, Plugin, fresh

PROVIDER = "urn:pulumi:stack::project::pulumi:providers:kubernetes::prov"
CHANGES = provider_pb2.DiffResponse.DiffChanges


def test_greeting(kubeconfig: Path) -> None:
    with Plugin(None) as plugin:
        hand = plugin.call("Handshake", provider_pb2.ProviderHandshakeRequest(engine_address=""))
        assert hand.accept_secrets and hand.supports_autonaming_configuration
        assert plugin.call("GetPluginInfo", empty_pb2.Empty()).version == "4.34.2"
        schema = plugin.call("GetSchema", provider_pb2.GetSchemaRequest()).schema
        assert yaml.safe_load(schema)["name"] == "kubernetes"
        configured = plugin.configure(kubeconfig=str(kubeconfig))
        assert configured.acceptSecrets and configured.supportsPreview


def test_kubeconfig_as_contents_path_and_environment(
    kubeconfig: Path, api: Client, namespace: str
) -> None:
    for number, source in enumerate((kubeconfig.read_text(), str(kubeconfig))):
        with Plugin(source) as plugin:
            plugin.create(m.config_map(namespace, f"c{number}"))
    with Plugin(None, env={"KUBECONFIG": str(kubeconfig)}) as plugin:
        plugin.configure()
        plugin.create(m.config_map(namespace, "c2"))
    assert len(api.select(Kind("", "v1", "ConfigMap"), namespace, {})["items"]) >= 3


def test_default_namespace(kubeconfig: Path, namespace: str) -> None:
    with Plugin(kubeconfig, namespace=namespace) as plugin:
        obj = m.named("ConfigMap", "v1", "c", data={"a": "1"})
        assert plugin.create(obj).id == f"{namespace}/c"
        scoped = m.named("PriorityClass", "scheduling.k8s.io/v1", fresh("p"), value=1)
        made = plugin.create(scoped)
        assert made.id == scoped["metadata"]["name"]
        plugin.delete(made)


def check_config(plugin: Plugin, news: Obj) -> dict[str, str]:
    request = provider_pb2.CheckRequest(urn=PROVIDER, news=to_struct(news))
    return {f.property: f.reason for f in plugin.call("CheckConfig", request).failures}


def test_check_config() -> None:
    with Plugin(None) as plugin:
        assert check_config(plugin, {"kubeconfig": UNKNOWN, "context": UNKNOWN}) == {}
        missing = check_config(plugin, {"kubeconfig": "/no/such/file"})
        assert "neither the path of a file" in missing["kubeconfig"]
        rendering = check_config(plugin, {"renderYamlToDirectory": "out"})
        assert "official plugin" in rendering["renderYamlToDirectory"]
        assert check_config(plugin, {"enableServerSideApply": False})


def diff_config(plugin: Plugin, olds: Obj, news: Obj) -> provider_pb2.DiffResponse:
    return plugin.call(
        "DiffConfig",
        provider_pb2.DiffRequest(urn=PROVIDER, olds=to_struct(olds), news=to_struct(news)),
    )


def test_diff_config(kubeconfig: Path) -> None:
    text = kubeconfig.read_text()
    other = yaml.safe_load(text)
    other["clusters"][0]["cluster"]["server"] = "https://192.0.2.1:6443"
    renamed = {**yaml.safe_load(text), "preferences": {"colors": True}}
    old = {"kubeconfig": text}
    with Plugin(None) as plugin:
        assert diff_config(plugin, old, old).changes == CHANGES.Value("DIFF_NONE")
        same_cluster = diff_config(plugin, old, {"kubeconfig": yaml.safe_dump(renamed)})
        assert same_cluster.diffs == ["kubeconfig"] and not same_cluster.replaces
        moved = {"kubeconfig": yaml.safe_dump(other)}
        assert diff_config(plugin, old, moved).replaces == ["kubeconfig"]
        assert diff_config(plugin, old, {"kubeconfig": UNKNOWN}).replaces == ["kubeconfig"]
        named = {"clusterIdentifier": "a"}
        assert not diff_config(plugin, old | named, moved | named).replaces
        answer = diff_config(plugin, old | named, old | {"clusterIdentifier": "b"})
        assert answer.replaces == ["clusterIdentifier"]


def test_unknown_kubeconfig_still_plans() -> None:
    """The cluster is made in the same run: nothing may be contacted, everything be planned."""
    with Plugin(None) as plugin:
        plugin.configure(kubeconfig=UNKNOWN)
        planned = plugin.create(m.deployment("shop", "web"), preview=True)
        assert planned.inputs["metadata"]["namespace"] == "shop"
        assert planned.state == planned.inputs
        unplaced = plugin.create(m.named("ConfigMap", "v1", "c"), preview=True)
        assert unplaced.inputs["metadata"]["namespace"] == "default"


def unreachable(**config: object) -> Plugin:
    # A port that nothing listens on: it was free a moment ago, and is taken by nobody since.
    kubeconfig = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "gone", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "gone",
    }
    return Plugin(yaml.safe_dump(kubeconfig), **config)


def test_unreachable_cluster_is_one_clear_error() -> None:
    with unreachable() as plugin:
        with pytest.raises(CallError) as error:
            plugin.create(m.config_map("default", "c"))
        for words in ("http://127.0.0.1:1", "refused", "'gone'", "kubeconfig"):
            assert words in str(error.value)
        planned = plugin.create(m.config_map("default", "c"), preview=True)
        assert planned.state == planned.inputs


def test_unreachable_cluster_options(plugin: Plugin, namespace: str) -> None:
    made = plugin.create(m.config_map(namespace, "c"))
    with unreachable() as gone:
        for operation in (gone.read, gone.delete):
            with pytest.raises(CallError, match="PULUMI_K8S_DELETE_UNREACHABLE"):
                operation(made)
    with unreachable(deleteUnreachable=True) as gone:
        assert gone.read(made) is None
        gone.delete(made)
    with unreachable(env={"PULUMI_K8S_DELETE_UNREACHABLE": "true"}) as gone:
        assert gone.read(made) is None
    with unreachable(skipUpdateUnreachable=True) as gone:
        kept = gone.read(made)
        assert kept is not None and kept.state == made.state
        assert (
            gone.checked(made.urn, m.config_map(namespace, "c", b="2"), made.inputs) == made.inputs
        )


def test_rights_that_lack_are_told(kubeconfig: Path, api: Client, namespace: str) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    account = m.named("ServiceAccount", "v1", "limited", namespace)
    api.create(account, manager="tests", dry_run=False)
    resource = api.resource(Kind("", "v1", "ServiceAccount"))
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"{resource.path(namespace, 'limited')}/token"
    token = api.transport.request("POST", path, operation="asking for a token", body=asked)
    config["users"][0]["user"] = {"token": token["status"]["token"]}
    with Plugin(yaml.safe_dump(config)) as plugin:
        with pytest.raises(CallError) as error:
            plugin.create(m.config_map(namespace, "c"))
        for words in ("creating ConfigMap", f"{namespace}/c", "403 Forbidden", "Role"):
            assert words in str(error.value)
        # A preview that may not ask for a dry run does without.
        planned = plugin.create(m.config_map(namespace, "c"), preview=True)
        assert planned.state == planned.inputs


def invoke(plugin: Plugin, token: str, args: Obj) -> Obj:
    request = provider_pb2.InvokeRequest(tok=token, args=to_struct(args))
    answer = plugin.call("Invoke", request)
    return from_struct(getattr(answer, "return"))


def test_yaml_decode(plugin: Plugin) -> None:
    text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {date: 2026-01-01, 80: "port", yes: "no"}
---
# nothing but a comment
---
apiVersion: v1
kind: Namespace
metadata: {name: b}
"""
    found = invoke(plugin, "kubernetes:yaml:decode", {"text": text, "defaultNamespace": "shop"})
    config_map, namespace = found["result"]
    assert config_map["metadata"] == {"name": "a", "namespace": "shop"}
    assert config_map["data"] == {"date": "2026-01-01", "80": "port", "true": "no"}
    assert namespace["metadata"] == {"name": "b"}


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("kubernetes:helm:template", "helm template"),
        ("kubernetes:kustomize:directory", "kustomize build"),
        ("kubernetes:no:such", "no such function"),
    ],
)
def test_functions_not_served_say_what_to_do(plugin: Plugin, token: str, words: str) -> None:
    with pytest.raises(CallError, match=words):
        invoke(plugin, token, {})


def test_yaml_errors_are_told(plugin: Plugin) -> None:
    with pytest.raises(CallError, match="not valid YAML"):
        invoke(plugin, "kubernetes:yaml:decode", {"text": "a: [1"})


def test_components_are_refused(plugin: Plugin) -> None:
    request = provider_pb2.ConstructRequest(type="kubernetes:yaml/v2:ConfigGroup")
    with pytest.raises(grpc.RpcError) as error:
        plugin.stub.Construct(request)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "ConfigFile" in error.value.details()


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("kubernetes:apps/v1:DeploymentPatch", "Patch"),
        ("kubernetes:core/v1:ConfigMapList", "list resources"),
        ("kubernetes:helm.sh/v3:Release", "Helm"),
    ],
)
def test_types_not_served_are_refused(plugin: Plugin, token: str, words: str) -> None:
    with pytest.raises(CallError, match=words):
        plugin.check(f"urn:pulumi:s::p::{token}::x", {"metadata": {"name": "a"}})
