"""The cache: an entry is whole or not there, and made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from toolchain.cache import cache_dir, digest, entry, forget_others, locked, produce

SLOW_BUILD = """
import sys
from pathlib import Path
from toolchain.cache import produce

def make(folder):
    (folder / "half").write_text("half")
    print("making", flush=True)
    sys.stdin.readline()
    (folder / "whole").write_text(sys.argv[2])

print(produce(Path(sys.argv[1]), make) / "whole", flush=True)
"""


def build(target: Path, content: str) -> subprocess.Popen[str]:
    """A process that builds ``target`` and waits, half done, for a line on its stdin."""
    return subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD, str(target), content],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line(process: subprocess.Popen[str]) -> str:
    """The next line that the process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@retry(stop=stop_after_delay(20), wait=wait_fixed(0.02), reraise=True)
def waits(process: subprocess.Popen[str]) -> None:
    """Return when the kernel says that the process waits for a lock."""
    waiting = [line for line in Path("/proc/locks").read_text().splitlines() if " -> " in line]
    assert any(str(process.pid) in line.split() for line in waiting)


def test_an_entry_is_made_once(cache: Path) -> None:
    made = []
    target = entry("tools", "x", "key")
    for _ in range(2):
        produce(target, lambda folder: made.append((folder / "x").write_text("x")))
    assert len(made) == 1
    assert (target / "x").read_text() == "x"


def test_a_failed_build_leaves_no_entry_and_can_be_repeated(cache: Path) -> None:
    target = entry("tools", "x", "key")

    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        produce(target, fail)
    assert not target.exists()
    produce(target, lambda folder: None)
    assert list(target.iterdir()) == []


def test_a_killed_build_leaves_no_half_entry(cache: Path) -> None:
    target = entry("tools", "x", "key")
    with build(target, "killed") as process:
        assert line(process) == "making"
        process.send_signal(signal.SIGKILL)
    assert not target.exists()
    produce(target, lambda folder: (folder / "whole").touch())
    assert [file.name for file in target.iterdir()] == ["whole"]


def test_two_builds_at_once_make_one(cache: Path) -> None:
    target = entry("tools", "x", "key")
    with build(target, "first") as first:
        assert line(first) == "making"
        with build(target, "second") as second:
            waits(second)
            first.communicate("go\n")
            # Had it made the entry again, it would have said so first.
            assert line(second) == str(target / "whole")
    assert (target / "whole").read_text() == "first"


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    child = os.fork()
    if child == 0:
        with locked(path):
            os._exit(0)
    os.waitpid(child, 0)
    with locked(path):
        pass


def test_forgetting_keeps_the_entry_in_use_and_the_newest_other(cache: Path) -> None:
    entries = [entry("tools", "x", key) for key in ("used", "old", "newer", "newest")]
    for age, folder in enumerate(entries):
        produce(folder, lambda folder: None)
        os.utime(folder, (age, age))
    forget_others(entries[0])
    kept = {p.name for p in entries[0].parent.iterdir() if not p.name.startswith(".")}
    assert kept == {"used", "newest"}


def test_the_cache_is_where_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALICERCE_CACHE", "/elsewhere")
    assert cache_dir() == Path("/elsewhere")
    monkeypatch.delenv("ALICERCE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "alicerce"


def folder_of(place: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


@pytest.mark.parametrize(
    ("files", "same"),
    [
        ({"a": "1", "b/c": "2"}, True),
        ({"b/c": "2", "a": "1", "__pycache__/a.pyc": "x"}, True),
        ({"a": "1", "b/c": "3"}, False),
        ({"a": "1", "b/d": "2"}, False),
        ({"a": "1"}, False),
        ({"a": "2", "b/c": "1"}, False),
    ],
)
def test_a_digest_is_of_names_and_content(
    tmp_path: Path, files: dict[str, str], same: bool
) -> None:
    first = folder_of(tmp_path / "first", {"a": "1", "b/c": "2"})
    second = folder_of(tmp_path / "second", files)
    assert (digest([first]) == digest([second])) is same


def test_a_digest_keeps_parts_and_their_order_apart() -> None:
    assert len({digest(p) for p in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc"])}) == 4
    assert digest(["a", b"b"]) == digest(["a", "b"])
