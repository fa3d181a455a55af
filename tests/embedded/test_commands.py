"""Helper programs: where they are looked for, and what is said when one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain.embedded import host
from toolchain.embedded.commands import run
from toolchain.embedded.errors import CommandError


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The user's PATH, and the folder of administrators' programs that isn't on it."""
    users, admins = tmp_path / "bin", tmp_path / "sbin"
    for folder in (users, admins):
        folder.mkdir()
    monkeypatch.setenv("PATH", str(users))
    monkeypatch.setattr(host, "SEARCH_PATH", str(admins))
    return users, admins


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_programs_that_su_leaves_out_of_the_path_are_found(folders: tuple[Path, Path]) -> None:
    """As ``host.program`` finds them: else what was seen could not be run."""
    users, admins = folders
    program(admins, "nft", "echo admins")
    assert run(["nft"]) == "admins\n"
    program(users, "nft", "echo users")
    assert run(["nft"]) == "users\n"


@pytest.mark.parametrize(
    ("script", "why"), [("echo no rights >&2; exit 3", "exit 3: no rights"), (None, "No such file")]
)
def test_a_failing_program_says_what_was_run_and_why_it_failed(
    folders: tuple[Path, Path], script: str | None, why: str
) -> None:
    if script is not None:
        program(folders[0], "nft", script)
    with pytest.raises(CommandError) as caught:
        run(["nft", "list", "tables"])
    (problem,) = caught.value.problems
    assert (problem.id, problem.where) == ("command-failed", "nft list tables")
    assert why in problem.why
