"""Clusters of these tests' own: they are taken down and killed on purpose.

They need a machine on which no embedded cluster runs, so they come before the tests
that share one, and fail at once (naming its owner) when somebody's does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.live.cluster.support import Kube
from toolchain import tools
from toolchain.embedded import Cluster, ClusterSettings, ImageArchive
from toolchain.images import build as images

ROOT = Path(__file__).parents[3]
STATE = Path("/var/lib/alicerce-clustertest")
IMAGE = "redis"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These first, within the live layer as everywhere: see above."""
    here = Path(__file__).parent
    items.sort(key=lambda item: not item.path.is_relative_to(here))


def say(line: str) -> None:
    """Progress, shown by ``pytest -s``."""
    print(f"    {line}", flush=True)


@pytest.fixture(scope="session")
def paths() -> Mapping[str, Path]:
    """This checkout's tools."""
    return tools.ensure(tools.CLUSTER_TOOLS, say)


@pytest.fixture(scope="session")
def archive() -> ImageArchive:
    """An image with a shell, getent and a small server: what the probes need."""
    return ImageArchive(images.ensure([IMAGE], say)[0].archive)


@pytest.fixture(scope="session")
def make(paths: Mapping[str, Path]) -> Callable[..., Cluster]:
    """Makes a cluster object of the tests' own state directory."""

    def cluster(nodes: int = 1, **more: object) -> Cluster:
        known = {name: paths[name] for name in tools.CLUSTER_TOOLS}
        options = {"state": STATE, "tools": known, "nodes": nodes, "checkout": ROOT, **more}
        return Cluster(ClusterSettings(**options))  # type: ignore[arg-type]

    return cluster


@pytest.fixture(scope="module")
def single(make: Callable[..., Cluster], archive: ImageArchive) -> Iterator[Cluster]:
    """A cluster of one node, down again when the module is done."""
    yield from _running(make(1), archive)


@pytest.fixture(scope="module")
def triple(make: Callable[..., Cluster], archive: ImageArchive) -> Iterator[Cluster]:
    """A cluster of three nodes, down again when the module is done."""
    yield from _running(make(3), archive)


def _running(cluster: Cluster, archive: ImageArchive) -> Iterator[Cluster]:
    try:
        cluster.up([archive], say)
        yield cluster
    finally:
        if cluster.supervisor.alive() or cluster.layout.baseline.exists():
            cluster.down(say)


@pytest.fixture
def kube_of(paths: Mapping[str, Path], archive: ImageArchive) -> Callable[[Cluster], Kube]:
    """kubectl for a cluster, in its default namespace."""
    return lambda cluster: Kube(cluster, paths["kubectl"], archive.references[0])


@pytest.fixture
def space(
    request: pytest.FixtureRequest, single: Cluster, kube_of: Callable[[Cluster], Kube]
) -> Iterator[Kube]:
    """A namespace of the test's own on the single node, gone afterwards."""
    name = request.node.name.replace("_", "-").split("[")[0][:50].strip("-")
    kube = kube_of(single).in_namespace(name)
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield kube
    kube.run("delete", "namespace", name, "--wait=false")
