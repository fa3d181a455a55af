"""Plays the kubelet: writes the status of the Pods that the real controllers make."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.errors import ApiError
from toolchain.plugins.kubernetes.objects import (
    Kind,
    is_true,
    kind_of,
    name_of,
    namespace_of,
    pluck,
)
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.watching import Cache, Feed, Source

POD = Kind("", "v1", "Pod")
MERGE = "application/merge-patch+json"
_WHEN = "2026-01-01T00:00:00Z"


def patch_status(api: Client, obj: Obj, status: Obj) -> Obj:
    """Write to the status subresource, as a controller does."""
    resource = api.resource(kind_of(obj))
    return api.transport.request(
        "PATCH",
        f"{resource.path(namespace_of(obj), name_of(obj))}/status",
        operation="writing a status",
        body={"status": status},
        content_type=MERGE,
    )


def patch(api: Client, obj: Obj, change: Obj, manager: str = "someone") -> Obj:
    """Change an object as another client would."""
    resource = api.resource(kind_of(obj))
    return api.transport.request(
        "PATCH",
        resource.path(namespace_of(obj), name_of(obj)),
        operation="changing",
        query={"fieldManager": manager},
        body=change,
        content_type=MERGE,
    )


def await_objects(
    api: Client, source: Source, satisfied: Callable[[list[Obj]], bool], seconds: float = 60.0
) -> list[Obj]:
    """Watch until the source's objects satisfy; fails the test if they never do."""
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    feed, cache = Feed(api, source, events), Cache()
    feed.start()
    try:
        while not (cache.seen(source) and satisfied(cache.objects(source))):
            cache.take(events.get(timeout=seconds))
        return cache.objects(source)
    finally:
        feed.stop()


def _conditions(**states: bool) -> list[Obj]:
    return [
        {"type": key, "status": "True" if on else "False", "lastTransitionTime": _WHEN}
        for key, on in states.items()
    ]


def ready(_pod: Obj) -> Obj:
    """What a kubelet writes for a Pod that runs and is ready."""
    state = {"running": {"startedAt": _WHEN}}
    return {
        "phase": "Running",
        "podIP": "10.1.2.3",
        "podIPs": [{"ip": "10.1.2.3"}],
        "conditions": _conditions(
            PodScheduled=True, Initialized=True, ContainersReady=True, Ready=True
        ),
        "containerStatuses": [_container(ready=True, state=state)],
    }


def succeeded(_pod: Obj) -> Obj:
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": _WHEN}}
    return {"phase": "Succeeded", "containerStatuses": [_container(ready=False, state=ended)]}


def failed(_pod: Obj) -> Obj:
    ended = {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": _WHEN}}
    return {
        "phase": "Failed",
        "conditions": _conditions(PodScheduled=True, Ready=False),
        "containerStatuses": [_container(ready=False, state=ended)],
    }


def no_image(_pod: Obj) -> Obj:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    return {
        "phase": "Pending",
        "podIP": "10.1.2.4",
        "podIPs": [{"ip": "10.1.2.4"}],
        "conditions": _conditions(PodScheduled=True, Initialized=True, Ready=False),
        "containerStatuses": [_container(ready=False, state=waiting)],
    }


def _container(*, ready: bool, state: Obj) -> Obj:
    return {
        "name": "app",
        "image": "example.invalid/app:1",
        "imageID": "",
        "ready": ready,
        "restartCount": 0,
        "state": state,
    }


class Kubelet:
    """While `plays` is set, every Pod of the namespace gets the status that it returns."""

    def __init__(self, api: Client, namespace: str) -> None:
        self._api = api
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._feed = Feed(api, Source(POD, namespace), self._events)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._pods: dict[str, Obj] = {}
        self._plays: Callable[[Obj], Obj] | None = None

    def __enter__(self) -> Kubelet:
        self._feed.start()
        self._thread.start()
        return self

    def __exit__(
        self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None
    ) -> None:
        self._feed.stop()
        self._events.put(None)
        self._thread.join(timeout=20)

    def plays(self, status: Callable[[Obj], Obj]) -> None:
        """From now on; Pods that are there already get it, too."""
        self._events.put(status)

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            if callable(event):
                self._plays = event
                for pod in self._pods.values():
                    self._write(pod)
                continue
            for pod in event.objects:
                new = name_of(pod) not in self._pods
                self._pods[name_of(pod)] = pod
                if event.what == "drop":
                    del self._pods[name_of(pod)]
                elif new and not pluck(pod, "metadata", "deletionTimestamp"):
                    self._write(pod)

    def _write(self, pod: Obj) -> None:
        if self._plays is None or is_true(pod, "Ready"):
            return
        try:
            patch_status(self._api, {**pod, "apiVersion": "v1", "kind": "Pod"}, self._plays(pod))
        except ApiError as error:
            if not error.not_found:
                raise
