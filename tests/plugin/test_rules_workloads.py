"""Waiting rules for workloads and their Pods over made-up objects: done, not yet, never."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.judging import SELECTOR, conditions, deployment, judge, obj, rule
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.waiting import pods, workloads
from toolchain.plugins.kubernetes.waiting.rules import Verdict


def replica_set(revision: str, ready: int, wanted: int = 3) -> Obj:
    metadata = {"name": f"a-{revision}", "uid": f"rs{revision}", "ownerReferences": [{"uid": "u"}]}
    metadata["annotations"] = {"deployment.kubernetes.io/revision": revision}  # type: ignore[assignment]
    return {"metadata": metadata, "spec": {"replicas": wanted}, "status": {"readyReplicas": ready}}


def with_sets(live: Obj, *sets: Obj) -> Verdict:
    replica_sets, _pods = workloads.deployment_sources(live)
    return judge(rule(live), live, {replica_sets: list(sets)})


def test_deployment_is_done_when_the_new_set_is_ready() -> None:
    assert with_sets(deployment(), replica_set("1", 3), replica_set("2", 3)).done


@pytest.mark.parametrize(
    ("live", "ready", "words"),
    [
        (deployment(seen=1), 3, "take up"),
        (deployment(revision=""), 3, "take up"),
        (deployment(), 1, "2 of 3 replicas"),
        (deployment(Available="False"), 3, "rollout"),
        (deployment(Progressing="False"), 3, "rollout"),
    ],
)
def test_deployment_is_not_done(live: Obj, ready: int, words: str) -> None:
    verdict = with_sets(live, replica_set("2", ready))
    assert not verdict.done and not verdict.failed
    assert words in verdict.progress


def test_deployment_ignores_old_and_foreign_sets() -> None:
    foreign = replica_set("2", 3)
    foreign["metadata"]["ownerReferences"] = [{"uid": "other"}]
    assert "new ReplicaSet" in with_sets(deployment(), replica_set("1", 3), foreign).progress


def test_first_deployment_needs_no_rollout() -> None:
    assert with_sets(deployment(revision="1", Progressing="Unknown"), replica_set("1", 3)).done


def test_missed_progress_deadline_is_told() -> None:
    live = deployment(Progressing="False")
    live["status"]["conditions"][1] |= {"reason": "ProgressDeadlineExceeded", "message": "late"}
    verdict = with_sets(live, replica_set("2", 1))
    assert verdict.problems == ("ProgressDeadlineExceeded: late",)
    assert not verdict.failed


def stateful_set(strategy: str = "RollingUpdate", **status: Any) -> Obj:
    full = {
        "observedGeneration": 2,
        "replicas": 3,
        "readyReplicas": 3,
        "currentReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": "r2",
        "updateRevision": "r2",
        **status,
    }
    spec = {"replicas": 3, "selector": SELECTOR, "updateStrategy": {"type": strategy}}
    return obj("StatefulSet", spec=spec, status=full)


@pytest.mark.parametrize(
    ("live", "done"),
    [
        (stateful_set(), True),
        (stateful_set(observedGeneration=1), False),
        (stateful_set(readyReplicas=2), False),
        (stateful_set(replicas=4), False),
        (stateful_set(currentRevision="r1"), False),
        (stateful_set(currentRevision="r1", currentReplicas=0, strategy="OnDelete"), True),
    ],
)
def test_stateful_set(live: Obj, done: bool) -> None:
    assert judge(rule(live), live).done is done


def daemon_set(strategy: str = "RollingUpdate", **status: Any) -> Obj:
    counts = {
        "desiredNumberScheduled": 2,
        "currentNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberAvailable": 2,
        "numberReady": 2,
        "observedGeneration": 2,
        **status,
    }
    spec = {"selector": SELECTOR, "updateStrategy": {"type": strategy}}
    return obj("DaemonSet", spec=spec, status={k: v for k, v in counts.items() if v is not None})


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (daemon_set(), ""),
        (daemon_set(observedGeneration=1), "take up"),
        (daemon_set(desiredNumberScheduled=None), "take up"),
        (daemon_set(updatedNumberScheduled=1), "1 of 2 Pods to be updated"),
        (daemon_set(updatedNumberScheduled=1, strategy="OnDelete"), ""),
        (daemon_set(numberAvailable=0), "2 of 2 Pods to be available"),
    ],
)
def test_daemon_set(live: Obj, words: str) -> None:
    verdict = judge(rule(live), live)
    assert verdict.done is (not words)
    assert words in verdict.progress


def test_job() -> None:
    def job(**status: Any) -> Verdict:
        live = obj("Job", "batch/v1", status=status)
        return judge(rule(live), live)

    assert job(conditions=conditions(Complete="True")).done
    assert "to start" in job().progress
    assert "1 active, 0 succeeded, 2 failed" in job(startTime="x", active=1, failed=2).progress
    failed = job(conditions=[{"type": "Failed", "status": "True", "reason": "R", "message": "m"}])
    assert failed.failed and failed.problems == ("R: m",)
    # SuccessCriteriaMet and FailureTarget come before the Pods have ended.
    assert not job(startTime="x", conditions=conditions(SuccessCriteriaMet="True")).done


def pod(phase: str = "Running", container: Obj | None = None, **states: str) -> Obj:
    states = {"PodScheduled": "True", "Initialized": "True", "Ready": "True", **states}
    status: Obj = {"phase": phase, "conditions": conditions(**states)}
    if container is not None:
        status["containerStatuses"] = [{"name": "c", "ready": False, **container}]
    return obj("Pod", "v1", status=status)


def test_pod() -> None:
    assert judge(rule(pod()), pod()).done
    done = pod("Succeeded", Ready="False")
    assert judge(rule(done), done).done
    broken = pod("Failed", Ready="False")
    assert judge(rule(broken), broken).failed
    waiting = pod("Pending", PodScheduled="False", Ready="False")
    assert "[1/3]" in judge(rule(waiting), waiting).progress


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, None),
        ({"state": {"waiting": {"reason": "ErrImagePull", "message": "m"}}}, "ErrImagePull: m"),
        ({"state": {"terminated": {"reason": "Error", "exitCode": 3}}}, "Error, exit code 3"),
        ({"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}, None),
        (
            {
                "state": {"running": {}},
                "lastState": {"terminated": {"reason": "OOM", "exitCode": 137}},
            },
            "ended before: OOM, exit code 137",
        ),
    ],
)
def test_container_problems(container: Obj, told: str | None) -> None:
    problems = list(pods.problems_of(pod(container=container, Ready="False")))
    assert len(problems) == (0 if told is None else 1)
    if told:
        assert "Pod n/a: container c" in problems[0] and told in problems[0]


def test_selectors_as_text() -> None:
    in_ = {"key": "b", "operator": "In", "values": ["1", "2"]}
    not_in = {"key": "c", "operator": "NotIn", "values": ["3"]}
    there = [{"key": "d", "operator": "Exists"}, {"key": "e", "operator": "DoesNotExist"}]
    selector = {"matchLabels": {"a": "1"}, "matchExpressions": [in_, not_in, *there]}
    assert pods.selector_text(selector) == "a=1,b in (1,2),c notin (3),d,!e"
    assert pods.selector_text({"a": "1", "b": "2"}) == "a=1,b=2"
