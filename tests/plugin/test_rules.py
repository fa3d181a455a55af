"""Waiting rules over made-up objects: done, not yet, never."""

from __future__ import annotations

import time
from typing import Any

import pytest

from toolchain.plugins.kubernetes.errors import ProviderError
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.waiting import network, others, pods, workloads
from toolchain.plugins.kubernetes.waiting.choose import rule_for, rule_for_read
from toolchain.plugins.kubernetes.waiting.diagnose import finalizers
from toolchain.plugins.kubernetes.waiting.loop import target_of
from toolchain.plugins.kubernetes.waiting.rules import Rule, Verdict, View
from toolchain.plugins.kubernetes.watching import Cache, Event, Source

UID = {"name": "a", "namespace": "n", "uid": "u", "generation": 2}


def obj(kind: str, api_version: str = "apps/v1", **rest: Any) -> Obj:
    return {"apiVersion": api_version, "kind": kind, "metadata": dict(UID), **rest}


def conditions(**states: str) -> list[Obj]:
    return [{"type": key, "status": value} for key, value in states.items()]


def judge(
    rule: Rule, live: Obj, around: dict[Source, list[Obj]] | None = None, **more: Any
) -> Verdict:
    cache = Cache()
    for source, objects in {target_of(live): [live], **(around or {})}.items():
        cache.take(Event(source, "replace", tuple(objects)))
    view = View(live, None, target_of(live), cache, **more)
    assert view.live is not None
    return rule.judge(view, live)


def rule(live: Obj) -> Rule:
    found = rule_for(live, live)
    assert found is not None
    return found


# -- Deployment ------------------------------------------------------------------------------------

SELECTOR = {"matchLabels": {"app": "a"}}


def deployment(revision: str = "2", seen: int = 2, **states: str) -> Obj:
    states = {"Available": "True", "Progressing": "True", **states}
    status = {"observedGeneration": seen, "conditions": conditions(**states)}
    status["conditions"][1]["reason"] = "NewReplicaSetAvailable"
    live = obj("Deployment", spec={"replicas": 3, "selector": SELECTOR}, status=status)
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": revision}
    return live


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


# -- StatefulSet, DaemonSet, Job -------------------------------------------------------------------


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


# -- Pods ------------------------------------------------------------------------------------------


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


# -- Service, Ingress ------------------------------------------------------------------------------


def endpoints(*ready: bool) -> Obj:
    labels = {"kubernetes.io/service-name": "a"}
    listed = [{"addresses": ["x"], "conditions": {"ready": r}} for r in ready]
    return {"metadata": {"name": "s", "namespace": "n", "labels": labels}, "endpoints": listed}


def service(**spec: Any) -> Obj:
    return obj("Service", "v1", spec={"selector": {"a": "1"}, **spec})


def with_slices(live: Obj, *slices: Obj, **more: Any) -> Verdict:
    around = {source: list(slices) for source in network.service_sources(live)}
    return judge(rule(live), live, around, **more)


def test_service() -> None:
    assert with_slices(service(), endpoints(True)).done
    assert not with_slices(service()).done
    waiting = with_slices(service(), endpoints(True, False))
    assert not waiting.done and waiting.recheck is not None and waiting.recheck <= 10.0


def test_service_endpoints_settle() -> None:
    live = service()
    long_ago = time.monotonic() - 11.0
    # Nobody there, and nobody coming: as with the official plugin, that is all there is.
    assert with_slices(live, endpoints(), started=long_ago).done
    # Someone coming: wait for them.
    assert not with_slices(live, endpoints(False), started=long_ago).done
    # Not even looked at by the controller.
    assert not with_slices(live, started=long_ago).done


@pytest.mark.parametrize(
    "spec", [{"clusterIP": "None"}, {"type": "ExternalName"}, {"selector": None}]
)
def test_services_that_target_no_pods(spec: Obj) -> None:
    assert with_slices(service(**spec)).done
    assert network.service_sources(service(**spec)) == ()


def test_load_balancer() -> None:
    live = service(type="LoadBalancer")
    assert not with_slices(live, endpoints(True)).done
    live["status"] = {"loadBalancer": {"ingress": [{"ip": "x"}]}}
    assert with_slices(live, endpoints(True)).done


def ingress(address: bool = True) -> Obj:
    path = {"path": "/", "backend": {"service": {"name": "a"}}}
    rules = [{"host": "h", "http": {"paths": [path]}}, {"http": {"paths": [{"backend": {}}]}}]
    status = {"loadBalancer": {"ingress": [{"ip": "x"}] if address else []}}
    return obj("Ingress", "networking.k8s.io/v1", spec={"rules": rules}, status=status)


def test_ingress() -> None:
    live = ingress()
    slices, services = network.ingress_sources(live)
    assert judge(rule(live), live, {slices: [endpoints(True)]}).done
    assert "h/ -> a" in judge(rule(live), live).progress
    external = {"metadata": {"name": "a"}, "spec": {"type": "ExternalName"}}
    assert judge(rule(live), live, {services: [external]}).done
    assert judge(rule(live), live, started=time.monotonic() - 61.0).done
    without = ingress(address=False)
    assert (
        "ingress controller"
        in judge(rule(without), without, {slices: [endpoints(True)]}).problems[0]
    )


