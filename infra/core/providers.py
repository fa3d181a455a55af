"""Explicit providers. Nothing falls back on what the machine happens to be logged in to."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes import Provider

from infra.settings.versions import PULUMI_KUBERNETES


def kubernetes(name: str, context: str) -> Provider:
    """A provider for the cluster of one kubeconfig context, by name.

    The file is where ``KUBECONFIG`` says, which is the plugin's to read: a path of one machine
    has no place in a state. A context that is not there is an error that names it; the current
    context is never asked.
    """
    return Provider(
        name,
        context=context,
        enable_server_side_apply=True,
        # An engine that was killed between making an object and writing it down finds it again:
        # every name is decided by the program, and field conflicts are still refused.
        upsert_existing_objects=True,
        # Else each change of a value would replace the object, and Pods would miss it meanwhile.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=pulumi.ResourceOptions(version=PULUMI_KUBERNETES),
    )
