"""Checks of what lies outside this machine: registries, and a cluster of yours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import yaml

from infra.settings.load import CONTEXT_VARIABLE
from ops.doctor.problems import Problem
from toolchain import tools
from toolchain.images import build as images
from toolchain.images.recipes import RECIPES

TIMEOUT = 3.0  # seconds; the doctor as a whole stays under five
GO_DEFAULT = "https://proxy.golang.org"
PYTHON_DEFAULT = "https://pypi.org/simple/"


def check_registries() -> Iterator[Problem]:
    """The registries, when something has still to come from them."""
    if not tools.missing(tools.TOOLS) and all(map(images.locate, RECIPES)):
        return
    wanted = registries()
    with ThreadPoolExecutor(len(wanted)) as pool:
        silent = dict(zip(wanted, pool.map(_silence, wanted.values()), strict=True))
    for name, reason in silent.items():
        if reason is not None:
            yield Problem(
                "registry-unreachable",
                f"the {name} registry {wanted[name]} does not answer: {reason}",
                f"check the network, the proxy, and {SET_BY[name]}",
            )


SET_BY = {
    "Python": "UV_DEFAULT_INDEX, where it is set",
    "Go": "GOPROXY, where it is set",
    "Debian": str(images.DEBIAN_SOURCES),
}


def registries() -> dict[str, str]:
    """Name -> address, as the tools that fetch from them are told."""
    found = {
        "Python": os.environ.get("UV_DEFAULT_INDEX")
        or os.environ.get("UV_INDEX_URL")
        or PYTHON_DEFAULT
    }
    proxy = re.split("[,|]", os.environ.get("GOPROXY") or GO_DEFAULT)[0]
    if proxy.startswith("http"):
        found["Go"] = proxy
    if images.DEBIAN_SOURCES.exists():
        address = re.search(r"^URIs:\s*(http\S+)", images.DEBIAN_SOURCES.read_text(), re.MULTILINE)
        if address is not None:
            found["Debian"] = address[1]
    return found


def _silence(address: str) -> str | None:
    """Why nothing answers there; None when something does, whatever it says."""
    try:
        httpx.head(address, timeout=TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return str(error) or type(error).__name__
    return None


def check_context(context: str) -> Iterator[Problem]:
    """The existing cluster that the stack names instead of the embedded one."""
    contexts: dict[str, Any] = {}
    clusters: dict[str, Any] = {}
    for path in _kubeconfigs():
        try:
            document = yaml.safe_load(path.read_text()) or {}
            contexts = _named(document, "contexts", "context") | contexts
            clusters = _named(document, "clusters", "cluster") | clusters
        except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            yield Problem(
                "kubeconfig-unreadable",
                f"{path} cannot be read as a kubeconfig: {type(error).__name__}: {error}",
                "set KUBECONFIG to a readable one, or remove alicerce:kubeContext",
            )
            return
    if context not in contexts:
        yield Problem(
            "kube-context-unknown",
            f"the kubeconfig has no context {context!r};"
            f" it has {', '.join(sorted(contexts)) or 'none'}",
            f"name one of those under alicerce:kubeContext (or in {CONTEXT_VARIABLE})",
        )
        return
    named = str((contexts[context] or {}).get("cluster"))
    server = (clusters.get(named) or {}).get("server")
    reason = _unverified(str(server)) if server else "the kubeconfig names no server for it"
    if reason is not None:
        yield Problem(
            "cluster-unreachable",
            f"the cluster of context {context!r} ({server}) does not answer: {reason}",
            "start it, or check the address and the network; nothing was changed",
        )


def _kubeconfigs() -> list[Path]:
    named = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [Path.home() / ".kube" / "config"]


def _named(document: Mapping[str, Any], many: str, one: str) -> dict[str, Any]:
    return {entry["name"]: entry[one] for entry in document.get(many) or []}


def _unverified(server: str) -> str | None:
    """Why nothing answers there. Who it is, the engine's client verifies; nothing is sent."""
    try:
        httpx.get(f"{server}/livez", timeout=TIMEOUT, verify=False)  # noqa: S501 - as above
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return str(error) or type(error).__name__
    return None
