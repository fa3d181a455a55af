"""Runs all checks side by side and says what they found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from infra.settings.errors import SettingsError
from ops.doctor import ground, machine, reach, toolbox
from ops.doctor.problems import Problem
from ops.stack import platform_of

EXIT_OK = 0
EXIT_PROBLEMS = 1  # 2, wrong usage, is the command line's own
PATIENCE = 4.0  # seconds for all checks together

Check = Callable[[], Iterable[Problem]]


def checks(context: str | None) -> dict[str, Check]:
    """The checks, by name, for the embedded cluster or for one that exists already."""
    everywhere: dict[str, Check] = {
        "stack file": check_stack_file,
        "Python": machine.check_python,
        "disk": machine.check_disk,
        "tools": toolbox.check_tools,
        "registries": reach.check_registries,
    }
    if context is not None:
        return everywhere | {"cluster": partial(reach.check_context, context)}
    return everywhere | {
        "root": machine.check_root,
        "packages": machine.check_packages,
        "memory": machine.check_memory,
        "ports": machine.check_ports,
        "ground": ground.check_ground,
    }


def check_stack_file() -> Iterable[Problem]:
    """What the operator wrote."""
    try:
        platform_of()
    except SettingsError as error:
        for problem in error.problems:
            yield Problem(
                "stack-file-refused",
                f"{problem.file}: {problem.key}: {problem.reason}",
                problem.fix,
            )


def diagnose(context: str | None, patience: float = PATIENCE) -> list[Problem]:
    """Everything that is wrong, in the order of the checks; raises nothing."""
    return run_all(checks(context), patience)


def run_all(wanted: Mapping[str, Check], patience: float) -> list[Problem]:
    """What the checks find. One that hangs (a name server that is silent, a
    disk that is gone) is itself a finding after ``patience`` seconds.
    """
    found: dict[str, Sequence[Problem]] = {}

    def run(name: str, check: Check) -> None:
        try:
            found[name] = list(check())
        except Exception as error:  # whatever it is, the other findings must be shown
            found[name] = [_failed(name, f"{type(error).__name__}: {error}")]

    # Daemons: a hanging one must not keep the command from ending.
    threads = [threading.Thread(target=run, args=item, daemon=True) for item in wanted.items()]
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [
        problem
        for name in wanted
        for problem in found.get(name, [_failed(name, f"no answer in {patience:.0f} s")])
    ]


def _failed(name: str, reason: str) -> Problem:
    return Problem(
        "check-failed",
        f"the check of {name} could not be made: {reason}",
        "mend what it says, if it says so; else report it with the output of `alicerce doctor`",
    )
