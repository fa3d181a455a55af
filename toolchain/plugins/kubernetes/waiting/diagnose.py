"""The end of a failed wait: what a person would look up by hand, looked up."""

from __future__ import annotations

from collections.abc import Iterator

from ..client import Client
from ..errors import ProviderError
from ..objects import Kind, as_list, describe, id_of, is_true, name_of, namespace_of, pluck
from ..values import Obj
from .pods import failing_containers

_EVENT = Kind("", "v1", "Event")
_LOG_LINES = 10
#: Pods whose events and logs are read: one replica is mostly like the next.
_PODS = 2


def evidence(client: Client, obj: Obj, pods: list[Obj]) -> list[str]:
    """Latest warning of the object and of its failing Pods, and these Pods' last log lines."""
    lines = list(_warning(client, obj))
    unready = [pod for pod in pods if not is_true(pod, "Ready")]
    for pod in unready[:_PODS]:
        lines += _warning(client, pod)
        for container, previous in failing_containers(pod):
            lines += _log(client, pod, container, previous)
    return lines


def _warning(client: Client, obj: Obj) -> Iterator[str]:
    query = {
        "fieldSelector": f"involvedObject.name={name_of(obj)},"
        f"involvedObject.kind={obj.get('kind')},type=Warning"
    }
    try:
        answer = client.select(_EVENT, namespace_of(obj) or "default", query)
    except ProviderError:
        return  # evidence is a courtesy: without the right to see events there is none
    events = sorted(as_list(answer.get("items")), key=_when)
    if events:
        told = events[-1]
        yield (f"latest warning on {describe(obj)}: {told.get('reason')}: {told.get('message')}")


def _when(event: Obj) -> str:
    times = ("lastTimestamp", "eventTime", "firstTimestamp")
    return next((str(event[key]) for key in times if event.get(key)), "")


def _log(client: Client, pod: Obj, container: str, previous: bool) -> Iterator[str]:
    try:
        text = client.log(
            namespace_of(pod), name_of(pod), container, previous=previous, lines=_LOG_LINES
        )
    except ProviderError:
        return
    if text.strip():
        which = "previous run's log" if previous else "log"
        yield f"last lines of the {which} of container {container} in Pod {id_of(pod)}:"
        yield from (f"    {line}" for line in text.rstrip().splitlines())


def finalizers(obj: Obj) -> str:
    """What holds back a deletion, in words."""
    held = [str(f) for f in as_list(pluck(obj, "metadata", "finalizers"))]
    if obj.get("kind") == "Namespace":
        held += [str(f) for f in as_list(pluck(obj, "spec", "finalizers"))]
        remaining = [
            str(c.get("message"))
            for c in as_list(pluck(obj, "status", "conditions"))
            if c.get("status") == "True" and c.get("message")
        ]
        return "; ".join([f"finalizers: {', '.join(held)}", *remaining])
    return f"finalizers: {', '.join(held)}" if held else "no finalizers"
