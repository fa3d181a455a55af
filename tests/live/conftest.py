"""One running platform for all live tests, brought up as an operator would.

If it already runs it is used as it is and left running; else it is taken down
at the end.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import deploy, engine
from ops.cluster import existing_cluster
from ops.paths import kubeconfig
from ops.stack import LOCAL
from tests.live.support import ALICERCE, Live


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a cluster; folders that start their own run first."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("live")


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """The platform, running, with all systems ready."""
    was_up = existing_cluster().status().running
    subprocess.run([ALICERCE, "up"], check=True)
    # Tests that call the engine by name find the tools that `alicerce env` gives a shell.
    os.environ["PATH"] = engine.environment()["PATH"]
    yield Live(deploy.exports(LOCAL), kubeconfig())
    if not was_up:
        subprocess.run([ALICERCE, "down"], check=True)


@pytest.fixture(scope="session")
def cluster(live: Live) -> Live:
    """The same, for tests that only need its Kubernetes (``.kubeconfig``)."""
    return live