# -- the rest --------------------------------------------------------------------------------------


def test_claim() -> None:
    def claim(phase: str, mode: str = "Immediate") -> Verdict:
        live = obj("PersistentVolumeClaim", "v1", spec={"storageClassName": "fast"})
        live["status"] = {"phase": phase}
        class_ = {"metadata": {"name": "fast"}, "volumeBindingMode": mode}
        return judge(rule(live), live, {others.claim_sources(live)[0]: [class_]})

    assert claim("Bound").done
    assert not claim("Pending").done
    assert claim("Pending", "WaitForFirstConsumer").done
    assert not claim("Lost", "WaitForFirstConsumer").done


def test_definition() -> None:
    def definition(**states: str) -> Verdict:
        live = obj("CustomResourceDefinition", "apiextensions.k8s.io/v1")
        live["status"] = {"conditions": conditions(**states)}
        return judge(rule(live), live)

    assert definition(Established="True").done
    assert not definition().done
    assert definition(NamesAccepted="False").failed


def test_token() -> None:
    plain_secret = obj("Secret", "v1", type="Opaque")
    assert judge(rule(plain_secret), plain_secret).done
    token = obj("Secret", "v1", type="kubernetes.io/service-account-token")
    assert not judge(rule(token), token).done
    filled = {**token, "data": {"token": "x"}}
    assert judge(rule(filled), filled).done


def annotated(live: Obj, **values: str) -> Obj:
    annotations = {f"pulumi.com/{key}": value for key, value in values.items()}
    return {**live, "metadata": {**live["metadata"], "annotations": annotations}}


def test_which_rule() -> None:
    assert rule_for(obj("ConfigMap", "v1"), obj("ConfigMap", "v1")) is None
    assert rule_for(obj("Thing", "e.x/v1"), obj("Thing", "e.x/v1")) is None
    skipped = annotated(deployment(), skipAwait="true")
    assert rule_for(skipped, skipped) is None
    assert rule_for_read(skipped, deployment()) is None
    assert rule_for_read(deployment(), deployment()) is not None
    assert rule_for_read({}, obj("PersistentVolumeClaim", "v1")) is None


@pytest.mark.parametrize(
    ("expression", "status", "done"),
    [
        ("condition=Ready", {"conditions": conditions(Ready="True")}, True),
        ("condition=Ready", {"conditions": conditions(Ready="False")}, False),
        ("condition=Ready=False", {"conditions": conditions(Ready="False")}, True),
        (
            "condition=Ready",
            {"conditions": conditions(Ready="True"), "observedGeneration": 1},
            False,
        ),
        ("jsonpath={.status.n}=3", {"n": 3}, True),
        ("jsonpath={.status.n}=4", {"n": 3}, False),
        ("jsonpath={.status.on}=true", {"on": True}, True),
        ("jsonpath={.status.n}", {"n": 0}, True),
        ("jsonpath={.status.m}", {"n": 0}, False),
        ("jsonpath={ .status.list[?(@.a=='b')].c }=d", {"list": [{"a": "b", "c": "d"}]}, True),
        ('["condition=Ready", "jsonpath={.status.n}"]', {"n": 1}, False),
    ],
)
def test_wait_for(expression: str, status: Obj, done: bool) -> None:
    live = annotated(obj("Thing", "e.x/v1", status=status), waitFor=expression)
    assert judge(rule(live), live).done is done


@pytest.mark.parametrize(
    "expression", ["Ready", "jsonpath=.a", "jsonpath={.a}=", "jsonpath={.a[}", "[]"]
)
def test_wait_for_nonsense(expression: str) -> None:
    live = annotated(obj("Thing", "e.x/v1"), waitFor=expression)
    with pytest.raises(ProviderError, match=r"pulumi\.com/waitFor"):
        rule_for(live, live)


def test_await_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_K8S_AWAIT_ALL", "true")
    for status, done in (
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"conditions": conditions(Ready="False")}, False),
        ({"conditions": conditions(Ready="True", Reconciling="False")}, True),
    ):
        live = obj("Thing", "e.x/v1", status=status)
        assert judge(rule(live), live).done is done
    stalled = obj("Thing", "e.x/v1", status={"conditions": conditions(Stalled="True")})
    assert judge(rule(stalled), stalled).failed


def test_stale_objects_are_not_judged() -> None:
    written = obj("Deployment")
    stale = {**written, "metadata": {**UID, "generation": 1}}
    cache = Cache()
    cache.take(Event(target_of(written), "replace", (stale,)))
    assert View(written, None, target_of(written), cache).live is None


def test_finalizers_in_words() -> None:
    held = obj("ConfigMap", "v1")
    held["metadata"]["finalizers"] = ["a/b", "c/d"]
    assert finalizers(held) == "finalizers: a/b, c/d"
    namespace = obj("Namespace", "v1", spec={"finalizers": ["kubernetes"]})
    namespace["status"] = {"conditions": [{"status": "True", "message": "2 pods remain"}]}
    assert finalizers(namespace) == "finalizers: kubernetes; 2 pods remain"
