"""Which firewall entries are ours: everything of ours goes, nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain.embedded import firewall, host
from toolchain.embedded.baseline import Baseline
from toolchain.embedded.firewall import OWN_SETS, _has_rules, removals

SAVED = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-POD-FW-ABC - [0:0]
-A INPUT -m comment --comment "kube-router netpol - XYZ" -j KUBE-ROUTER-INPUT
-A INPUT -s 192.0.2.7/32 -j DROP
-A FORWARD -j DOCKER-USER
-A FORWARD -m set --match-set kube-router-local-pods dst -j ACCEPT
-A KUBE-ROUTER-INPUT -d 10.96.0.0/16 -j RETURN
-A KUBE-ROUTER-INPUT -j KUBE-POD-FW-ABC
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A PREROUTING -p tcp -j DNAT --to-destination 192.0.2.9
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j MARK --set-xmark 0x1/0x1
COMMIT
""".splitlines()


def test_our_chains_and_the_jumps_to_them_go() -> None:
    assert removals(SAVED) == [
        "*filter",
        "-F KUBE-ROUTER-INPUT",
        "-F KUBE-POD-FW-ABC",
        '-D INPUT -m comment --comment "kube-router netpol - XYZ" -j KUBE-ROUTER-INPUT',
        "-D FORWARD -m set --match-set kube-router-local-pods dst -j ACCEPT",
        "-X KUBE-ROUTER-INPUT",
        "-X KUBE-POD-FW-ABC",
        "COMMIT",
        "*nat",
        "-F CNI-HOSTPORT-DNAT",
        "-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        "-X CNI-HOSTPORT-DNAT",
        "COMMIT",
    ]


def test_other_peoples_rules_are_never_named() -> None:
    text = "\n".join(removals(SAVED))
    for foreign in ("192.0.2", "DOCKER", "--set-xmark", "-P "):
        assert foreign not in text


def test_a_clean_machine_needs_nothing() -> None:
    assert removals(["*filter", ":INPUT ACCEPT [0:0]", "COMMIT"]) == []
    assert removals([]) == []


@pytest.mark.parametrize(
    ("listing", "rules"),
    [
        ("table ip nat {\n\tchain PREROUTING {\n\t\ttype nat hook prerouting priority dstnat; "
         "policy accept;\n\t}\n}", False),
        ("table ip nat {\n\tchain PREROUTING {\n\t\ttype nat hook prerouting priority dstnat; "
         "policy drop;\n\t}\n}", True),
        ("table ip nat {\n\tchain MINE {\n\t}\n}", True),
        ("table ip nat {\n\tchain PREROUTING {\n\t\ttype nat hook prerouting priority dstnat; "
         "policy accept;\n\t\tip saddr 192.0.2.1 drop\n\t}\n}", True),
    ],
)  # fmt: skip
def test_only_a_table_that_says_nothing_is_empty(listing: str, rules: bool) -> None:
    assert _has_rules(listing, ("PREROUTING",)) is rules


@pytest.mark.parametrize(
    ("name", "ours"),
    [("KUBE-DST-AB", True), ("kube-router-local-ips", True), ("inet6:KUBE-SRC-X", True),
     ("blocklist", False), ("mykube-router-x", False)],
)  # fmt: skip
def test_sets_are_told_by_name(name: str, ours: bool) -> None:
    assert bool(OWN_SETS.match(name)) is ours


def test_a_damaged_picture_of_the_machine_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert Baseline.load(path) is None
    for content in ("", "{", "{}", "[]"):
        path.write_text(content)
        assert Baseline.load(path) is None
    kept = Baseline({"net/ipv4/ip_forward": "0"}, ["ip nat"], [], ["lo"], ["/run/x"])
    kept.save(path)
    assert Baseline.load(path) == kept


def test_a_bare_machine_without_the_firewall_program_has_no_mark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(host, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not firewall.marked()
