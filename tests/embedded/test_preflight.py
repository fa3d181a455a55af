"""What is refused before anything changes; every id is provoked."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from toolchain.embedded import ClusterSettings, Ports, host, preflight
from toolchain.embedded.errors import PreflightError
from toolchain.embedded.settings import TOOLS

Usage = namedtuple("Usage", "total used free")
Memory = namedtuple("Memory", "available")


@pytest.fixture
def settings(tmp_path: Path) -> ClusterSettings:
    for name in TOOLS:
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    tools = {name: tmp_path / name for name in TOOLS}
    return ClusterSettings(state=Path("/none/alicerce"), tools=tools)


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing wrong, whatever the one the test runs on is like."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "program", lambda name: Path("/bin") / name)
    monkeypatch.setattr(host, "cni_directory", lambda: Path("/cni"))
    monkeypatch.setattr(preflight, "_kernel", lambda: [])
    monkeypatch.setattr(preflight, "run", lambda _command, **_: "")
    monkeypatch.setattr(psutil, "net_connections", lambda _kind: [])
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(64 * 1024**3))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 0, 64 * 1024**3))


def ids(settings: ClusterSettings) -> tuple[str, ...]:
    with pytest.raises(PreflightError) as caught:
        preflight.check(settings)
    for problem in caught.value.problems:
        assert problem.what and problem.where and problem.why and problem.fix
    return caught.value.ids


def test_an_able_machine_passes(settings: ClusterSettings) -> None:
    preflight.check(settings)


def test_no_root(settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert ids(settings) == ("not-root",)


def test_missing_packages_are_named_once_each(
    settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"ctr", "containerd", "runc"}
    monkeypatch.setattr(host, "program", lambda name: None if name in gone else Path("/bin/x"))
    monkeypatch.setattr(host, "cni_directory", lambda: None)
    with pytest.raises(PreflightError) as caught:
        preflight.check(settings)
    fixes = [problem.fix.split()[-1] for problem in caught.value.problems]
    assert fixes == ["containerd", "containernetworking-plugins", "runc"]


def test_missing_tools(settings: ClusterSettings) -> None:
    settings.tools["etcd"].unlink()
    settings.tools["kubelet"].chmod(0o644)
    found = ids(settings)
    # Root may run anything that some bit allows; without one, nobody may.
    assert found == ("tool-missing", "tool-missing")


def test_a_kernel_without_overlay(
    settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(preflight, "FILESYSTEMS", ("no-such-filesystem",))
    problems = list(preflight._kernel())
    assert [problem.id for problem in problems] == ["kernel-feature"]
    assert "no-such-filesystem" in problems[0].what


def test_a_full_disk(settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 1024))
    assert ids(settings) == ("disk-full",)


def test_little_memory(settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(1024**2))
    assert ids(settings) == ("memory-low",)


@pytest.mark.parametrize(
    ("address", "taken"),
    [("0.0.0.0", True), ("10.240.0.1", True), ("127.0.0.1", False), ("192.0.2.1", False)],
)
def test_a_port_counts_as_taken_only_where_we_listen(
    settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch, address: str, taken: bool
) -> None:
    kind = namedtuple("kind", "status laddr pid")
    where = namedtuple("where", "ip port")(address, settings.ports.api)
    one = kind(psutil.CONN_LISTEN, where, os.getpid())
    monkeypatch.setattr(psutil, "net_connections", lambda _kind: [one])
    if not taken:
        preflight.check(settings)
        return
    assert ids(settings) == ("port-taken",)


def test_the_process_that_holds_a_port_is_named(
    settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ours = ClusterSettings(tools=settings.tools, ports=Ports(api=port))
        # A cluster may run here, and then holds the other ports.
        found = list(preflight._ports(ours))
        problems = [one for one in found if one.where.endswith(f":{port}")]
    assert [problem.id for problem in problems] == ["port-taken"]
    assert f"process {os.getpid()}" in problems[0].what


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("2: eth0    inet 192.0.2.2/24 scope global eth0", []),
        ("2: eth0    inet 10.244.9.9/24 scope global eth0", ["address-taken"]),
        ("2: eth0    inet 10.0.0.1/8 scope global eth0", ["address-taken"]),
        ("1: lo    inet 10.240.0.1/32 scope global lo", ["address-taken"]),
    ],
)
def test_taken_addresses(
    settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch, line: str, found: list[str]
) -> None:
    monkeypatch.setattr(preflight, "run", lambda command, **_: line if "address" in command else "")
    assert [problem.id for problem in preflight._addresses(settings)] == found


@pytest.mark.parametrize(
    ("route", "found"),
    [
        ({"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}, []),
        ({"dst": "192.0.2.0/24", "dev": "eth0"}, []),
        ({"dst": "192.0.2.9", "dev": "eth0"}, []),
        ({"dst": "10.244.0.0/16", "gateway": "192.0.2.9", "dev": "eth0"}, ["route-taken"]),
        ({"type": "unreachable", "dst": "10.96.0.0/12"}, ["route-taken"]),
        ({"dst": "10.0.0.0/8", "gateway": "192.0.2.9", "dev": "vpn0"}, ["route-taken"]),
    ],
)
def test_taken_routes(
    settings: ClusterSettings,
    monkeypatch: pytest.MonkeyPatch,
    route: dict[str, str],
    found: list[str],
) -> None:
    said = json.dumps([route])
    monkeypatch.setattr(preflight, "run", lambda command, **_: said if "route" in command else "")
    assert [problem.id for problem in preflight._addresses(settings)] == found
