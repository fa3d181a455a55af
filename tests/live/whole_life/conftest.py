"""How long the drill is."""

from __future__ import annotations

import pytest


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many engines are killed."""
    return int(request.config.getoption("--kills"))
