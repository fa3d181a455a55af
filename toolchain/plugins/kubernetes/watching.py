"""List and watch: a feed of what happens to a set of objects, without polling."""

from __future__ import annotations

import json
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .client import Client
from .errors import ApiError, ProviderError
from .objects import Kind, as_list, name_of, namespace_of, pluck
from .values import Obj

if TYPE_CHECKING:
    import urllib3

#: The server ends a watch after this many seconds and the feed opens the next: a connection that
#: died without a word is noticed no later than this.
_WATCH_SECONDS = 240
#: Pause after a failed connection, in seconds; doubles up to the second figure.
_BACKOFF = (0.2, 5.0)


@dataclass(frozen=True)
class Source:
    """A set of objects to follow. `required`: without the right to see it, waiting is pointless."""

    kind: Kind
    namespace: str
    name: str = ""
    labels: str = ""
    required: bool = False

    def query(self) -> dict[str, str]:
        query = {}
        if self.name:
            query["fieldSelector"] = f"metadata.name={self.name}"
        if self.labels:
            query["labelSelector"] = self.labels
        return query


@dataclass(frozen=True)
class Event:
    """What a feed tells: `replace` with the whole set, `put`, `drop` or `denied` with an error."""

    source: Source
    what: str
    objects: tuple[Obj, ...] = ()
    error: Exception | None = None


class Feed:
    """Follows one Source on a thread of its own and puts Events in a queue until stopped."""

    def __init__(self, client: Client, source: Source, out: queue.SimpleQueue[Any]) -> None:
        self._client = client
        self._source = source
        self._out = out
        self._stopped = threading.Event()
        self._response: urllib3.BaseHTTPResponse | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wake the thread out of its read and let it end."""
        self._stopped.set()
        with self._lock:
            if self._response is not None:
                self._shut(self._response)

    @staticmethod
    def _shut(response: urllib3.BaseHTTPResponse) -> None:
        # The server may have been faster, and the connection be closed already.
        with suppress(OSError, ValueError):
            response.shutdown()

    def _run(self) -> None:
        pause = _BACKOFF[0]
        while not self._stopped.is_set():
            try:
                self._follow(self._list())
                pause = _BACKOFF[0]
            except ApiError as error:
                if error.status in (401, 403, 404, 405):
                    self._tell(Event(self._source, "denied", error=error))
                    return
                self._stopped.wait(pause)
            except ProviderError as error:
                # An unreachable server may come back before the deadline; a kind that isn't
                # served won't.
                if pause == _BACKOFF[1]:
                    self._tell(Event(self._source, "denied", error=error))
                self._stopped.wait(pause)
            except Exception as error:  # a thread must not die silently
                self._tell(Event(self._source, "denied", error=error))
                return
            pause = min(pause * 2, _BACKOFF[1])

    def _tell(self, event: Event) -> None:
        if not self._stopped.is_set():
            self._out.put(event)

    def _list(self) -> str:
        """Tell the whole set; return the version from which a watch goes on."""
        source = self._source
        answer = self._client.select(source.kind, source.namespace, source.query())
        self._tell(Event(source, "replace", tuple(as_list(answer.get("items")))))
        return str(pluck(answer, "metadata", "resourceVersion", default=""))

    def _follow(self, version: str) -> None:
        """Watch until the set must be listed again (410 Gone, or the connection broke)."""
        while version and not self._stopped.is_set():
            version = self._watch_once(version)

    def _watch_once(self, version: str) -> str:
        resource = self._client.resource(self._source.kind)
        query = self._source.query() | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        response = self._client.transport.stream(
            resource.path(self._source.namespace), operation="watching", query=query
        )
        with self._lock:
            self._response = response
            if self._stopped.is_set():  # stop() came while the connection was being made
                self._shut(response)
        try:
            return self._read(response, version)
        finally:
            with self._lock:
                self._response = None
            response.close()

    def _read(self, response: urllib3.BaseHTTPResponse, version: str) -> str:
        pending = b""
        try:
            for chunk in response.stream(None):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in filter(None, lines):
                    version = self._take(json.loads(line))
                    if not version:
                        return ""
                if self._stopped.is_set():
                    return ""
        except Exception as error:
            # A connection cut short raises many things, urllib3's and the operating system's.
            # Whatever it was, listing again finds the truth; a stop is no fault.
            if self._stopped.is_set():
                return ""
            if isinstance(error, ValueError):
                raise
            return ""
        return version

    def _take(self, event: Obj) -> str:
        """Pass one watch event on; return its version, or "" to list again."""
        obj = event["object"]
        if event["type"] == "ERROR":
            return ""
        if event["type"] != "BOOKMARK":
            what = "drop" if event["type"] == "DELETED" else "put"
            self._tell(Event(self._source, what, (obj,)))
        return str(pluck(obj, "metadata", "resourceVersion", default=""))


class Cache:
    """The objects that feeds have told of, by source."""

    def __init__(self) -> None:
        self._sets: dict[Source, dict[tuple[str, str], Obj]] = {}

    def take(self, event: Event) -> None:
        if event.what == "denied":
            self._sets.setdefault(event.source, {})
            return
        if event.what == "replace":
            self._sets[event.source] = {_key(obj): obj for obj in event.objects}
            return
        known = self._sets.setdefault(event.source, {})
        for obj in event.objects:
            if event.what == "put":
                known[_key(obj)] = obj
            else:
                known.pop(_key(obj), None)

    def seen(self, source: Source) -> bool:
        """Whether the source's first list has arrived."""
        return source in self._sets

    def objects(self, source: Source) -> list[Obj]:
        return list(self._sets.get(source, {}).values())


def _key(obj: Obj) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)
