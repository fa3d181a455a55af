"""The trace context: continued when it is right, begun anew when it isn't."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.tracing import follow

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01"
SHAPE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")


def test_continued() -> None:
    trace = follow([(b"traceparent", GOOD.encode())])
    assert (trace.trace_id, trace.parent_id, trace.flags) == (TRACE, SPAN, 1)
    assert trace.span_id != SPAN
    assert trace.header == f"00-{TRACE}-{trace.span_id}-01"


def test_not_sampled_stays_so() -> None:
    assert follow([(b"traceparent", GOOD[:-1].encode() + b"0")]).flags == 0


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        (GOOD, GOOD),
        (GOOD.upper(),),
        (f"ff-{TRACE}-{SPAN}-01",),
        (f"00-{'0' * 32}-{SPAN}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"{GOOD}-more",),
        (GOOD[:-1],),
        ("x" * 10_000,),
    ],
)
def test_begun_anew(values: tuple[str, ...]) -> None:
    trace = follow([(b"traceparent", value.encode()) for value in values])
    assert trace.parent_id is None
    assert trace.trace_id != TRACE
    assert SHAPE.fullmatch(trace.header)


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_anything_gives_a_right_header(value: str) -> None:
    assert SHAPE.fullmatch(follow([(b"traceparent", value.encode("latin-1"))]).header)
