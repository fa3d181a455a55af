"""The W3C trace context of a request: taken from `traceparent`, or begun here."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_SAMPLED = 1
_propagator = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class Trace:
    """One request's place in a trace; ids are lower-case hexadecimal."""

    trace_id: str
    span_id: str
    parent_id: str | None
    flags: int

    @property
    def header(self) -> str:
        """The `traceparent` that names this request as the parent."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def follow(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """Continues the caller's trace; a missing, doubled or malformed header begins a new one."""
    found = [value.decode("latin-1") for name, value in headers if name == b"traceparent"]
    span_id = secrets.token_hex(8)
    # The standard says that several traceparent headers are as good as none.
    carrier = {"traceparent": found[0]} if len(found) == 1 else {}
    parent = trace.get_current_span(_propagator.extract(carrier, Context())).get_span_context()
    if not parent.is_valid:
        return Trace(secrets.token_hex(16), span_id, None, _SAMPLED)
    return Trace(
        trace.format_trace_id(parent.trace_id),
        span_id,
        trace.format_span_id(parent.span_id),
        int(parent.trace_flags) & _SAMPLED,
    )
