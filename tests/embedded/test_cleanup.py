"""What the cleanup may take away, and what it must leave to its owner."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.embedded.machine import Machine
from toolchain.embedded import ClusterError, ClusterSettings, cgroups, cleanup
from toolchain.embedded.baseline import Baseline
from toolchain.embedded.cleanup import own_mounts
from toolchain.embedded.layout import Layout

MOUNTS = """\
20 1 0:1 / / rw - ext4 /dev/vda rw
21 20 0:2 / /srv/state rw - ext4 /dev/vdb rw
22 21 0:3 / /srv/state/volumes/node-1/full rw - ext4 /dev/loop0 rw
23 21 0:4 / /srv/state/nodes/node-2/netns rw - nsfs nsfs rw
24 21 0:5 / /srv/state/nodes/node-1/kubelet/pods/a\\040b rw - tmpfs tmpfs rw
25 21 0:6 / /srv/state/run/shadow/cni rw - ext4 /dev/vdb rw
26 20 0:7 / /srv/state-of-others/nodes/node-1 rw - tmpfs tmpfs rw
"""


def test_only_what_a_cluster_makes_is_unmounted_innermost_first() -> None:
    assert own_mounts(MOUNTS, Layout(Path("/srv/state"))) == [
        "/srv/state/run/shadow/cni",
        "/srv/state/nodes/node-1/kubelet/pods/a b",
        "/srv/state/nodes/node-2/netns",
    ]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A state folder with everything in it that a cluster keeps."""
    made = Layout(tmp_path / "state")
    for folder in (made.etcd, made.volumes, made.secrets, made.logs, made.pki, made.config):
        folder.mkdir(parents=True)
        (folder / "kept").touch()
    for part in ("containerd", "ipam", "netns", "kubelet"):
        (made.nodes / "node-1" / part).mkdir(parents=True)
    (made.cache / "images").mkdir(parents=True)
    made.run.mkdir()
    return made


SETTINGS = ClusterSettings(state=Path("/none/alicerce"))
PICTURE = Baseline(
    sysctls={"net/ipv4/ip_forward": "0"}, tables=["ip kube-proxy"], sets=["KUBE-SRC-1"],
    links=["lo"], made=[],
)  # fmt: skip


def test_what_was_there_before_stays_and_what_was_changed_is_put_back(
    machine: Machine, layout: Layout
) -> None:
    PICTURE.save(layout.baseline)
    machine.tables = {"ip alicerce": "x", "ip kube-proxy": "x"}
    machine.sets = ["KUBE-SRC-1", "KUBE-SRC-2"]
    cleanup.clean(SETTINGS, layout, purge=True)
    assert machine.tables == {"ip kube-proxy": "x"}
    assert machine.sets == ["KUBE-SRC-1"]
    assert (machine.sysctls / "net/ipv4/ip_forward").read_text() == "0"
    assert not layout.baseline.exists()


@pytest.mark.parametrize("made_by_us", [True, False])
def test_only_empty_folders_that_we_made_go(
    machine: Machine, layout: Layout, tmp_path: Path, made_by_us: bool
) -> None:
    empty, used = tmp_path / "empty", tmp_path / "used"
    empty.mkdir()
    (used / "of-others").mkdir(parents=True)
    made = [str(empty), str(used)] if made_by_us else []
    replace(PICTURE, made=made).save(layout.baseline)
    cleanup.clean(SETTINGS, layout, purge=True)
    assert (empty.exists(), used.exists()) == (not made_by_us, True)


@pytest.mark.parametrize("purge", [True, False])
def test_data_goes_only_with_purge_and_what_saves_time_never(
    machine: Machine, layout: Layout, purge: bool
) -> None:
    cleanup.clean(SETTINGS, layout, purge=purge)
    data = (layout.etcd, layout.volumes, layout.secrets, layout.logs, layout.nodes)
    assert [folder.exists() for folder in data] == [not purge] * len(data)
    assert (layout.cache / "images").exists() and (layout.pki / "kept").exists()
    assert not layout.run.exists() and not layout.config.exists()
    left = [path.name for path in layout.nodes.glob("*/*")]
    assert left == ([] if purge else ["kubelet"])


def test_processes_that_do_not_end_stop_the_cleanup_and_are_named(
    machine: Machine, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their network and files must not be taken from under them."""
    monkeypatch.setattr(cgroups, "KILL_SECONDS", 0.05)
    with subprocess.Popen(["sleep", "60"]) as process:
        machine.group.mkdir()
        # A plain file: it goes on naming the process after it was ended.
        (machine.group / "cgroup.procs").write_text(f"{process.pid}\n")
        with pytest.raises(ClusterError) as caught:
            cleanup.clean(SETTINGS, layout, purge=True)
    assert process.returncode == -signal.SIGKILL
    (problem,) = caught.value.problems
    assert problem.id == "processes-left"
    assert str(process.pid) in problem.what and "/proc/PID/stack" in problem.fix
    assert machine.changes == []
    assert layout.etcd.exists()
