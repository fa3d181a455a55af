"""The doctor on the machine itself: every problem is provoked, for real where that is possible."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.doctor import machine
from tests.ops.doctoring import ids, listening, program, provokes


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system with these options."""
    folders: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"mount-{len(folders)}"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder], check=True)


@provokes("not-root")
def test_without_root_it_says_so() -> None:
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        os._exit(0 if ids(machine.check_root()) == ["not-root"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ids(machine.check_root()) == []


@provokes("python-too-old")
def test_an_old_python_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ids(machine.check_python()) == []
    monkeypatch.setattr(machine, "MIN_PYTHON", (99, 0))
    assert ids(machine.check_python()) == ["python-too-old"]


@provokes("not-debian")
def test_a_machine_without_dpkg_is_seen(bare: Path) -> None:
    assert ids(machine.check_packages()) == ["not-debian"]


@provokes("debian-packages-missing")
def test_missing_packages_are_all_named(bare: Path) -> None:
    program(bare, "dpkg-query", "echo 'runc ii '; echo 'containerd rc '")
    (problem,) = machine.check_packages()
    assert problem.id == "debian-packages-missing"
    assert " containerd" in problem.fix
    assert "runc" not in problem.fix
    assert problem.mended_by_up


@provokes("disk-low")
@pytest.mark.parametrize("variable", ["ALICERCE_CACHE", "ALICERCE_STATE"])
def test_a_small_disk_is_seen(
    variable: str, mounted: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(mounted("size=1m") / "not" / "there" / "yet"))
    found = [problem for problem in machine.check_disk() if problem.id == "disk-low"]
    assert any(variable in problem.fix for problem in found)


@provokes("folder-not-writable")
def test_a_folder_that_cannot_be_written_is_seen(
    mounted: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALICERCE_CACHE", str(mounted("ro")))
    (tmp_path / "file").touch()
    monkeypatch.setenv("ALICERCE_STATE", str(tmp_path / "file" / "state"))
    assert ids(machine.check_disk()) == ["folder-not-writable"] * 2


@provokes("memory-low")
def test_a_small_machine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MIN_MEMORY_BYTES", 2**60)
    assert ids(machine.check_memory()) == ["memory-low"]


@provokes("port-taken")
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_names_its_holder(address: str) -> None:
    with listening(address) as port:
        (problem,) = machine.check_ports([port])
    assert problem.id == "port-taken"
    assert f"pid {os.getpid()}" in problem.reason
    assert ids(machine.check_ports([port])) == []
