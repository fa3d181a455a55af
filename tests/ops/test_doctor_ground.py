"""The doctor on the ground of the embedded cluster: every problem is provoked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import fields
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ops.doctor import ground
from tests.ops.doctoring import ids, listening, program, provokes
from toolchain.embedded import ClusterSettings, Networks, Ports, cgroups, cleanup, host, preflight
from toolchain.embedded.lock import MachineLock


def ports(api: int = 64000) -> Ports:
    """Ports that nobody else has, but for that of the API server."""
    quiet = {field.name: 64001 + at for at, field in enumerate(fields(Ports))}
    return Ports(**quiet | {"api": api})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ClusterSettings]:
    """Settings of a cluster that isn't there, on a machine where nothing runs."""
    monkeypatch.setattr(cleanup, "leftovers", lambda layout: False)

    def settings(**more: object) -> ClusterSettings:
        quiet = {"ports": ports(), "lock": tmp_path / "lock"}
        return ClusterSettings(state=Path("/run/alicerce-doctor"), **(quiet | more))  # type: ignore[arg-type]

    return settings


@provokes("port-taken")
def test_a_port_of_the_control_plane_is_asked_for_too(
    site: Callable[..., ClusterSettings],
) -> None:
    with listening("0.0.0.0") as port:
        settings = site(ports=ports(port))
        assert ids(ground.check_ground(settings)).count("port-taken") == 1
    assert "port-taken" not in ids(ground.check_ground(settings))


@provokes("address-taken", "route-taken")
def test_an_address_and_a_route_in_the_way_are_seen(site: Callable[..., ClusterSettings]) -> None:
    routes = subprocess.run(
        ["ip", "-4", "route", "show", "scope", "link"], capture_output=True, text=True, check=True
    )
    lines = [
        line.split()[0] for line in routes.stdout.splitlines() if cleanup.OWN_LINKS not in line
    ]
    taken = IPv4Network(lines[0])
    wide = taken.supernet(new_prefix=16) if taken.prefixlen > 16 else taken
    found = ids(ground.check_ground(site(networks=Networks(services=wide))))
    assert {"address-taken", "route-taken"} <= set(found)


@provokes("kernel-feature")
def test_a_missing_kernel_feature_is_seen(
    site: Callable[..., ClusterSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "kernel-feature" not in ids(ground.check_ground(site()))
    monkeypatch.setattr(preflight, "FILESYSTEMS", ("overlay", "no-such-file-system"))
    assert "kernel-feature" in ids(ground.check_ground(site()))


@provokes("state-path")
def test_a_state_folder_too_deep_for_sockets_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICERCE_STATE", "/very" * 20)
    assert ids(ground.check_ground()) == ["state-path"]


@provokes("cluster-of-another-checkout")
def test_the_cluster_of_another_checkout_is_named(site: Callable[..., ClusterSettings]) -> None:
    settings = site()
    MachineLock(settings.lock, Path("/another/checkout"), Path("/another/state")).own(os.getpid())
    (problem,) = ground.check_ground(settings)
    assert problem.id == "cluster-of-another-checkout"
    assert "make down` in /another/checkout" in problem.fix


def test_our_own_running_cluster_is_no_problem(site: Callable[..., ClusterSettings]) -> None:
    with listening("0.0.0.0") as port:
        settings = site(ports=ports(port))
        MachineLock(settings.lock, settings.checkout, settings.state).own(os.getpid())
        assert ids(ground.check_ground(settings)) == []


@provokes("command-failed")
def test_a_helper_program_that_fails_is_named(
    site: Callable[..., ClusterSettings], bare: Path
) -> None:
    program(bare, "ip", "echo no such device >&2; exit 1")
    (problem,) = ground.check_ground(site())
    assert problem.id == "command-failed"
    assert "ip -o -4 address show" in problem.reason
    assert "no such device" in problem.reason


def test_a_machine_without_network_programs_has_no_failing_command(
    site: Callable[..., ClusterSettings], bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`up` installs them: a failing command would be an obstacle to that."""
    monkeypatch.setattr(host, "SEARCH_PATH", str(bare))
    assert ids(ground.check_ground(site())) == []


def test_without_root_nothing_is_asked_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`not-root` is the one thing to mend, not what fails because of it."""
    monkeypatch.setattr(cgroups, "members", set)
    settings = ClusterSettings(state=Path("/run/alicerce-doctor"), lock=Path("/run/no-lock"))
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        os._exit(0 if ids(ground.check_ground(settings)) == [] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
