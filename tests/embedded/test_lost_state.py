"""A cluster whose state folder was deleted is found by its mark, and cleared by ``down``."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from tests.embedded.machine import SAYS_NOTHING, Machine
from toolchain.embedded import Cluster, ClusterSettings, baseline, cleanup, firewall, host
from toolchain.embedded.layout import Layout
from toolchain.embedded.network import TABLE
from toolchain.embedded.settings import Networks

MARK = f"ip {TABLE}"
NODE = f"{Networks().node}/32"
LOST = Path("/none/alicerce")  # deleted: whatever was kept there is gone
RULE = "ip saddr 192.0.2.1 drop"
SAVED = """\
*filter
:INPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:KUBE-ROUTER-INPUT - [0:0]
-A INPUT -j KUBE-ROUTER-INPUT
-A INPUT -j DOCKER-USER
COMMIT
"""


@pytest.fixture
def crowded(machine: Machine) -> Machine:
    """A machine with a cluster on it, and with somebody else's things beside it."""
    machine.tables = {
        MARK: "masquerade",
        "ip kube-proxy": "jump services",
        "ip nat": SAYS_NOTHING,
        "ip filter": RULE,
        "inet theirs": RULE,
    }
    machine.iptables = SAVED
    machine.sets = ["KUBE-DST-AB", "kube-router-local-ips", "blocklist"]
    machine.links = ["lo", "eth0", "alc-n2", "docker0"]
    machine.addresses = ["127.0.0.1/8", NODE, "192.0.2.7/32"]
    return machine


def down(tmp_path: Path) -> list[str]:
    """``Cluster.down`` as `alicerce down` calls it; what it reported."""
    said: list[str] = []
    settings = ClusterSettings(state=LOST, lock=tmp_path / "lock", checkout=tmp_path)
    Cluster(settings).down(said.append)
    return said


def test_down_takes_all_of_ours_and_nothing_of_anyone_elses(
    crowded: Machine, tmp_path: Path
) -> None:
    assert down(tmp_path) == ["the cluster is down"]
    assert crowded.tables == {"ip filter": RULE, "inet theirs": RULE}
    assert crowded.sets == ["blocklist"]
    assert crowded.links == ["lo", "eth0", "docker0"]
    assert crowded.addresses == ["127.0.0.1/8", "192.0.2.7/32"]
    restored = [change for change in crowded.changes if change.startswith("*filter")]
    assert ["DOCKER" in text for text in restored] == [False]
    assert "-X KUBE-ROUTER-INPUT" in restored[0]


def test_tracked_connections_of_the_cluster_are_forgotten(crowded: Machine, tmp_path: Path) -> None:
    down(tmp_path)
    networks = Networks()
    for gone in (networks.pods, networks.services, networks.node):
        assert f"conntrack -D --orig-src {gone}" in crowded.changes


def test_kernel_settings_stay_when_nobody_knows_what_they_were(
    crowded: Machine, tmp_path: Path
) -> None:
    down(tmp_path)
    assert (crowded.sysctls / "net/ipv4/ip_forward").read_text() == "1\n"


def test_a_second_down_changes_nothing(crowded: Machine, tmp_path: Path) -> None:
    down(tmp_path)
    before = deepcopy(crowded)
    down(tmp_path)
    assert crowded == before


def test_the_next_up_sees_what_was_left(crowded: Machine, tmp_path: Path) -> None:
    assert cleanup.leftovers(Layout(LOST))
    down(tmp_path)
    assert not cleanup.leftovers(Layout(LOST))


def test_anothers_kube_proxy_is_no_mark(machine: Machine, tmp_path: Path) -> None:
    """A kubeadm node has such tables, chains and sets too."""
    machine.tables = {"ip kube-proxy": "jump services", "ip nat": SAYS_NOTHING}
    machine.iptables, machine.sets = SAVED, ["KUBE-DST-AB"]
    before = deepcopy(machine)
    assert (firewall.marked(), firewall.assumed()) == (False, None)
    assert not cleanup.leftovers(Layout(LOST))
    down(tmp_path)
    assert machine == before


def test_with_the_mark_only_the_links_of_now_are_assumed(crowded: Machine) -> None:
    """An assumed sysctl or directory would be restored without having been seen."""
    assumed = firewall.assumed()
    assert assumed is not None
    assert assumed.links == crowded.links
    assert (assumed.sysctls, assumed.tables, assumed.sets, assumed.made) == ({}, [], [], [])


def test_a_bare_machine_has_nothing_to_take_down(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program of a cluster was ever installed: none can be run."""

    def none(*_: object, **__: object) -> str:
        raise AssertionError("no program is there to be run")

    monkeypatch.setattr(host, "program", lambda name: None)
    for module in (baseline, cleanup, firewall):
        monkeypatch.setattr(module, "run", none)
    assert down(tmp_path) == ["the cluster is down"]
