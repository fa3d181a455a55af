"""The provider's own configuration: what `kubernetes.Provider(...)` was given."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .values import Obj, Unknown, has_unknown, is_unknown_text, plain

_PREFIX = "kubernetes:config:"

#: Options of the official plugin that this one can't honour, with the way out.
UNSUPPORTED = {
    "renderYamlToDirectory": "it writes no YAML files",
    "helmReleaseSettings": "it has no Helm",
}


@dataclass(frozen=True)
class Settings:
    """Typed options. Defaults and environment variables are those of the official plugin."""

    kubeconfig: Any = field(default="", repr=False)
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    suppress_deprecation_warnings: bool = False
    patch_force: bool = False
    upsert_existing: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    #: The kubeconfig is an output of something that doesn't exist yet (previews only).
    deferred: bool = False


def read_settings(variables: Mapping[str, str], args: Obj) -> Settings:
    """From Configure's request: `variables` (strings), or `args` where those are left out."""
    known = {key.removeprefix(_PREFIX): value for key, value in variables.items()}
    given = plain(args)
    unknown = {key for key, value in known.items() if is_unknown_text(value)}
    unknown |= {key for key, value in given.items() if has_unknown(value)}
    for key, value in given.items():
        known.setdefault(key, _as_text(value))
    return Settings(
        kubeconfig=known.get("kubeconfig") or "",
        context=_text(known, "context"),
        cluster=_text(known, "cluster"),
        namespace=_text(known, "namespace"),
        delete_unreachable=_flag(known, "deleteUnreachable", "DELETE_UNREACHABLE"),
        skip_update_unreachable=_flag(known, "skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
        suppress_deprecation_warnings=_flag(
            known, "suppressDeprecationWarnings", "SUPPRESS_DEPRECATION_WARNINGS"
        ),
        patch_force=_flag(known, "enablePatchForce", "ENABLE_PATCH_FORCE"),
        upsert_existing=_flag(known, "upsertExistingObjects", "UPSERT_EXISTING_OBJECTS"),
        config_map_mutable=_flag(known, "enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
        secret_mutable=_flag(known, "enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
        deferred=bool(unknown & {"kubeconfig", "context", "cluster"}),
    )


def _as_text(value: Any) -> Any:
    """Args carry typed values where variables carry strings: bring them to the same form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list) and not has_unknown(value):
        return json.dumps(value)
    return "" if isinstance(value, Unknown) or value is None else value


def _text(known: Mapping[str, Any], key: str) -> str:
    value = known.get(key)
    return value if isinstance(value, str) else ""


def _flag(known: Mapping[str, Any], key: str, env: str) -> bool:
    """The option where it was given, else PULUMI_K8S_<env>, else off."""
    value = known[key] if key in known else os.environ.get(f"PULUMI_K8S_{env}", "")
    return bool(value == "true")


def unsupported_reason(inputs: Obj) -> tuple[str, str] | None:
    """The first option that this plugin can't honour, and why; None if there is none."""
    values = plain(inputs)
    for key, why in UNSUPPORTED.items():
        if values.get(key):
            return key, f"the fallback Kubernetes plugin doesn't support {key}: {why}. {INSTALL}"
    if values.get("enableServerSideApply") in (False, "false"):
        why = "it changes objects by server-side apply only"
        return "enableServerSideApply", f"the fallback Kubernetes plugin: {why}. {INSTALL}"
    return None


INSTALL = "Install the official plugin for this: pulumi plugin install resource kubernetes 4.34.2"
