"""A lock is stale only when its holder is known to be gone."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import gethostname

import psutil
import pytest

from ops import locks


def lock_of(backend: Path, pid: int, *, since: datetime | None = None, host: str = "") -> Path:
    """A lock as the engine writes it, with Go's nanoseconds."""
    folder = backend / ".pulumi" / "locks" / "organization" / "alicerce" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{pid}.json"
    stamp = (since or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"
    holder = {"pid": pid, "username": "ana", "hostname": host or gethostname(), "timestamp": stamp}
    path.write_text(json.dumps(holder))
    return path


def started(pid: int) -> datetime:
    """When a process began."""
    return datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)


def test_the_lock_of_a_living_process_is_kept(tmp_path: Path) -> None:
    path = lock_of(tmp_path, os.getpid())
    assert locks.release_stale(tmp_path, "local") == []
    assert path.exists()


def test_the_lock_of_a_killed_process_is_released(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        path = lock_of(tmp_path, process.pid)
        (lock,) = locks.held(tmp_path, "local")
        assert not lock.stale
        process.kill()
    assert [found.pid for found in locks.release_stale(tmp_path, "local")] == [process.pid]
    assert not path.exists()


def test_a_killed_process_that_nobody_buried_is_gone_too(tmp_path: Path) -> None:
    """In a container without an init, nobody ever does."""
    process = subprocess.Popen(["sleep", "60"])
    lock_of(tmp_path, process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    (lock,) = locks.held(tmp_path, "local")
    assert lock.stale
    process.wait()


def test_a_process_that_got_the_number_later_is_another(tmp_path: Path) -> None:
    """The lock is older than the process that has its number now."""
    lock_of(tmp_path, os.getpid(), since=started(os.getpid()) - timedelta(minutes=1))
    (lock,) = locks.held(tmp_path, "local")
    assert lock.stale


def test_a_lock_taken_right_after_the_start_is_its_own(tmp_path: Path) -> None:
    lock_of(tmp_path, os.getpid(), since=started(os.getpid()))
    (lock,) = locks.held(tmp_path, "local")
    assert not lock.stale


def test_the_lock_of_another_machine_is_kept(tmp_path: Path) -> None:
    """Whether its holder lives cannot be seen from here."""
    lock_of(tmp_path, 2**22 + 1, host="elsewhere")
    assert locks.release_stale(tmp_path, "local") == []


def test_the_locks_of_another_stack_are_left_alone(tmp_path: Path) -> None:
    lock_of(tmp_path, 2**22 + 1)
    assert locks.held(tmp_path, "prod") == []
    assert locks.held(tmp_path / "nowhere", "local") == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_half_written_lock_is_the_engines_to_judge(tmp_path: Path, text: str) -> None:
    lock_of(tmp_path, 1).write_text(text)
    assert locks.release_stale(tmp_path, "local") == []


def test_a_lock_says_who_holds_it_and_since_when(tmp_path: Path) -> None:
    lock_of(tmp_path, 4711, since=datetime(2026, 11, 21, 2, 3, 4, tzinfo=UTC), host="vm")
    (lock,) = locks.held(tmp_path, "local")
    assert str(lock) == "ana@vm (pid 4711) since 2026-11-21 02:03:04 UTC"
