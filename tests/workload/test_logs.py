"""Logs: one JSON object a line, and nothing in it that must stay secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from reference import logs
from reference.problems import describe

SECRET = "canary-in-a-local-variable"


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _last(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_trace_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    with structlog.contextvars.bound_contextvars(trace_id="abc"):
        structlog.stdlib.get_logger("here").info("request", status=200)
    line = _last(capsys)
    assert line["trace_id"] == "abc"
    assert (line["event"], line["status"], line["level"]) == ("request", 200, "info")


def test_libraries_speak_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("asyncpg").warning("lost %s", "it")
    assert _last(capsys)["event"] == "lost it"


@pytest.mark.parametrize("key", ["password", "Authorization", "secret_access_key", "body"])
def test_hidden(capsys: pytest.CaptureFixture[str], key: str) -> None:
    logs.configure()
    structlog.stdlib.get_logger("here").info("oops", **{key: SECRET})
    assert SECRET not in json.dumps(_last(capsys))


def test_traceback_has_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    password = SECRET
    try:
        raise ValueError(str(len(password)))
    except ValueError:
        structlog.stdlib.get_logger("here").exception("failed")
    line = _last(capsys)
    assert "ValueError" in str(line["exception"])
    assert SECRET not in json.dumps(line)


def test_only_the_first_line_of_an_error() -> None:
    error = ValueError(f"duplicate key\nDETAIL: Key (text)=({SECRET})")
    assert describe(error) == "ValueError: duplicate key"
