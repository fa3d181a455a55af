"""The files that programs are started with: what they must and must not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain.embedded import ClusterSettings, addons, node_config, policies
from toolchain.embedded.control_plane import control_plane
from toolchain.embedded.host import Host, has_capability
from toolchain.embedded.layout import Layout
from toolchain.embedded.node_programs import node_programs
from toolchain.embedded.settings import TOOLS

STATE = Path("/state")
HOST = Host(Path("/containerd"), Path("/ctr"), Path("/cni"), can_raise_limits=False)


@pytest.fixture
def settings() -> ClusterSettings:
    tools = {name: Path("/tools") / name for name in TOOLS}
    return ClusterSettings(state=STATE, tools=tools, nodes=3)


def flags(settings: ClusterSettings, name: str) -> dict[str, str]:
    program = next(one for one in control_plane(settings, Layout(STATE)) if one.name == name)
    return dict(word.removeprefix("--").split("=", 1) for word in program.command[1:])


def test_the_audit_log_never_gets_a_body() -> None:
    levels = {rule["level"] for rule in policies.audit_policy()["rules"]}
    assert levels == {"None", "Metadata"}
    assert policies.audit_policy()["rules"][-1] == {"level": "Metadata"}, "the rest is logged"


def test_what_people_do_to_secrets_is_always_logged() -> None:
    for rule in policies.audit_policy()["rules"][:-1]:
        people = not {"users", "userGroups", "nonResourceURLs"} & rule.keys()
        named = {name for part in rule.get("resources", []) for name in part["resources"]}
        assert not people or (named and "secrets" not in named)


def test_the_api_server_is_closed(settings: ClusterSettings) -> None:
    api = flags(settings, "kube-apiserver")
    assert api["anonymous-auth"] == "false"
    assert api["authorization-mode"] == "Node,RBAC"
    assert api["enable-admission-plugins"] == "NodeRestriction"
    assert api["bind-address"] == "10.240.0.1"
    assert api["encryption-provider-config"].startswith(str(STATE))
    assert all("http://" not in value for name, value in api.items())


def test_nothing_listens_on_every_address(settings: ClusterSettings) -> None:
    layout = Layout(STATE)
    text = " ".join(word for program in control_plane(settings, layout) for word in program.command)
    for node in settings.members:
        for program in node_programs(settings, layout, node, HOST):
            text += " ".join(program.command)
        text += str(node_config.kube_proxy(settings, layout, node))
        text += str(node_config.kubelet(settings, layout, node, HOST))
    assert "0.0.0.0" not in text and "[::]" not in text


def test_the_kubelet_asks_the_api_server_about_everyone(settings: ClusterSettings) -> None:
    config = node_config.kubelet(settings, Layout(STATE), settings.members[1], HOST)
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"] == {"mode": "Webhook"}
    assert config["imageGCHighThresholdPercent"] == 100, "a removed image cannot be pulled again"


@pytest.mark.parametrize("able", [True, False])
def test_a_machine_without_the_right_to_raise_limits_is_served(
    settings: ClusterSettings, able: bool
) -> None:
    host = Host(HOST.containerd, HOST.ctr, HOST.cni_bin, can_raise_limits=able)
    layout, node = Layout(STATE), settings.members[0]
    gates = node_config.kubelet(settings, layout, node, host)["featureGates"]
    assert ("KubeletInUserNamespace" in gates) is not able
    assert f"restrict_oom_score_adj = {str(not able).lower()}" in node_config.containerd(
        layout, node, host
    )


def test_nodes_share_nothing_but_the_machine(settings: ClusterSettings) -> None:
    layout = Layout(STATE)
    texts = [node_config.containerd(layout, node, HOST) for node in settings.members]
    assert len(set(texts)) == 3
    for text, node in zip(texts, settings.members, strict=True):
        others = {other.name for other in settings.members} - {node.name}
        assert not [name for name in others if name in text]


@pytest.mark.parametrize(("nodes", "replicas"), [(1, 1), (2, 2), (3, 2)])
def test_names_survive_a_node_where_there_are_several(nodes: int, replicas: int) -> None:
    documents = addons.needed_first(ClusterSettings(state=STATE, nodes=nodes))
    found = next(one for one in documents if one["kind"] == "Deployment")
    assert found["spec"]["replicas"] == replicas


def test_the_storage_class_is_the_default_and_waits_for_the_pod() -> None:
    found = addons.storage_class()
    assert found["metadata"]["name"] == "standard"
    assert found["metadata"]["annotations"] == {
        "storageclass.kubernetes.io/is-default-class": "true"
    }
    assert (found["volumeBindingMode"], found["reclaimPolicy"]) == (
        "WaitForFirstConsumer", "Delete",
    )  # fmt: skip


def test_capabilities_are_read_from_the_kernel(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tx\nCapEff:\t000001fffeffffff\n")
    assert not has_capability(24, status) and has_capability(23, status)
