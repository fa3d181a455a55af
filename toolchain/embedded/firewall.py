"""Taking our firewall entries away: ours are told by their names, never by order."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from toolchain.embedded import baseline, host
from toolchain.embedded.commands import run
from toolchain.embedded.network import TABLE
from toolchain.embedded.settings import Networks

OWN_TABLES = (f"ip {TABLE}", "ip kube-proxy", "ip6 kube-proxy")
# kube-router, kubelet and the portmap plugin name their chains and sets so.
OWN_CHAINS = re.compile(r"^(KUBE-|CNI-|CNI_)")
OWN_SETS = re.compile(r"^(inet6:)?(KUBE-|kube-router-)")
BUILT_IN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
}


def marked() -> bool:
    """Whether a cluster's own table is there: the mark of one that was not taken down.

    A bare machine has no `nft` yet, and so no table that we made.
    """
    return host.program("nft") is not None and OWN_TABLES[0] in baseline.tables()


def assumed() -> baseline.Baseline | None:
    """What to restore when a cluster's picture of the machine was lost with its state.

    None without our mark. With it, every table and set of our names is taken for ours.
    """
    if not marked():
        return None
    return baseline.Baseline(sysctls={}, tables=[], sets=[], links=baseline.links(), made=[])


def clean(before: baseline.Baseline) -> None:
    """Remove the tables, chains, rules and sets that the cluster added to this host."""
    for table in baseline.tables():
        if table in OWN_TABLES and table not in before.tables:
            run(["nft", "delete", "table", *table.split()])
    for save, restore in (("iptables-save", "iptables-restore"),
                          ("ip6tables-save", "ip6tables-restore")):  # fmt: skip
        _clean_chains(save, restore)
    _drop_empty_tables(before)
    for name in baseline.ipsets():
        if OWN_SETS.match(name) and name not in before.sets:
            run(["ipset", "destroy", name])


def clean_connections(networks: Networks) -> None:
    """Forget tracked connections of addresses that no longer exist."""
    for network in (networks.pods, networks.links, networks.services, networks.node):
        for side in ("--orig-src", "--orig-dst", "--reply-src"):
            # Exit 1 says that there were none.
            run(["conntrack", "-D", side, str(network)], check=False)


def _clean_chains(save: str, restore: str) -> None:
    removal = removals(run([save], check=False).splitlines())
    if removal:
        run([restore, "--noflush"], stdin="\n".join([*removal, ""]))


def removals(saved: Sequence[str]) -> list[str]:
    """What to feed to iptables-restore so that our chains and the jumps to them go.

    ``saved`` is the output of iptables-save. Other people's rules are left in place.
    """
    result: list[str] = []
    table: list[str] = []
    chains: list[str] = []
    for line in saved:
        if line.startswith("*"):
            table, chains = [line], []
        elif line.startswith(":") and OWN_CHAINS.match(line[1:]):
            chains.append(line[1:].split()[0])
        elif line.startswith("-A ") and _is_jump_to_ours(line):
            table.append("-D" + line.removeprefix("-A"))
        elif line == "COMMIT" and table:
            flush = [f"-F {chain}" for chain in chains]
            delete = [f"-X {chain}" for chain in chains]
            if len(table) > 1 or chains:
                result += [table[0], *flush, *table[1:], *delete, "COMMIT"]
            table = []
    return result


def _is_jump_to_ours(rule: str) -> bool:
    words = rule.split()
    if OWN_CHAINS.match(words[1]):
        # The rule goes when its chain is flushed.
        return False
    targets = [after for word, after in itertools.pairwise(words) if word in ("-j", "-g")]
    sets = [after for word, after in itertools.pairwise(words) if word == "--match-set"]
    return any(OWN_CHAINS.match(name) for name in targets) or any(
        OWN_SETS.match(name) for name in sets
    )


def _drop_empty_tables(before: baseline.Baseline) -> None:
    """iptables makes its tables on first use: an empty one that was not there goes."""
    for table in baseline.tables():
        family, name = table.split()
        if family not in ("ip", "ip6") or name not in BUILT_IN or table in before.tables:
            continue
        listing = run(["nft", "list", "table", family, name])
        if not _has_rules(listing, BUILT_IN[name]):
            run(["nft", "delete", "table", family, name])


def _has_rules(listing: str, built_in: Sequence[str]) -> bool:
    for line in (raw.strip() for raw in listing.splitlines()):
        if line in ("", "}") or line.startswith(("table ", "#")):
            continue
        if line.startswith("chain ") and line.split()[1] in built_in:
            continue
        if line.startswith("type ") and line.endswith("policy accept;"):
            continue
        return True
    return False
