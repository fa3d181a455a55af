"""Waits until every system answers through the gateway, over verified TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
from tenacity import RetryError, Retrying, stop_after_delay, wait_fixed

from ops.errors import OpsError

Report = Callable[[str], None]

READY_PATH = "/health/ready"
PATIENCE = 300.0  # seconds; a database's first start takes most of them
POLL = 0.25  # seconds between two questions: an answer over HTTP can only be polled


@dataclass(frozen=True)
class Place:
    """A system's host name, and the address at which the gateway takes it."""

    host: str
    address: str
    port: int = 443

    @property
    def url(self) -> str:
        """What a browser would be told."""
        return str(httpx.URL(scheme="https", host=self.host, port=self.port))


class _AtAddress(httpx.HTTPTransport):
    """Connects to a place's address; the host's name goes into TLS and the Host header.

    ``<system>.localhost`` need not resolve on this machine.
    """

    def __init__(self, place: Place, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._place = place

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": self._place.host}
        request.url = request.url.copy_with(host=self._place.address)
        return super().handle_request(request)


def client(place: Place, authority: str, timeout: float = 10.0) -> httpx.Client:
    """An HTTPS client of one system that trusts only ``authority``; ``timeout`` in seconds."""
    context = ssl.create_default_context(cadata=authority)
    return httpx.Client(base_url=place.url, transport=_AtAddress(place, context), timeout=timeout)


def wait(places: Mapping[str, Place], authority: str, report: Report) -> None:
    """Wait for each system (by slug) to be ready.

    Raises ``OpsError`` ``systems-not-ready`` that names each one and its failing checks.
    """
    with ThreadPoolExecutor(len(places)) as pool:
        answers = pool.map(lambda slug: _wait_for(slug, places[slug], authority, report), places)
        failures = [failure for failure in answers if failure]
    if failures:
        raise _not_ready(failures, len(places))


def _wait_for(slug: str, place: Place, authority: str, report: Report) -> str | None:
    answer = "no answer yet"
    with client(place, authority) as connection:
        try:
            for attempt in Retrying(stop=stop_after_delay(PATIENCE), wait=wait_fixed(POLL)):
                with attempt:
                    try:
                        response = connection.get(READY_PATH)
                    except httpx.HTTPError as error:
                        answer = f"{type(error).__name__}: {error}"
                        raise
                    answer = f"HTTP {response.status_code}: {response.text[:300]}"
                    response.raise_for_status()
        except RetryError:
            return f"{slug} ({place.url}{READY_PATH}): {answer}"
    report(f"{slug} answers at {place.url}")
    return None


def _not_ready(failures: Sequence[str], asked: int) -> OpsError:
    return OpsError(
        "systems-not-ready",
        what=f"{len(failures)} of {asked} systems did not become ready in {PATIENCE:.0f} s",
        where="through the gateway",
        why="\n         ".join(failures),
        fix="`alicerce env` gives a shell's variables; then `kubectl get pods,events -A` shows"
        " what each one waits for. When that is mended, `alicerce up` goes on from here",
    )
