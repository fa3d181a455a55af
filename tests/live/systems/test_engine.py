"""The engine on the running stack: nothing changes by itself, and one change is one change."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import engine
from ops.paths import ROOT
from ops.stack import platform_of, stack_file
from tests.live.support import ALICERCE, Live

UNCHANGED = {"same", "read", "refresh"}


def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the engine as an operator in an `alicerce env` shell would."""
    written = stack_file().read_bytes()
    try:
        return subprocess.run(
            ["pulumi", "--non-interactive", *arguments, "--stack", "local"], cwd=ROOT,
            env=dict(engine.full_environment()), capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        # The engine writes its salt there, and the rest in its own layout.
        stack_file().write_bytes(written)


def changed_file(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The stack file with some of its keys set otherwise."""
    document = yaml.safe_load(stack_file().read_text())
    document["config"] |= {f"alicerce:{key}": value for key, value in settings.items()}
    changed = folder / "Pulumi.local.yaml"
    changed.write_text(yaml.safe_dump(document))
    return changed


def planned(folder: Path, settings: Mapping[str, Any]) -> dict[str, str]:
    """What `pulumi preview` would do: type::name -> operation, without what stays."""
    answer = pulumi("preview", "--json", "--config-file", str(changed_file(folder, settings)))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    steps = json.loads(answer.stdout)["steps"]
    return {
        "::".join(step["urn"].split("::")[2:]).split("$")[-1]: step["op"]
        for step in steps
        if step["op"] not in UNCHANGED
    }


def test_up_again_changes_nothing(live: Live) -> None:
    answer = subprocess.run([ALICERCE, "up"], capture_output=True, text=True, check=True)
    assert "0 changed" in answer.stderr + answer.stdout


def test_a_refreshed_preview_is_clean(live: Live) -> None:
    answer = pulumi("preview", "--refresh", "--expect-no-changes")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def _workload() -> tuple[str, str, int]:
    """A system whose first workload has room for one more replica."""
    platform = platform_of()
    system = next(s for s in platform.systems if s.slug == "blipee")
    workload = system.workloads[0]
    return system.slug, workload.name, workload.replicas.minimum


@pytest.mark.parametrize(
    ("change", "types"),
    [
        ({"image": "docker.io/alicerce/reference:other"}, {"Deployment"}),
        ({"environment": {"GREETING": "hello"}}, {"ConfigMap", "Deployment"}),
        ({"replicas": {"minimum": 2, "maximum": 4}}, {"HorizontalPodAutoscaler", "Deployment",
                                        "PodDisruptionBudget", "ResourceQuota"}),
    ],
    ids=["image", "environment", "replicas"],
)  # fmt: skip
def test_one_changed_value_plans_that_change_alone(
    live: Live, tmp_path: Path, change: dict[str, Any], types: set[str]
) -> None:
    slug, workload, _ = _workload()
    plan = planned(tmp_path, {"systemSettings": {slug: {"workloads": {workload: change}}}})
    assert plan, "a change must be planned"
    assert set(plan.values()) == {"update"}
    touched = {name.split("::")[0].rsplit(":", 1)[-1] for name in plan}
    assert touched <= types, plan
    namespace = live.systems[slug]["namespace"]
    assert all(namespace in name or workload in name for name in plan), plan


def test_a_quota_change_plans_the_quota_alone(live: Live, tmp_path: Path) -> None:
    plan = planned(tmp_path, {"systemSettings": {"blipee": {"quota": {"pods": 77}}}})
    assert [name.split("::")[0].rsplit(":", 1)[-1] for name in plan] == ["ResourceQuota"]


def test_data_that_would_go_is_refused_unless_it_is_named(live: Live, tmp_path: Path) -> None:
    """A stack that forgets a system would delete its database, its cache and its namespace."""
    kept = [slug for slug in live.systems if slug != "blipee"]
    named: set[str] = set()
    answer = _policed(tmp_path, {"systems": kept})
    assert answer.returncode != 0
    while answer.returncode != 0:
        more = set(
            re.findall(r"alicerce:replacements of the stack file, as '([^']+)'", answer.stdout)
        )
        assert more - named, answer.stdout
        named |= more
        answer = _policed(tmp_path, {"systems": kept, "replacements": sorted(named)})
    held = {key.split("::")[0].rsplit(":", 1)[-1] for key in named}
    assert held == {"Cluster", "Namespace", "StatefulSet"}
    assert all("blipee" in key for key in named), "only what the forgotten system holds is at stake"


def _policed(folder: Path, settings: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    file = str(changed_file(folder, settings))
    return pulumi("preview", "--policy-pack", str(engine.POLICY_PACK), "--config-file", file)
