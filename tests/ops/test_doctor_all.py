"""All checks of the doctor together, and that each problem is provoked by some test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import stack
from ops.doctor import reach
from ops.doctor.problems import Problem
from ops.doctor.run import checks, run_all
from tests.ops.doctoring import ids, known, provoked, provokes


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


def test_every_problem_is_provoked_by_a_test() -> None:
    assert len(known()) > 20
    assert known().keys() == provoked()
