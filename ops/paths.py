"""The files and folders that a run uses, in the checkout and outside it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def state_dir() -> Path:
    """Where a running cluster and the local stack live: ``ALICERCE_STATE``."""
    return Path(os.environ.get("ALICERCE_STATE") or "/var/lib/alicerce")


def evidence_dir() -> Path:
    """Where a failed run keeps what it saw."""
    return state_dir() / "evidence"


def kubeconfig() -> Path:
    """The embedded cluster's administrator access, as ``toolchain.embedded`` lays it out."""
    return state_dir() / "pki" / "kubeconfig" / "admin.conf"
