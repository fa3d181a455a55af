"""A stack by its name: where its file is, and the platform it describes."""

from __future__ import annotations

import os
from pathlib import Path

from infra.settings.errors import SettingsError
from infra.settings.load import CONTEXT_VARIABLE, from_stack_file
from infra.settings.platform import Platform
from ops.paths import ROOT
from stacks.systems import SYSTEMS

LOCAL = "local"


def stack_file(stack: str = LOCAL) -> Path:
    """The operator's words for a stack."""
    return ROOT / f"Pulumi.{stack}.yaml"


def platform_of(stack: str = LOCAL) -> Platform:
    """What the stack's file describes; raises ``SettingsError`` with all that is wrong."""
    return from_stack_file(stack_file(stack), SYSTEMS)


def kube_context(stack: str = LOCAL) -> str | None:
    """The existing cluster that a stack names; None for the embedded one.

    A file that is refused names what the environment names: whoever reads the
    whole platform says what is wrong with it.
    """
    try:
        return platform_of(stack).kube_context
    except SettingsError:
        return os.environ.get(CONTEXT_VARIABLE) or None
