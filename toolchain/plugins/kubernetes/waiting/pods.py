"""Pods: their own rule, and what is wrong with those behind a workload."""

from __future__ import annotations

from collections.abc import Iterator

from ..objects import Kind, as_int, as_list, as_map, condition, id_of, is_true, pluck
from ..values import Obj
from ..watching import Source
from .rules import DONE, Verdict, View, beside

POD = Kind("", "v1", "Pod")
#: Waiting reasons that every container passes through.
_NORMAL = frozenset({"ContainerCreating", "PodInitializing", ""})


def selected_pods(obj: Obj) -> Source:
    """The Pods that a workload's selector selects."""
    return beside(obj, POD, selector_text(as_map(pluck(obj, "spec", "selector"))))


def selector_text(selector: Obj) -> str:
    """A label selector as the API takes it in a query; a Service's plain map works, too."""
    structured = "matchLabels" in selector or "matchExpressions" in selector
    labels = as_map(selector.get("matchLabels")) if structured else selector
    parts = [f"{key}={value}" for key, value in labels.items()]
    for item in as_list(selector.get("matchExpressions")) if structured else []:
        parts.append(_expression(item))
    return ",".join(parts)


def _expression(item: Obj) -> str:
    key, operator, values = item.get("key"), item.get("operator"), as_list(item.get("values"))
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    return f"{key} {'in' if operator == 'In' else 'notin'} ({','.join(map(str, values))})"


def judge_pod(_view: View, pod: Obj) -> Verdict:
    """Scheduled, initialised and ready, or finished. A Pod that failed stays so."""
    phase = pluck(pod, "status", "phase")
    if phase == "Succeeded" or (is_true(pod, "PodScheduled") and is_true(pod, "Ready")):
        return DONE
    problems = tuple(problems_of(pod))
    if phase == "Failed":
        return Verdict(failed=True, problems=problems or (f"Pod {id_of(pod)} has failed",))
    if not is_true(pod, "PodScheduled"):
        return Verdict(progress="[1/3] waiting for the Pod to be scheduled", problems=problems)
    if not is_true(pod, "Initialized"):
        return Verdict(progress="[2/3] waiting for the init containers", problems=problems)
    return Verdict(progress="[3/3] waiting for the Pod to be ready", problems=problems)


def problems_of(pod: Obj) -> Iterator[str]:
    """One line for each thing that keeps a Pod from being ready."""
    who = f"Pod {id_of(pod)}"
    if not is_true(pod, "PodScheduled"):
        reason = condition(pod, "PodScheduled")
        if reason.get("message"):
            yield f"{who} is not scheduled ({reason.get('reason')}): {reason['message']}"
    if pluck(pod, "status", "reason"):
        message = pluck(pod, "status", "message", default="")
        yield f"{who}: {pod['status']['reason']}: {message}"
    for status in _statuses(pod):
        yield from (f"{who}: {line}" for line in _container_problems(status))


def _statuses(pod: Obj) -> list[Obj]:
    sections = ("initContainerStatuses", "containerStatuses")
    return [s for key in sections for s in as_list(pluck(pod, "status", key))]


def _container_problems(status: Obj) -> Iterator[str]:
    if status.get("ready"):
        return
    name = f"container {status.get('name')}"
    waiting = as_map(pluck(status, "state", "waiting"))
    if waiting.get("reason", "") not in _NORMAL:
        yield f"{name} is waiting: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    for when, word in (("state", "has ended"), ("lastState", "ended before")):
        ended = as_map(pluck(status, when, "terminated"))
        if ended and as_int(ended.get("exitCode")) != 0:
            text = f"{name} {word}: {ended.get('reason')}, exit code {ended.get('exitCode')}"
            message = str(ended.get("message") or "")
            yield f"{text}: {message}" if message else text


def failing_containers(pod: Obj) -> list[tuple[str, bool]]:
    """Containers whose log is worth reading, and whether it is that of the previous run."""
    found = []
    for status in _statuses(pod):
        if (
            not status.get("ready")
            and as_int(pluck(status, "state", "terminated", "exitCode")) != 0
        ):
            found.append((str(status.get("name")), False))
        elif not status.get("ready") and pluck(status, "lastState", "terminated"):
            running = bool(pluck(status, "state", "running"))
            found.append((str(status.get("name")), not running))
        elif not status.get("ready") and pluck(status, "state", "running"):
            found.append((str(status.get("name")), False))
    return found
