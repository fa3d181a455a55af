"""The process itself: it starts without its parts, and it leaves without losing a request."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from workload_process import Launch, wait_for


def test_bad_settings_end_it_with_a_reason(launch: Launch) -> None:
    process = launch("painter", cache_ttl="never")
    assert process.wait() == 2
    lines = [json.loads(line) for line in process.log().splitlines()]
    assert {line["setting"] for line in lines} == {"ALICERCE_ROLE", "ALICERCE_CACHE_TTL"}


def test_every_line_is_json_and_health_is_quiet(launch: Launch) -> None:
    process = launch("web").ready()
    process.get("/")
    process.leave()
    assert process.wait() == 0
    lines = [json.loads(line) for line in process.log().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["/"]
    assert requests[0]["duration_ms"] >= 0
    assert len(requests[0]["trace_id"]) == 32


def test_serves_through_the_window_then_ends_with_zero(launch: Launch) -> None:
    process = launch("web", drain_seconds="1.5").ready()
    process.leave()
    wait_for(lambda: process.status("/health/ready") == 503, 1)
    assert process.get("/health/ready").json()["status"] == "draining"
    answer = process.get("/")
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    assert process.status("/health/live") == 200
    assert process.wait() == 0


def test_no_request_is_lost(launch: Launch) -> None:
    """Clients keep asking until the endpoint is withdrawn; not one of them sees a failure."""
    process = launch("web", drain_seconds="2", faults="on").ready()
    httpx.post(f"{process.address}/faults/latency?ms=150&for_seconds=60").raise_for_status()
    withdrawn = threading.Event()
    answers: list[int] = []

    def ask() -> None:
        with httpx.Client(base_url=process.address, timeout=10) as client:
            while not withdrawn.is_set():
                answers.append(client.get("/").status_code)

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    process.leave()
    wait_for(lambda: process.status("/health/ready") == 503, 1)
    time.sleep(1.2)  # the time that a cluster takes to withdraw the endpoint
    withdrawn.set()
    for client in clients:
        client.join()
    assert process.wait() == 0
    assert len(answers) > 30
    assert set(answers) == {200}


def test_a_slow_request_is_finished_after_listening_ends(launch: Launch) -> None:
    process = launch("web", drain_seconds="0.1", faults="on").ready()
    httpx.post(f"{process.address}/faults/latency?ms=2000&for_seconds=60").raise_for_status()
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(process.get("/").status_code))
    asking.start()
    wait_for(lambda: "http_requests_in_flight 2.0" in process.get("/metrics").text, 2)
    process.leave()
    asking.join()
    assert answers == [200]
    assert process.wait() == 0


def test_websocket_greets_echoes_and_is_told_to_go(launch: Launch) -> None:
    process = launch("websocket").ready()
    with connect(process.address.replace("http", "ws") + "/ws") as socket:
        greeting = json.loads(socket.recv(5))
        assert (greeting["pod"], greeting["system"]) == ("pod-1", "flow-studio")
        socket.send("words")
        assert socket.recv(5) == "words"
        socket.send(b"\x00\x01")
        assert socket.recv(5) == b"\x00\x01"
        process.leave()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    assert process.wait() == 0


def test_a_crash_on_demand(launch: Launch) -> None:
    process = launch("web", faults="on").ready()
    assert httpx.post(f"{process.address}/faults/crash").status_code == 202
    assert process.wait() == 70
