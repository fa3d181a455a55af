"""Counts the tests of each layer, and fails the run if a layer shrinks.

A layer that silently collects nothing would look like a success. The expected
counts stand in ``layers.toml``; raise one when its layer grows.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXPECTED: dict[str, int] = tomllib.loads((HERE / "layers.toml").read_text())["layers"]

# Formatting an Output into text must fail, not put a warning into a name.
os.environ.setdefault("PULUMI_ERROR_OUTPUT_STRING", "true")

_collected: Counter[str] = Counter()
_selected = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the drills are."""
    parser.addoption("--kills", type=int, default=3, help="engines that the long drill kills")


def layer_of(path: Path) -> str:
    """The layer is the first folder under ``tests``."""
    return path.relative_to(HERE).parts[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the cheap layers first, in the order of ``layers.toml``."""
    order = list(EXPECTED)
    items.sort(
        key=lambda item: order.index(layer_of(item.path)) if layer_of(item.path) in order else 99
    )
    _collected.update(layer_of(item.path) for item in items)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """One line a layer."""
    return [f"layer {name}: {_collected[name]} tests" for name in EXPECTED if _collected[name]]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail when a whole layer was asked for and has fewer tests than it had."""
    if session.config.getoption("keyword") or session.config.getoption("markexpr"):
        return
    asked = {Path(argument.split("::")[0]).resolve() for argument in session.config.args}
    for name, expected in EXPECTED.items():
        whole = HERE in asked or HERE.parent in asked or HERE / name in asked
        ignored = session.config.getoption("ignore") or []
        if not whole or any(Path(path).resolve() == HERE / name for path in ignored):
            continue
        if _collected[name] < expected:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            print(f"\nlayer {name} shrank: {_collected[name]} tests, {expected} expected")
