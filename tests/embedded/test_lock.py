"""The lock: who holds it, who is dead, and a process id that was given out again."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from toolchain.embedded.errors import LockHeldError
from toolchain.embedded.lock import MachineLock, holder, process_start


@pytest.fixture
def lock(tmp_path: Path) -> MachineLock:
    return MachineLock(tmp_path / "lock", tmp_path / "checkout", tmp_path / "state")


def other(lock: MachineLock) -> MachineLock:
    return MachineLock(lock.path, Path("/elsewhere"), Path("/state-elsewhere"))


def test_a_second_command_is_refused_and_hears_who_is_at_work(lock: MachineLock) -> None:
    with lock.held(), pytest.raises(LockHeldError) as caught, other(lock).held():
        pass
    assert caught.value.ids == ("lock-busy",)
    assert f"process {os.getpid()} of {lock.checkout}" in str(caught.value)


def test_a_free_lock_leaves_no_file(lock: MachineLock) -> None:
    with lock.held():
        assert lock.path.exists()
    assert not lock.path.exists()


def test_a_running_cluster_of_another_checkout_is_refused(lock: MachineLock) -> None:
    with lock.held():
        lock.own(os.getpid())
    with pytest.raises(LockHeldError) as caught, other(lock).held():
        pass
    assert caught.value.ids == ("lock-foreign",)
    assert str(lock.checkout) in caught.value.problems[0].fix
    with lock.held():
        pass
    assert lock.owner() is not None, "our own cluster is no obstacle, and stays ours"


def test_the_same_checkout_with_another_state_directory_is_refused(lock: MachineLock) -> None:
    with lock.held():
        lock.own(os.getpid())
    twin = MachineLock(lock.path, lock.checkout, Path("/state-elsewhere"))
    with pytest.raises(LockHeldError), twin.held():
        pass


def test_a_dead_owner_is_no_obstacle_but_is_remembered(lock: MachineLock) -> None:
    process = subprocess.Popen(["sleep", "60"])
    with lock.held():
        lock.own(process.pid)
    process.kill()
    process.wait()
    with other(lock).held() as taken:
        assert taken.owner() is None
        left = taken.abandoned()
        assert left is not None and left.state == str(lock.state)


def test_a_process_id_given_out_again_does_not_count(lock: MachineLock) -> None:
    with lock.held():
        lock.own(os.getpid())
    content = json.loads(lock.path.read_text())
    content["cluster"]["started"] -= 1
    lock.path.write_text(json.dumps(content))
    assert lock.owner() is None


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen(["true"])
    # Ended but not yet waited for.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_start(process.pid) is None
    process.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cluster": {"pid": 1}}', '{"cluster": null}'])
def test_a_damaged_file_is_taken_over(lock: MachineLock, content: str) -> None:
    lock.path.write_text(content)
    with lock.held():
        assert lock.owner() is None


def test_a_holder_is_one_process_for_good(tmp_path: Path) -> None:
    mine = holder(os.getpid(), tmp_path, tmp_path)
    assert mine.alive()
    assert not replace(mine, started=mine.started + 1).alive()
