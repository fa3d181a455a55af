"""Runs the Pulumi engine on a stack, exactly as an operator would by hand."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import engine, locks
from ops.errors import OpsError
from ops.paths import ROOT, evidence_dir
from ops.salt import without_salt

Report = Callable[[str], None]

LOG_TAIL = 25
LOCKED = "the stack is currently locked by"
PENDING = "pending operations from previous deployment"


@dataclass(frozen=True)
class Program:
    """What the engine runs: the project's folder, and the policies over it."""

    folder: Path
    policies: tuple[Path, ...] = ()


PLATFORM = Program(ROOT, (engine.POLICY_PACK,))


def select(stack: str, program: Program = PLATFORM) -> None:
    """Make the stack in its backend if it isn't there yet."""
    engine.prepare_backend()
    _pulumi(["stack", "select", "--create", stack], stack, program)


def up(stack: str, report: Report, program: Program = PLATFORM) -> dict[str, int]:
    """`pulumi up` with the policies; returns how many resources per operation.

    What exists is previewed first: that something with data would be removed is only known when
    the whole program has run, and then an update has already removed it.

    Raises ``OpsError`` ``deploy-failed`` or ``stack-locked`` (with the holder).
    """
    take_over(stack, report)
    select(stack, program)
    empty = not state(stack, program)["deployment"].get("resources")
    arguments = ["up", "--yes", *(["--skip-preview"] if empty else []), *_policies(program)]
    lines = _stream(arguments, stack, program, report)
    if any(PENDING in line for line in lines):
        _settle(stack, program, report)
    return _changes(lines)


def destroy(stack: str, report: Report, program: Program = PLATFORM) -> None:
    """`pulumi destroy`: everything but what the tier retains."""
    take_over(stack, report)
    _stream(["destroy", "--yes", "--skip-preview"], stack, program, report)


def take_over(stack: str, report: Report) -> None:
    """Release what a killed engine left locked; refuse while a living one works.

    Raises ``OpsError`` ``stack-locked`` (with the holder).
    """
    backend = engine.backend_folder()
    if backend is None:
        return  # only files of this machine say whether their holder lives
    for lock in locks.release_stale(backend, stack):
        report(f"the run of {lock} was killed; going on from where it was")
    for lock in locks.held(backend, stack):
        raise _locked(stack, str(lock), str(lock.path))


def exports(stack: str, program: Program = PLATFORM) -> dict[str, Any]:
    """What the stack tells (``stacks/exports.py``): typed, versioned, without secrets."""
    document = json.loads(_pulumi(["stack", "output", "--json"], stack, program))
    told: dict[str, Any] = document["alicerce"]
    return told


def state(stack: str, program: Program = PLATFORM) -> dict[str, Any]:
    """The engine's state of the stack, secrets encrypted."""
    document: dict[str, Any] = json.loads(_pulumi(["stack", "export"], stack, program))
    return document


def plan(stack: str, save: Path | None = None, program: Program = PLATFORM) -> str:
    """`pulumi preview` with the policies; returns what it printed."""
    arguments = ["preview", *_policies(program), *([f"--save-plan={save}"] if save else [])]
    return "\n".join(_stream(arguments, stack, program, lambda _: None))


def _policies(program: Program) -> list[str]:
    return [word for pack in program.policies for word in ("--policy-pack", str(pack))]


def _settle(stack: str, program: Program, report: Report) -> None:
    """Forget the interrupted creations that this run has finished.

    The engine keeps them, and warns of them, for ever: it can't know that every
    name here is the program's own, so that the same object was found again. What
    the program no longer wants may be left over, and is said each time.
    """
    whole = state(stack, program)
    deployment = whole["deployment"]
    there = {resource["urn"] for resource in deployment.get("resources", ())}
    pending = deployment.get("pending_operations") or []
    lost = [found for found in pending if found["resource"]["urn"] not in there]
    for operation in lost:
        report(
            f"{operation['resource']['urn']} was being made when a run was killed, and is not in"
            " the program any more: look whether it is there, then run"
            " `pulumi refresh --clear-pending-creates`"
        )
    if len(lost) < len(pending):
        deployment["pending_operations"] = lost
        _pulumi(["stack", "import"], stack, program, stdin=json.dumps(whole))


def _pulumi(arguments: Sequence[str], stack: str, program: Program, stdin: str = "") -> str:
    with without_salt(program.folder / f"Pulumi.{stack}.yaml"):
        answer = subprocess.run(
            _command(arguments, stack), cwd=program.folder, env=dict(engine.full_environment()),
            input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if answer.returncode != 0:
        raise _failed(arguments, stack, answer.stderr.splitlines())
    return answer.stdout


def _stream(arguments: Sequence[str], stack: str, program: Program, report: Report) -> list[str]:
    lines: list[str] = []
    with without_salt(program.folder / f"Pulumi.{stack}.yaml"), subprocess.Popen(
        _command(arguments, stack), cwd=program.folder, env=dict(engine.full_environment()),
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if _worth_saying(line):
                    report(" ".join(line.split())[:160])
        except KeyboardInterrupt:
            # The engine got it too, and is writing down how far it came.
            report("ending the engine; interrupt again to end it at once")
            process.communicate()
            raise
    if process.returncode != 0:
        raise _failed(arguments, stack, lines)
    return lines


def _command(arguments: Sequence[str], stack: str) -> list[str]:
    where = [] if stack in arguments else ["--stack", stack]
    return ["pulumi", "--non-interactive", "--color=never", *arguments, *where]


def _worth_saying(line: str) -> bool:
    return bool(re.match(r"\s*(\+|-|~|@|\[|error|warning|Resources)", line))


def _failed(arguments: Sequence[str], stack: str, lines: list[str]) -> OpsError:
    for at, line in enumerate(lines):
        if LOCKED in line:  # by a run that began after we looked
            return _locked(stack, " ".join(lines[at + 1 : at + 2]).strip(), "its backend")
    log = evidence_dir() / "pulumi.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("\n".join(lines))
    return OpsError(
        "deploy-failed",
        what=f"pulumi {arguments[0]} failed",
        where=f"the whole output is in {log}",
        why="\n         ".join(_essence(lines)),
        fix="mend what it names, then run `alicerce up` again: it goes on from there",
    )


def _locked(stack: str, holder: str, where: str) -> OpsError:
    return OpsError(
        "stack-locked",
        what=f"the stack {stack!r} is in use by {holder}",
        where=where,
        why="two runs at once would undo each other's work",
        fix="wait until that run ends, or end it, then run the same command again",
    )


def _essence(lines: list[str]) -> list[str]:
    """The diagnostics when there are any, else the last lines."""
    for at, line in enumerate(lines):
        if line.startswith("Diagnostics:"):
            return lines[at + 1 : at + 60]
    return lines[-LOG_TAIL:]


def _changes(lines: list[str]) -> dict[str, int]:
    words = "created|updated|deleted|replaced|unchanged|changed"
    found = (re.match(rf"\s+[+~-]* ?(\d+) ({words})", line) for line in lines)
    return {match[2]: int(match[1]) for match in found if match}
