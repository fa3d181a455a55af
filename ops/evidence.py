"""Keeps what a failed run saw: one folder a failure, small enough to send."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from ops import engine
from ops.paths import evidence_dir, kubeconfig
from ops.stack import kube_context
from toolchain.errors import ToolchainError

KEPT = 5
PATIENCE = 15.0  # seconds for one answer: a cluster that failed may be silent
QUESTIONS = {
    "pods.txt": ["get", "pods", "-A", "-o", "wide"],
    "events.txt": ["get", "events", "-A", "--sort-by=.lastTimestamp"],
    "nodes.txt": ["describe", "nodes"],
    "workloads.txt": ["get", "deployments,statefulsets,jobs", "-A"],
    # Alone: before its operator is there, the unknown kind would fail the whole question.
    "databases.txt": ["get", "clusters.postgresql.cnpg.io", "-A"],
}


def collect(error: BaseException) -> Path:
    """Write the error and the cluster's own view of itself; return the folder.

    Nothing here reads Secrets, ConfigMaps or environments. A question without an
    answer says so in its file; raises ``OSError`` when nothing can be written.
    """
    folder = evidence_dir() / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "error.txt").write_text(f"{type(error).__name__}: {error}\n")
    context = kube_context()
    # Never a cluster that merely happens to be the current one of this user.
    if context is not None or kubeconfig().exists():
        which = [] if context is None else [f"--context={context}"]
        for name, question in QUESTIONS.items():
            (folder / name).write_text(_ask([*which, *question]))
    _forget_old()
    return folder


def _ask(question: list[str]) -> str:
    command = ["kubectl", "--request-timeout=5s", *question]
    try:
        # `replace`: a program may print anything, and this must not fail on the way.
        answer = subprocess.run(
            command, env=dict(engine.full_environment()), capture_output=True,
            text=True, errors="replace", timeout=PATIENCE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired, ToolchainError) as error:
        return f"not to be had: {error}\n"
    return answer.stdout + answer.stderr


def _forget_old() -> None:
    folders = sorted(path for path in evidence_dir().iterdir() if path.is_dir())
    for stale in folders[:-KEPT]:
        shutil.rmtree(stale)
