"""What runs, said in types."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolchain.embedded.api import Api, condition
from toolchain.embedded.layout import Layout
from toolchain.embedded.lock import Holder, MachineLock
from toolchain.embedded.node_programs import ZONE_LABEL
from toolchain.embedded.settings import ClusterSettings
from toolchain.embedded.supervise import Supervisor

METRICS_API = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"


@dataclass(frozen=True)
class ProgramStatus:
    """One supervised process; ``state`` is the supervisor's word (RUNNING, FATAL, ...)."""

    name: str
    state: str
    pid: int
    log: Path


@dataclass(frozen=True)
class NodeStatus:
    """One node as the API server sees it."""

    name: str
    ready: bool
    zone: str


@dataclass(frozen=True)
class ClusterStatus:
    """The cluster as it is now. ``owner`` may be another checkout."""

    running: bool
    api_ready: bool
    metrics_ready: bool
    owner: Holder | None
    programs: tuple[ProgramStatus, ...]
    nodes: tuple[NodeStatus, ...]
    kubeconfig: Path

    @property
    def healthy(self) -> bool:
        """Every program runs and every node is ready."""
        programs = bool(self.programs) and all(one.state == "RUNNING" for one in self.programs)
        nodes = bool(self.nodes) and all(node.ready for node in self.nodes)
        return self.running and self.api_ready and programs and nodes


def read(
    settings: ClusterSettings, layout: Layout, supervisor: Supervisor, lock: MachineLock
) -> ClusterStatus:
    """Ask the supervisor, the API server and the lock what is."""
    alive = supervisor.alive()
    with _api_if(alive, settings, layout) as api:
        ready = api is not None and api.ready()
        nodes = _nodes(api) if api is not None and ready else ()
        metrics = api.get(METRICS_API) if api is not None and ready else None
    return ClusterStatus(
        running=alive,
        api_ready=ready,
        metrics_ready=condition(metrics, "Available"),
        owner=lock.owner(),
        programs=tuple(
            ProgramStatus(one.name, one.state, one.pid, layout.logs / f"{one.name}.log")
            for one in (supervisor.programs() if alive else [])
        ),
        nodes=nodes,
        kubeconfig=layout.kubeconfig,
    )


@contextlib.contextmanager
def _api_if(alive: bool, settings: ClusterSettings, layout: Layout) -> Iterator[Api | None]:
    # A start that was killed early may have left no certificates to ask with.
    if not alive or not layout.key("admin").exists():
        yield None
        return
    with contextlib.closing(Api(settings, layout)) as api:
        yield api


def _nodes(api: Api) -> tuple[NodeStatus, ...]:
    items = (api.get("/api/v1/nodes") or {}).get("items", [])
    return tuple(
        NodeStatus(
            name=item["metadata"]["name"],
            ready=condition(item, "Ready"),
            zone=item["metadata"]["labels"].get(ZONE_LABEL, ""),
        )
        for item in items
    )
