"""Feeds against a scripted HTTP server on loopback: what breaks, and how they go on."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.kubeconfig import connection
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.transport import Transport
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.watching import Event, Feed, Source

KIND = Kind("", "v1", "ConfigMap")
SERVED = {"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}
SOURCE = Source(KIND, "n", labels="a=b")


def item(name: str, version: str) -> Obj:
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": version}}


def listed(version: str, *names: str) -> tuple[int, Obj]:
    return 200, {"metadata": {"resourceVersion": version}, "items": [item(n, "1") for n in names]}


def refused(code: int) -> tuple[int, Obj]:
    return code, {"kind": "Status", "reason": "Some", "message": f"refused {code}"}


class Script:
    """Answers list and watch requests in order; the last watch hangs until it is let go."""

    def __init__(self, lists: list[tuple[int, Obj]], watches: list[list[Obj]]) -> None:
        self.lists, self.watches = lists, watches
        self.watched_from: list[str] = []
        self.selectors: set[str] = set()
        self.hanging = threading.Event()
        self.let_go = threading.Event()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                pass

            def do_GET(self) -> None:
                url = urlparse(self.path)
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                if url.path == "/api/v1":
                    self.answer(200, SERVED)
                elif "watch" in query:
                    script.watched_from.append(query["resourceVersion"])
                    script.selectors.add(query["labelSelector"])
                    self.stream()
                else:
                    self.answer(*script.lists.pop(0))

            def answer(self, code: int, body: Obj) -> None:
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def stream(self) -> None:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for event in script.watches.pop(0) if script.watches else script.hang():
                    self.chunk(json.dumps(event).encode() + b"\n")
                self.chunk(b"")

            def chunk(self, data: bytes) -> None:
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()

        return Handler

    def hang(self) -> list[Obj]:
        self.hanging.set()
        self.let_go.wait(timeout=60)
        return []


@contextmanager
def feeding(script: Script) -> Iterator[tuple[Feed, Callable[[], Event]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), script.handler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "current-context": "c",
        "clusters": [
            {"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
        ],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    }
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    feed = Feed(Client(Transport(connection(config, Path()))), SOURCE, events)
    feed.start()
    try:
        yield feed, lambda: events.get(timeout=30)
    finally:
        feed.stop()
        script.let_go.set()
        server.shutdown()
        server.server_close()


def told(event: Event) -> tuple[str, list[str]]:
    return event.what, [obj["metadata"]["name"] for obj in event.objects]


def test_follows_goes_on_and_lists_again() -> None:
    script = Script(
        lists=[listed("1", "a"), listed("10", "c")],
        watches=[
            [
                {"type": "ADDED", "object": item("b", "2")},
                {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "5"}}},
            ],
            [
                {"type": "DELETED", "object": item("a", "6")},
                {"type": "ERROR", "object": {"code": 410, "reason": "Expired"}},
            ],
        ],
    )
    with feeding(script) as (_feed, following):
        assert told(following()) == ("replace", ["a"])
        assert told(following()) == ("put", ["b"])
        assert told(following()) == ("drop", ["a"])
        # Too old to go on from: the truth is listed again.
        assert told(following()) == ("replace", ["c"])
        assert script.hanging.wait(timeout=30)
    # A watch that ended goes on from the last version heard of, bookmarks included.
    assert script.watched_from == ["1", "5", "10"]
    assert script.selectors == {"a=b"}


def test_a_server_in_trouble_is_asked_again() -> None:
    script = Script(lists=[refused(500), refused(429), listed("1", "a")], watches=[])
    with feeding(script) as (_feed, following):
        assert told(following()) == ("replace", ["a"])


def test_missing_rights_are_told_once() -> None:
    script = Script(lists=[refused(403)], watches=[])
    with feeding(script) as (feed, following):
        event = following()
        assert event.what == "denied"
        assert "refused 403" in str(event.error)
        feed._thread.join(timeout=30)
        assert not feed._thread.is_alive()


def test_stop_wakes_a_silent_watch() -> None:
    script = Script(lists=[listed("1")], watches=[])
    with feeding(script) as (feed, following):
        following()
        assert script.hanging.wait(timeout=30)
        feed.stop()
        feed._thread.join(timeout=30)
        assert not feed._thread.is_alive()
        assert not script.let_go.is_set()
