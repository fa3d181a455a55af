"""Requests to one API server over kept-alive connections."""

# ruff: noqa: PLC0415 -- what a start may not need is imported where it is used

from __future__ import annotations

import json
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .errors import ApiError, ConfigError, UnreachableError, unreachable_text
from .kubeconfig import Connection
from .values import Obj

if TYPE_CHECKING:
    import urllib3

Warn = Callable[[str], None] | None

JSON = "application/json"
APPLY = "application/apply-patch+yaml"  # JSON is YAML; older servers know only this name
JSON_PATCH = "application/json-patch+json"
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 60.0
#: A watch hears a bookmark about once a minute: longer silence means that the line is dead.
_SILENCE_SECONDS = 300.0
#: Failures to connect are tried again: an API server that restarts is back within seconds.
_CONNECT_RETRIES = 3


class Transport:
    """One API server. Safe to use from many threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pool: urllib3.HTTPConnectionPool | urllib3.ProxyManager = _pool(connection)

    def request(  # noqa: PLR0913 -- a request has that many parts
        self,
        verb: str,
        path: str,
        *,
        operation: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        warn: Warn = None,
    ) -> Obj:
        """Send one request and decode its answer; `warn` is told what the server warns of.

        Raises ApiError for an answer that isn't a success, UnreachableError for none.
        """
        response = self._send(verb, path, query, body, content_type, stream=False)
        answer = _decode(response.data)
        if response.status >= 400:
            raise ApiError(response.status, answer, operation)
        if warn is not None:
            for text in _warnings(response):
                warn(text)
        return answer

    def text(self, path: str, *, operation: str, query: Mapping[str, str] | None = None) -> str:
        """A plain-text answer, e.g. a container's log."""
        response = self._send("GET", path, query, None, JSON, stream=False)
        if response.status >= 400:
            raise ApiError(response.status, _decode(response.data), operation)
        return bytes(response.data).decode("utf-8", "replace")

    def stream(
        self, path: str, *, operation: str, query: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """Open a watch. The caller reads lines and closes the response; `shutdown()` wakes it."""
        response = self._send("GET", path, query, None, JSON, stream=True)
        if response.status >= 400:
            answer = _decode(response.data)
            response.release_conn()
            raise ApiError(response.status, answer, operation)
        return response

    def _send(  # noqa: PLR0913 -- what `request` was given
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Any,
        content_type: str,
        *,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        import urllib3

        url = self.connection.server + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": JSON, "User-Agent": "pulumi-kubernetes-fallback", **self._login()}
        if body is not None:
            headers["Content-Type"] = content_type
        retries = urllib3.Retry(
            total=None, connect=_CONNECT_RETRIES, read=1, status=0, redirect=0, other=0,
            backoff_factor=0.5,
        )  # fmt: skip
        try:
            return self._pool.urlopen(
                verb,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                retries=retries,
                timeout=urllib3.Timeout(
                    connect=_CONNECT_SECONDS,
                    read=_SILENCE_SECONDS if stream else _ANSWER_SECONDS,
                ),
                preload_content=not stream,
                assert_same_host=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(self._unreachable(error)) from None

    def _login(self) -> dict[str, str]:
        """The authorization header; a token file is read anew, since it is rotated."""
        import urllib3

        token = self.connection.token
        if self.connection.token_file:
            token = Path(self.connection.token_file).read_text(encoding="utf-8").strip()
        if token:
            return {"Authorization": f"Bearer {token}"}
        if self.connection.basic:
            return urllib3.make_headers(basic_auth=self.connection.basic)
        return {}

    def _unreachable(self, error: Exception) -> str:
        # urllib3 wraps the cause: the innermost message is the one that means something.
        cause: BaseException = getattr(error, "reason", None) or error
        words = str(cause).rpartition(": ")[2] or type(cause).__name__
        return unreachable_text(self.connection.server, self.connection.context, words)


def _warnings(response: urllib3.BaseHTTPResponse) -> list[str]:
    """The texts of the Warning headers: `299 - "policy/v1beta1 is deprecated"` (RFC 7234)."""
    headers = response.headers.getlist("Warning")
    return [header.partition('"')[2].rpartition('"')[0].replace('\\"', '"') for header in headers]


def _decode(data: bytes) -> Obj:
    try:
        answer = json.loads(data or b"{}")
    except ValueError:
        return {"message": bytes(data[:500]).decode("utf-8", "replace")}
    return answer if isinstance(answer, dict) else {"message": str(answer)}


def _pool(connection: Connection) -> urllib3.HTTPConnectionPool | urllib3.ProxyManager:
    import urllib3

    options: dict[str, Any] = {"maxsize": 64, "block": False}
    if connection.server.startswith("https:"):
        options["ssl_context"] = _tls(connection)
        if connection.server_name:
            options |= {
                "server_hostname": connection.server_name,
                "assert_hostname": connection.server_name,
            }
    if connection.proxy:
        return urllib3.ProxyManager(connection.proxy, **options)
    return urllib3.connection_from_url(connection.server, **options)


def _tls(connection: Connection) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=connection.ca.decode() or None)
        if not connection.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if connection.certificate:
            with _as_file(connection.certificate + b"\n" + connection.key) as path:
                context.load_cert_chain(path)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"the kubeconfig's certificates can't be used: {error}") from None
    return context


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """The ssl module takes key material only from a file: one that no other user can read."""
    handle, path = tempfile.mkstemp(prefix="plugin-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink()
