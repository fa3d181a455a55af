"""JSON lines on standard output, for this package and for the libraries alike."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = ("password", "secret", "authorization", "cookie", "token", "body", "credential")


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hides values whose key names a secret: the last guard, not the first."""
    for key in event:
        if any(word in key.lower() for word in _HIDDEN):
            event[key] = "[hidden]"
    return event


def configure(level: int = logging.INFO) -> None:
    """Sends every log of the process to standard output, one JSON object a line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Plain tracebacks: the structured ones carry local variables, and with them secrets.
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("botocore", "aiobotocore", "aiohttp", "asyncio", "uvicorn", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
