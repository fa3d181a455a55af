"""Checks that the embedded cluster makes itself, asked before anything is built."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ops.doctor.problems import Problem
from ops.paths import ROOT, state_dir
from toolchain.embedded import Cluster, ClusterError, ClusterSettings, cleanup, preflight

# What the other checks say with more detail, or what `up` does before the cluster starts.
SAID_ELSEWHERE = frozenset(
    {"not-root", "package-missing", "tool-missing", "disk-full", "memory-low"}
)


def check_ground(settings: ClusterSettings | None = None) -> Iterator[Problem]:
    """Ports, addresses, routes and kernel features of the cluster, unless one runs."""
    try:
        cluster = Cluster(settings or ClusterSettings(state=state_dir(), checkout=ROOT))
        owner = cluster.lock.owner()
        if owner is not None and owner.checkout != str(cluster.settings.checkout):
            yield Problem(
                "cluster-of-another-checkout",
                f"the embedded cluster of {owner.checkout} runs (pid {owner.pid}),"
                " and one machine runs one",
                f"run `make down` in {owner.checkout}, or set ALICERCE_KUBE_CONTEXT to use it",
            )
        # Without root neither can be asked, and `not-root` says so.
        if os.geteuid() == 0 and owner is None and not cleanup.leftovers(cluster.layout):
            preflight.check(cluster.settings)
    except ClusterError as error:
        for found in error.problems:
            if found.id not in SAID_ELSEWHERE:
                yield Problem(found.id, f"{found.what} ({found.where}): {found.why}", found.fix)
