"""What goes wrong, told to clients as problem+json (RFC 9457): what happened, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

_log = structlog.stdlib.get_logger("reference.problems")


class Problem(Exception):  # noqa: N818 - the word of RFC 9457, and not always a fault
    """An answer other than success.

    `title` says what, `action` says what to do. `headers` go into the answer.
    """

    def __init__(
        self, status: int, title: str, action: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.action = action
        self.headers = headers or {}

    def response(self) -> JSONResponse:
        """The answer, with the trace id under which the log has the details."""
        trace_id = structlog.contextvars.get_contextvars().get("trace_id")
        content = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "action": self.action,
            "trace_id": trace_id,
        }
        return JSONResponse(
            content, self.status, self.headers, media_type="application/problem+json"
        )


def unavailable(part: str) -> Problem:
    """503: a part that this request needs doesn't answer just now."""
    title = f"The {part} can't be reached."
    return Problem(503, title, "Try again in a few seconds.", {"Retry-After": "2"})


def unconfigured(part: str) -> Problem:
    """503: this system was deployed without the part that the request needs."""
    return Problem(503, f"This system has no {part}.", f"Mount the {part} secret, or don't ask.")


@contextmanager
def needing(part: str, *errors: type[BaseException]) -> Iterator[None]:
    """Logs `errors` and answers 503 in their place."""
    try:
        yield
    except errors as error:
        _log.warning("dependency failed", dependency=part, error=describe(error))
        raise unavailable(part) from error


def describe(error: BaseException) -> str:
    """Kind and first line of an error: further lines can carry a row's values."""
    first = str(error).partition("\n")[0][:200]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response()


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    action = {404: "Check the path.", 405: "Use another method; see the Allow header."}
    title = str(error.detail)
    headers = dict(error.headers or {})
    what_to_do = action.get(error.status_code, "Correct the request.")
    return Problem(error.status_code, title, what_to_do, headers).response()


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Where and why, never the value sent: it could be anything, a password included.
    found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return Problem(422, f"The request isn't valid: {found}", "Correct it, send it anew.").response()


def install(app: FastAPI) -> None:
    """Makes `app` answer every expected error as problem+json."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
