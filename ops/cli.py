"""The `alicerce` command: what an operator, CI and an SRE type."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Annotated

import typer
import yaml
from rich.console import Console

from infra.settings.errors import SettingsError
from ops import cluster, deploy, engine, requirements
from ops import up as bring_up
from ops.doctor.run import EXIT_OK, EXIT_PROBLEMS, diagnose
from ops.evidence import collect
from ops.paths import ROOT, state_dir
from ops.phases import Phases
from ops.registers import RequirementsError
from ops.stack import LOCAL, kube_context, platform_of
from toolchain.cache import cache_dir
from toolchain.embedded import ClusterError
from toolchain.errors import ToolchainError

EXIT_FAILED = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a local may be a secret
    help="Infrastructure for five systems: runs, restores and proves it.",
)
console = Console(stderr=True, highlight=False, soft_wrap=True)


def _phases(total: int) -> Phases:
    return Phases(total, cache_dir() / "timings.json")  # where `down` doesn't forget them


@app.command()
def up() -> None:
    """Bring all systems up on this machine (or on the cluster that the stack names)."""
    platform = platform_of()
    try:
        addresses = bring_up.up(_phases(bring_up.phase_count(platform)))
    except (ToolchainError, ClusterError, OSError) as error:
        _keep_evidence(error)
        raise
    for slug, address in addresses.items():
        typer.echo(f"{slug:14} {address}")
    typer.echo(f"trust {state_dir() / 'ca.crt'} to open them in a browser")


def _keep_evidence(error: Exception) -> None:
    try:
        console.print(f"evidence: {collect(error)}", markup=False)
    except OSError as full:
        console.print(f"no evidence could be kept: {full}", markup=False)


@app.command()
def down() -> None:
    """Stop the embedded cluster and remove all that it left on this machine.

    On a cluster of yours: remove what the stack made there.
    """
    phases = _phases(1)
    with phases.phase("take it down"):
        if kube_context() is not None:
            deploy.destroy(LOCAL, phases.report)
        else:
            deploy.take_over(LOCAL, phases.report)
            cluster.existing_cluster().down(phases.report)
            engine.forget_backend()


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say all that stands in the way, each with an id, the reason and the fix.

    Changes nothing. Exit codes: 0 when nothing is in the way of `up` (what `up` mends
    itself is shown, and no obstacle), 1 when something is, 2 for wrong usage. With --json:
    a list of {id, reason, fix, mended_by_up}.
    """
    problems = diagnose(kube_context())
    if as_json:
        typer.echo(json.dumps([problem.as_dict() for problem in problems], indent=2))
    else:
        typer.echo("\n".join(map(str, problems)) or "nothing stands in the way")
    obstacles = any(not problem.mended_by_up for problem in problems)
    raise typer.Exit(EXIT_PROBLEMS if obstacles else EXIT_OK)


@app.command()
def env() -> None:
    """Print the variables with which a plain `pulumi up -s local` works."""
    engine.prepare_backend()
    for name, value in engine.environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def render(
    system: Annotated[str, typer.Argument(help="A system's slug, like flow_studio.")],
    stack: Annotated[str, typer.Option(help="Whose settings to use.")] = LOCAL,
) -> None:
    """Write a system's objects as plain YAML, in the order to apply them."""
    from ops.render import render as manifests  # noqa: PLC0415  imports the whole program

    platform = platform_of(stack)
    yaml.safe_dump_all(manifests(platform, system), sys.stdout, sort_keys=False)


@app.command("requirements")
def write_requirements(
    check: Annotated[bool, typer.Option(help="Only say whether the page is current.")] = False,
) -> None:
    """Write docs/requirements.md: each register row, and what proves it."""
    page = ROOT / "docs" / "requirements.md"
    text = requirements.page(ROOT)
    if check and (not page.exists() or page.read_text() != text):
        typer.echo(f"{page} is not current: run `alicerce requirements`", err=True)
        raise typer.Exit(EXIT_FAILED)
    if not check:
        page.write_text(text)


def main() -> None:
    """Run the command; errors made for people are shown without a traceback."""
    try:
        app()
    except (SettingsError, ToolchainError, ClusterError, RequirementsError) as error:
        _say(error)
    except OSError as error:
        # The machine's own refusals: a full disk, a folder that can't be written, no root.
        _say(
            f"{error}\n  fix:   `alicerce doctor` says what stands in the way; then run this again"
        )
    sys.exit(EXIT_FAILED)


def _say(words: object) -> None:
    console.print(str(words), style="red", markup=False)


if __name__ == "__main__":
    main()
