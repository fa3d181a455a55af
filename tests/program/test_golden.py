"""The URNs of every tier. A change here is a resource made, removed or replaced: mean it.

A rename or a new parent needs an alias in the component, or what it holds is lost.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops.render import Registered
from tests.support import TIERS, platform, program, run

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("tier", TIERS)
def test_the_urns_are_those_that_were_agreed_on(tier: str) -> None:
    """After a change that is meant: ``ALICERCE_GOLDEN=write pytest tests/program``."""
    path = GOLDEN / f"{tier}.urns"
    text = "".join(f"{urn}\n" for urn in sorted(map(_tail, program(tier).resources)))
    if os.environ.get("ALICERCE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def _tail(resource: Registered) -> str:
    """The URN without the stack's name and the mock engine's root."""
    return resource.urn.split("::", 2)[2].removeprefix("pulumi:pulumi:Stack$")


def test_the_same_program_registers_the_same_twice() -> None:
    """Order of sets and chance must not reach a plan."""
    first, second = run(platform("local")), run(platform("local"))
    assert [(e.urn, e.inputs) for e in sorted(first.resources, key=lambda e: e.urn)] == [
        (e.urn, e.inputs) for e in sorted(second.resources, key=lambda e: e.urn)
    ]
