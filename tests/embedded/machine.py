"""A machine made of words: it answers the helper programs, and changes as they tell it to.

The real ones would take the network of whoever runs the tests away, so the cleanup's
runner is replaced by this. What it doesn't know, it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from toolchain.embedded import baseline, cgroups, cleanup, firewall, host

LISTING = "table {} {{\n\tchain INPUT {{\n\t\t{}\n\t}}\n}}\n"
SAYS_NOTHING = "type filter hook input priority filter; policy accept;"


@dataclass
class Machine:
    """Firewall tables with their rules, iptables' own words, sets, links and addresses."""

    root: Path
    tables: dict[str, str] = field(default_factory=dict)
    iptables: str = ""
    sets: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=lambda: ["lo", "eth0"])
    addresses: list[str] = field(default_factory=lambda: ["127.0.0.1/8"])
    changes: list[str] = field(default_factory=list)

    def run(self, command: Sequence[str], *, stdin: str | None = None, check: bool = True) -> str:
        """In place of ``commands.run``."""
        words = list(command)
        if (answer := self._asked(words)) is not None:
            return answer
        self._changed(words)
        self.changes.append(" ".join(words) if stdin is None else stdin)
        return ""

    def _asked(self, words: list[str]) -> str | None:
        questions: dict[str, Callable[[], str]] = {
            "nft list tables": lambda: "".join(f"table {name}\n" for name in self.tables),
            "iptables-save": lambda: self.iptables,
            "ip6tables-save": lambda: "",
            "ipset list -n": lambda: "\n".join(self.sets),
            "ip -j link show": lambda: json.dumps([{"ifname": name} for name in self.links]),
            "ip -o address show dev lo": lambda: "".join(
                f"1: lo    inet {address} scope host lo\n" for address in self.addresses
            ),
        }
        if words[:3] == ["nft", "list", "table"]:
            name = " ".join(words[3:])
            return LISTING.format(name, self.tables[name])
        answer = questions.get(" ".join(words))
        return None if answer is None else answer()

    def _changed(self, words: list[str]) -> None:
        match words:
            case ["nft", "delete", "table", *name]:
                del self.tables[" ".join(name)]
            case ["ipset", "destroy", name]:
                self.sets.remove(name)
            case ["ip", "link", "delete", name]:
                self.links.remove(name)
            case ["ip", "address", "delete", address, "dev", "lo"]:
                self.addresses.remove(address)
            case ["iptables-restore", "--noflush"]:
                self.iptables = ""
            case ["conntrack", "-D", *_]:
                pass
            case _:
                raise AssertionError(f"the cleanup runs something new: {' '.join(words)}")

    @property
    def group(self) -> Path:
        """Where a cluster's processes are counted."""
        return self.root / "cgroup" / cgroups.TREE

    @property
    def sysctls(self) -> Path:
        """Its ``/proc/sys``."""
        return self.root / "sys"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine, in place of the one that the test runs on; nothing real is touched."""
    made = Machine(tmp_path / "machine")
    for module in (baseline, cleanup, firewall):
        monkeypatch.setattr(module, "run", made.run)
    mount = made.group.parent
    mount.mkdir(parents=True)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [cgroups.Hierarchy(mount, True)])
    monkeypatch.setattr(baseline, "PROC_SYS", made.sysctls)
    forward = made.sysctls / "net/ipv4/ip_forward"
    forward.parent.mkdir(parents=True)
    forward.write_text("1\n")
    monkeypatch.setattr(host, "program", lambda name: Path("/usr/sbin") / name)
    return made
