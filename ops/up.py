"""`alicerce up`: from a bare machine to systems that answer, in one straight line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.settings.platform import Platform
from ops import deploy, engine, ready
from ops.cluster import cluster_of
from ops.doctor.problems import Problem
from ops.doctor.run import diagnose
from ops.errors import OpsError
from ops.paths import state_dir
from ops.phases import Phases
from ops.stack import LOCAL, platform_of
from toolchain import debian, golang, tools
from toolchain.images import build as images
from toolchain.images.recipes import RECIPES

Report = Callable[[str], None]
PATIENCE = 30.0  # seconds for the doctor: a busy machine answers slowly, and may be used
LOOPBACK = "127.0.0.1"  # where the embedded cluster's gateway listens


def up(phases: Phases) -> dict[str, str]:
    """Bring everything up; returns slug -> address of each system.

    Raises ``OpsError`` or ``ToolchainError``; what was done stays, and the next
    run goes on from there.
    """
    platform = platform_of()
    with phases.phase("check the machine"):
        _check(platform, phases.report)
    with phases.phase("tools and images"):
        paths = _build(phases.report)
    if platform.kube_context is None:
        with phases.phase("cluster"):
            archives = images.ensure(RECIPES, phases.report)
            cluster_of(platform, paths).up([image.archive for image in archives], phases.report)
    with phases.phase("deploy"):
        phases.report(str(engine.kubernetes_plugin()))
        _say_changes(deploy.up(LOCAL, phases.report), phases.report)
    with phases.phase("systems ready"):
        return _wait_ready(platform, phases.report)


def phase_count(platform: Platform) -> int:
    """How many phases `up` has for this platform."""
    return 5 if platform.kube_context is None else 4


def _check(platform: Platform, report: Report) -> None:
    problems = diagnose(platform.kube_context, PATIENCE)
    obstacles = [problem for problem in problems if not problem.mended_by_up]
    if obstacles:
        raise _refused(obstacles)
    installed = debian.install_missing()
    if installed:
        report(f"installed Debian packages: {', '.join(installed)}")


def _refused(problems: list[Problem]) -> OpsError:
    return OpsError(
        problems[0].id,
        what=f"this machine is not ready (problems: {len(problems)})",
        where="`alicerce doctor` shows them again",
        why="\n         ".join(f"[{problem.id}] {problem.reason}" for problem in problems),
        fix="\n         ".join(f"[{problem.id}] {problem.fix}" for problem in problems),
    )


def _build(report: Report) -> Mapping[str, Path]:
    """Tools and Debian's images side by side: one compiles, the other downloads."""
    golang.ensure(report)
    with ThreadPoolExecutor(2) as pool:
        built = pool.submit(tools.ensure, tools.TOOLS, report)
        from_packages = [name for name, recipe in RECIPES.items() if recipe.packages]
        made = pool.submit(images.ensure, from_packages, report)
        made.result()
        return built.result()


def _say_changes(changes: Mapping[str, int], report: Report) -> None:
    changed = sum(count for what, count in changes.items() if what != "unchanged")
    report(f"{changed} changed, {changes.get('unchanged', 0)} unchanged")


def _wait_ready(platform: Platform, report: Report) -> dict[str, str]:
    told = deploy.exports(LOCAL)
    authority = str(told["authority"])
    (state_dir() / "ca.crt").write_text(authority)
    places = {
        slug: ready.Place(system["host"], LOOPBACK if platform.embedded else system["host"])
        for slug, system in told["systems"].items()
    }
    ready.wait(places, authority, report)
    return {slug: system["url"] for slug, system in told["systems"].items()}
