"""The embedded cluster of a platform, with this checkout's tools and settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.settings.platform import Platform
from ops.paths import ROOT, state_dir
from toolchain import tools
from toolchain.embedded import Cluster, ClusterSettings


def cluster_of(platform: Platform, paths: Mapping[str, Path]) -> Cluster:
    """The cluster that the platform asks for."""
    return Cluster(
        ClusterSettings(
            state=state_dir(),
            tools={name: paths[name] for name in tools.CLUSTER_TOOLS},
            nodes=platform.nodes,
            checkout=ROOT,
        )
    )


def existing_cluster() -> Cluster:
    """The cluster that may be running, for taking it down: needs no tools."""
    return Cluster(ClusterSettings(state=state_dir(), checkout=ROOT))
