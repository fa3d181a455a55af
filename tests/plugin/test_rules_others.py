"""Waiting rules for all other kinds over made-up objects, and which rule an object gets."""

from __future__ import annotations

import pytest

from tests.plugin.judging import UID, conditions, deployment, judge, obj, rule
from toolchain.plugins.kubernetes.errors import ProviderError
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.waiting import others
from toolchain.plugins.kubernetes.waiting.choose import rule_for, rule_for_read
from toolchain.plugins.kubernetes.waiting.diagnose import finalizers
from toolchain.plugins.kubernetes.waiting.loop import target_of
from toolchain.plugins.kubernetes.waiting.rules import Verdict, View
from toolchain.plugins.kubernetes.watching import Cache, Event


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
