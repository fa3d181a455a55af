"""A namespace with its Pod security standard, closed to the network by default."""

from __future__ import annotations

from typing import Any, Literal

from k8s.network import Rule, default_deny

Standard = Literal["restricted", "baseline", "privileged"]


def namespace(name: str, standard: Standard = "restricted") -> dict[str, Any]:
    """The Namespace; ``standard`` is enforced, and what ``restricted`` refuses is always told."""
    prefix = "pod-security.kubernetes.io"
    labels = {
        f"{prefix}/enforce": standard,
        f"{prefix}/enforce-version": "latest",
        f"{prefix}/audit": "restricted",
        f"{prefix}/warn": "restricted",
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def service_account(namespace_name: str, name: str, *, token: bool = False) -> dict[str, Any]:
    """A ServiceAccount; its token is only mounted where a process talks to the API server."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace_name},
        "automountServiceAccountToken": token,
    }


def secret(namespace_name: str, name: str, data: dict[str, Any], **labels: str) -> dict[str, Any]:
    """A Secret of texts; the values are Outputs that the engine keeps encrypted.

    Always Opaque: the other types can't be written down without their values, as `render` does.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": namespace_name}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata | ({"labels": labels} if labels else {}),
        "type": "Opaque",
        "stringData": data,
    }


def config_map(namespace_name: str, name: str, data: dict[str, str]) -> dict[str, Any]:
    """A ConfigMap of texts."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace_name},
        "data": data,
    }


def closed(namespace_name: str) -> Rule:
    """The default-deny policy that every namespace begins with."""
    return default_deny(namespace_name)
