"""Made-up objects, and what a waiting rule says of them."""

from __future__ import annotations

from typing import Any

from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.waiting.choose import rule_for
from toolchain.plugins.kubernetes.waiting.loop import target_of
from toolchain.plugins.kubernetes.waiting.rules import Rule, Verdict, View
from toolchain.plugins.kubernetes.watching import Cache, Event, Source

UID = {"name": "a", "namespace": "n", "uid": "u", "generation": 2}
SELECTOR = {"matchLabels": {"app": "a"}}


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


def deployment(revision: str = "2", seen: int = 2, **states: str) -> Obj:
    states = {"Available": "True", "Progressing": "True", **states}
    status: Obj = {"observedGeneration": seen, "conditions": conditions(**states)}
    status["conditions"][1]["reason"] = "NewReplicaSetAvailable"
    live = obj("Deployment", spec={"replicas": 3, "selector": SELECTOR}, status=status)
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": revision}
    return live
