"""Reading a kubeconfig: where the API server is, and how to prove who we are."""

# ruff: noqa: PLC0415 -- what a start may not need is imported where it is used

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .objects import as_list, as_map
from .values import Obj


@dataclass(frozen=True)
class Connection:
    """Everything needed to talk to one API server. Key material stays out of the repr."""

    server: str
    context: str
    namespace: str
    verify: bool = True
    server_name: str = ""
    ca: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    basic: str = field(default="", repr=False)
    proxy: str = ""


def load(source: Any) -> tuple[Obj, Path]:
    """The kubeconfig in `source`: contents, a path, a mapping; if empty, the ambient one.

    Returns it with the folder that its relative paths start from. Raises ConfigError.
    """
    if isinstance(source, dict):
        return source, Path()
    text = str(source or "")
    if not text:
        return _ambient()
    path = Path(text).expanduser() if "\n" not in text and len(text) < 4096 else None
    if path is not None and path.is_file():
        return _parse(path.read_text(encoding="utf-8"), str(path)), path.parent
    return _parse(text, "the provider's kubeconfig"), Path()


def _ambient() -> tuple[Obj, Path]:
    """$KUBECONFIG (several files: the first word on each name wins), else ~/.kube/config."""
    listed = [p for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    paths = [Path(p) for p in listed] or [Path.home() / ".kube" / "config"]
    files = [path for path in paths if path.is_file()]
    if not files:
        raise ConfigError(
            "no kubeconfig: the provider has none, and none is at "
            f"{', '.join(map(str, paths))}. Give the provider `kubeconfig`, or set KUBECONFIG."
        )
    configs = [_parse(path.read_text(encoding="utf-8"), str(path)) for path in files]
    return _merge(configs), files[0].parent


def _merge(configs: list[Obj]) -> Obj:
    merged: Obj = {"clusters": [], "contexts": [], "users": []}
    for config in configs:
        for section in ("clusters", "contexts", "users"):
            merged[section] += as_list(config.get(section))
        merged.setdefault("current-context", config.get("current-context") or None)
        merged["current-context"] = merged["current-context"] or config.get("current-context")
    return merged


def _parse(text: str, where: str) -> Obj:
    try:
        parsed = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid YAML or JSON: {type(error).__name__}") from None
    if not isinstance(parsed, dict) or "clusters" not in parsed:
        raise ConfigError(
            f"{where} is neither the path of a file that is there nor the contents of a "
            "kubeconfig (an object with clusters, contexts and users)"
        )
    return parsed


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        # The error would quote the text, which holds credentials: only its kind is passed on.
        raise ValueError(type(error).__name__) from None


def active_cluster(config: Obj, context: str = "", cluster: str = "") -> Obj | None:
    """The cluster entry that would be used, or None: what decides if a provider is replaced."""
    entry = _entry(config, "contexts", context or str(config.get("current-context") or ""))
    if not entry:
        return None
    name = cluster or str(as_map(entry.get("context")).get("cluster") or "")
    return as_map(_entry(config, "clusters", name).get("cluster")) or None


def connection(
    config: Obj, folder: Path, *, context: str = "", cluster: str = "", namespace: str = ""
) -> Connection:
    """Resolve a context to a connection. Raises ConfigError that names what is missing."""
    context = context or str(config.get("current-context") or "")
    entry = as_map(_entry(config, "contexts", context).get("context"))
    if not entry:
        raise ConfigError(
            f"the kubeconfig has no context {context!r}; it has {_names(config, 'contexts')}"
        )
    cluster = cluster or str(entry.get("cluster") or "")
    target = as_map(_entry(config, "clusters", cluster).get("cluster"))
    if not target.get("server"):
        raise ConfigError(f"the kubeconfig has no server address for the cluster {cluster!r}")
    user = as_map(_entry(config, "users", str(entry.get("user") or "")).get("user"))
    _refuse_plugins(user)
    return Connection(
        server=str(target["server"]).rstrip("/"),
        context=context,
        namespace=namespace or str(entry.get("namespace") or "default"),
        verify=not target.get("insecure-skip-tls-verify"),
        server_name=str(target.get("tls-server-name") or ""),
        ca=_material(target, "certificate-authority", folder),
        certificate=_material(user, "client-certificate", folder),
        key=_material(user, "client-key", folder),
        token=str(user.get("token") or ""),
        token_file=str(folder / str(user["tokenFile"])) if user.get("tokenFile") else "",
        basic=f"{user['username']}:{user.get('password', '')}" if user.get("username") else "",
        proxy=str(target.get("proxy-url") or ""),
    )


def _refuse_plugins(user: Obj) -> None:
    if user.get("exec") or user.get("auth-provider"):
        raise ConfigError(
            "the kubeconfig's user logs in through a helper program (exec or auth-provider), "
            "which this fallback plugin doesn't run. Use a token or a client certificate, or "
            "install the official plugin: pulumi plugin install resource kubernetes"
        )


def _entry(config: Obj, section: str, name: str) -> Obj:
    entries = as_list(config.get(section))
    return next((e for e in entries if isinstance(e, dict) and e.get("name") == name), {})


def _names(config: Obj, section: str) -> str:
    names = [str(as_map(entry).get("name")) for entry in as_list(config.get(section))]
    return ", ".join(names) or "none"


def _material(entry: Obj, key: str, folder: Path) -> bytes:
    if entry.get(f"{key}-data"):
        return base64.b64decode(str(entry[f"{key}-data"]))
    if not entry.get(key):
        return b""
    path = folder / str(entry[key])
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the kubeconfig's {key} can't be read: {error}") from None
