"""Kubernetes objects as Pulumi resources, written the way Kubernetes' own documents write them.

The tokens, the inputs and the plugin are those of ``pulumi_kubernetes``, so a state made by
one is read by the other. Its typed classes are left aside for their price: 200 Deployments took
2.1 s through them and 0.4 s like this, on top of 2 s of imports, in each of the two runs of the
program that an update has. The component tests check every field against the types instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.settings.names import MANAGER
from infra.settings.versions import PULUMI_KUBERNETES

# pulumi_kubernetes names the legacy group "core"; every other token is the apiVersion as it is.
_CORE = "core/v1"
_MANAGER = "pulumi.com/patchFieldManager"


def token_of(api_version: str, kind: str) -> str:
    """The Pulumi type of a Kubernetes kind: ``kubernetes:apps/v1:Deployment``."""
    return f"kubernetes:{_CORE if api_version == 'v1' else api_version}:{kind}"


class Manifest(pulumi.CustomResource):
    """One Kubernetes object. Its provider is that of the component it is made in."""

    metadata: pulumi.Output[dict[str, Any]]

    def __init__(
        self, name: str, manifest: Mapping[str, Any], opts: pulumi.ResourceOptions
    ) -> None:
        kind = str(manifest["kind"])
        body = _managed(manifest)
        opts.version = PULUMI_KUBERNETES
        if kind == "Secret":
            opts.additional_secret_outputs = ["data", "stringData"]
        super().__init__(token_of(str(manifest["apiVersion"]), kind), name, body, opts)


def _managed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with one field manager for good.

    The plugin would else draw a name for each object and keep it in the state: what a killed
    engine made but did not write down would then be refused as somebody else's.
    """
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), _MANAGER: MANAGER}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
