"""What `up` waits for at its end, against real servers with real certificates."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from ops import ready
from ops.errors import OpsError
from tests.ops.doctoring import free_port
from toolchain.embedded.pki import Leaf, Pki

LOOPBACK = "127.0.0.1"
HOST = "shop.example.invalid"  # no name server knows it


@dataclass
class Gateway:
    """A server for one host name: what it answers, and what it was asked."""

    port: int = 0
    answers: list[tuple[int, str]] = field(default_factory=lambda: [(200, "ready")])
    named: list[str | None] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def next(self) -> tuple[int, str]:
        """The next answer; the last one for good."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def place(self) -> ready.Place:
        """Where it is reached."""
        return ready.Place(HOST, LOOPBACK, self.port)


def handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    """Answers as the gateway shall."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            gateway.asked.append((self.headers["Host"], self.path))
            status, body = gateway.next()
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None:
            pass

    return Answers


class Server(ThreadingHTTPServer):
    """Refused handshakes are what some tests want: they are no news."""

    def handle_error(self, *_: object) -> None:
        pass


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    """A certificate authority of this test's own."""
    return Pki(tmp_path / "pki")


@pytest.fixture
def authority(pki: Pki) -> str:
    """What clients trust."""
    return pki.authority("gateway").certificate_pem.decode()


Start = Callable[..., Gateway]


@pytest.fixture
def start(pki: Pki) -> Iterator[Start]:
    """Starts gateways whose certificate is for ``name``."""
    servers: list[ThreadingHTTPServer] = []

    def begin(*answers: tuple[int, str], name: str = HOST) -> Gateway:
        gateway = Gateway(answers=list(answers) or [(200, "ready")])
        pki.leaf(Leaf("server", "gateway", name, hosts=(name,)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.directory / "server.crt", pki.directory / "server.key")
        context.sni_callback = lambda _, said, __: gateway.named.append(said)
        server = Server((LOOPBACK, 0), handler(gateway))
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        gateway.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return gateway

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback answers at once: what takes minutes is broken."""
    monkeypatch.setattr(ready, "PATIENCE", 10.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For systems that never become ready."""
    monkeypatch.setattr(ready, "PATIENCE", 0.6)


def refused(places: dict[str, ready.Place], authority: str) -> OpsError:
    """The error of a wait in vain; nothing may be reported as ready."""
    said: list[str] = []
    with pytest.raises(OpsError) as caught:
        ready.wait(places, authority, said.append)
    assert said == []
    return caught.value


def test_a_ready_system_is_reported_with_its_address(start: Start, authority: str) -> None:
    gateway = start()
    said: list[str] = []
    ready.wait({"shop": gateway.place}, authority, said.append)
    assert said == [f"shop answers at https://{HOST}:{gateway.port}"]


def test_its_name_goes_into_tls_and_the_request_without_being_resolved(
    start: Start, authority: str
) -> None:
    gateway = start()
    ready.wait({"shop": gateway.place}, authority, print)
    assert gateway.named == [HOST]
    assert gateway.asked == [(f"{HOST}:{gateway.port}", "/health/ready")]


def test_the_usual_port_is_not_said() -> None:
    assert ready.Place(HOST, LOOPBACK).url == f"https://{HOST}"


def test_it_is_asked_until_it_is_ready(start: Start, authority: str) -> None:
    gateway = start((503, "database: starting"), (404, "no route yet"), (200, "ready"))
    ready.wait({"shop": gateway.place}, authority, print)
    assert len(gateway.asked) == 3


@pytest.mark.usefixtures("impatient")
def test_who_is_not_ready_is_named_with_the_answer_and_what_to_do(
    start: Start, authority: str
) -> None:
    fine, broken = start(), start((503, "database: connection refused"))
    said: list[str] = []
    with pytest.raises(OpsError) as caught:
        ready.wait({"fine": fine.place, "shop": broken.place}, authority, said.append)
    error = caught.value
    assert [line.split()[0] for line in said] == ["fine"]
    assert error.id == "systems-not-ready"
    text = str(error)
    assert "1 of 2 systems" in text and "fine" not in text
    url = f"https://{HOST}:{broken.port}/health/ready"
    assert f"shop ({url}): HTTP 503: database: connection refused" in text
    for command in ("`alicerce env`", "`kubectl get pods,events -A`", "`alicerce up`"):
        assert command in text


@pytest.mark.usefixtures("impatient")
def test_all_are_asked_side_by_side_and_all_are_named(start: Start, authority: str) -> None:
    down = start((500, "broken"))
    started = time.monotonic()
    text = str(refused(dict.fromkeys(("one", "two", "three"), down.place), authority))
    assert time.monotonic() - started < 3 * ready.PATIENCE
    assert [name in text for name in ("one (", "two (", "three (")] == [True] * 3


@pytest.mark.usefixtures("impatient")
def test_a_gateway_that_does_not_listen_is_said(authority: str) -> None:
    text = str(refused({"shop": ready.Place(HOST, LOOPBACK, free_port())}, authority))
    assert "ConnectError" in text and "refused" in text


@pytest.mark.usefixtures("impatient")
def test_a_redirect_is_no_readiness(start: Start, authority: str) -> None:
    assert "HTTP 302" in str(refused({"shop": start((302, "")).place}, authority))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_certificate_that_cannot_be_verified_is_never_asked(
    start: Start, authority: str, tmp_path: Path, wrong: str
) -> None:
    if wrong == "authority":
        gateway = start()
        authority = Pki(tmp_path / "other").authority("gateway").certificate_pem.decode()
    else:
        gateway = start(name="other.example.invalid")
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused({"shop": gateway.place}, authority))
    assert gateway.asked == []


def test_a_silent_gateway_is_not_waited_for_without_end(authority: str, pki: Pki) -> None:
    with Server((LOOPBACK, 0), BaseHTTPRequestHandler) as silent:  # it accepts, and that is all
        place = ready.Place(HOST, LOOPBACK, silent.server_port)
        client = ready.client(place, authority, timeout=0.2)
        started = time.monotonic()
        with client, pytest.raises(httpx.TimeoutException):
            client.get(ready.READY_PATH)
    assert time.monotonic() - started < 3
