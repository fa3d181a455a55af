"""What the doctor's tests share, and the problems that its code can find."""

from __future__ import annotations

import ast
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.doctor import ground
from ops.doctor.problems import Problem
from ops.paths import ROOT
from toolchain.embedded import preflight

Test = Callable[..., None]
# What `Cluster` and its helper programs refuse, and ``ground`` passes on.
FROM_THE_CLUSTER = {"state-path", "command-failed"}


def provokes(*ids: str) -> Callable[[Test], Test]:
    """Says which problems a test provokes; ``provoked`` reads it."""
    return lambda test: test


def provoked() -> set[str]:
    """The ids that any test of this folder provokes."""
    calls = [
        call for path in Path(__file__).parent.glob("test_doctor_*.py")
        for call in calls_of("provokes", path)
    ]  # fmt: skip
    return {constant(argument) for call in calls for argument in call.args}


def known() -> dict[str, bool]:
    """Every id that the doctor can say, and whether `up` mends the problem itself."""
    own = problems_in(*sorted((ROOT / "ops" / "doctor").glob("*.py")))
    passed_on = problems_in(Path(preflight.__file__)).keys() - ground.SAID_ELSEWHERE
    return own | dict.fromkeys(passed_on | FROM_THE_CLUSTER, False)


def problems_in(*files: Path) -> dict[str, bool]:
    """The ids that these files say, which must stand there as plain words."""
    found = {}
    for path in files:
        for call in calls_of("Problem", path):
            if (path.name, ast.unparse(call.args[0])) == ("ground.py", "found.id"):
                continue  # passed on: it stands where it comes from
            named = [word.value for word in call.keywords if word.arg == "mended_by_up"]
            marks = [ast.unparse(mark) for mark in [*named, *call.args[3:4]]]
            found[constant(call.args[0])] = "True" in marks
    return found


def calls_of(name: str, path: Path) -> Iterator[ast.Call]:
    """The calls of this name in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node


def constant(node: ast.expr) -> str:
    """The plain word that the node must be."""
    assert isinstance(node, ast.Constant), ast.unparse(node)
    return str(node.value)


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


def program(folder: Path, name: str, script: str) -> None:
    """An executable of this line of shell."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
