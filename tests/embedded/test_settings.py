"""What the settings accept, what they refuse, and what they derive."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from toolchain.embedded import ClusterSettings, Networks, Ports
from toolchain.embedded.errors import SettingsError


def refused(**options: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        ClusterSettings(**options)  # type: ignore[arg-type]
    for problem in caught.value.problems:
        assert problem.what and problem.where and problem.why and problem.fix
    return caught.value.ids


@pytest.mark.parametrize("nodes", [-1, 0, 10, 1000])
def test_a_number_of_nodes_out_of_range_is_refused(nodes: int) -> None:
    assert refused(nodes=nodes) == ("nodes-range",)


@pytest.mark.parametrize("name", ["", "Big", "9lives", "a" * 31, "a b", "a/b"])
def test_a_bad_name_is_refused(name: str) -> None:
    assert refused(name=name) == ("name-invalid",)


@pytest.mark.parametrize("state", [Path("relative"), Path("/" + "long/" * 14)])
def test_a_state_path_that_sockets_cannot_live_under_is_refused(state: Path) -> None:
    assert refused(state=state) == ("state-path",)


def test_the_longest_state_path_still_fits_a_socket() -> None:
    settings = ClusterSettings(state=Path("/" + "a" * 60), nodes=9)
    longest = f"{settings.state}/nodes/node-9/containerd/containerd.sock.ttrpc"
    assert len(longest) <= 107


def test_overlapping_networks_are_refused_pair_by_pair() -> None:
    same = IPv4Network("10.241.0.0/16")
    assert refused(networks=Networks(pods=same)) == ("networks-overlap",)
    inside = Networks(node=IPv4Address("10.96.0.1"))
    assert refused(networks=inside) == ("networks-overlap",)
    small = Networks(pods=IPv4Network("10.250.0.0/24"))
    assert refused(networks=small) == ("network-small",)


def test_ports_must_differ_and_exist() -> None:
    assert refused(ports=Ports(api=2379)) == ("ports-invalid",)
    assert refused(ports=Ports(api=70000)) == ("ports-invalid",)


def test_every_problem_is_told_at_once() -> None:
    assert refused(nodes=0, name="", ports=Ports(api=0)) == (
        "nodes-range", "name-invalid", "ports-invalid",
    )  # fmt: skip


def test_nodes_have_their_own_addresses_ranges_and_zones() -> None:
    members = ClusterSettings(nodes=9).members
    assert len({node.address for node in members}) == 9
    for at, one in enumerate(members):
        assert one.name == f"node-{at + 1}" and len(one.link) <= 15
        assert not [two for two in members[at + 1 :] if one.pods.overlaps(two.pods)]
    assert members[0].on_host and not members[1].on_host
    assert [node.zone for node in members[:4]] == ["zone-a", "zone-b", "zone-c", "zone-a"]


def test_an_unknown_node_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match="node-1, node-2"):
        ClusterSettings(nodes=2).member("node-3")


def test_the_state_directory_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICERCE_STATE", "/srv/cluster")
    assert ClusterSettings().state == Path("/srv/cluster")
    monkeypatch.setenv("ALICERCE_STATE", "")
    assert ClusterSettings().state == Path("/var/lib/alicerce")
