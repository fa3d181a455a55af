"""The few calls that starting a cluster needs of its API server.

The official client takes longer to import than the control plane takes to start; the
rest of the product uses it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpx
import yaml

from toolchain.embedded.errors import ClusterError, Problem
from toolchain.embedded.identities import CLUSTER_CA
from toolchain.embedded.layout import Layout
from toolchain.embedded.settings import ClusterSettings

MANAGER = "alicerce-embedded"
TIMEOUT_SECONDS = 10.0
Document = dict[str, Any]
# Kind -> plural, for the kinds that we apply ourselves.
PLURALS = {
    "APIService": "apiservices",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "Namespace": "namespaces",
    "Node": "nodes",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "StorageClass": "storageclasses",
}


class Api:
    """The API server as its administrator sees it."""

    def __init__(self, settings: ClusterSettings, layout: Layout) -> None:
        context = ssl.create_default_context(cafile=str(layout.certificate(CLUSTER_CA)))
        context.load_cert_chain(layout.certificate("admin"), layout.key("admin"))
        url = f"https://{settings.networks.node}:{settings.ports.api}"
        self._client = httpx.Client(
            base_url=url, verify=context, timeout=TIMEOUT_SECONDS, trust_env=False
        )

    def close(self) -> None:
        self._client.close()

    def ready(self) -> bool:
        """Whether the API server says that it can serve."""
        try:
            return self._client.get("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def get(self, path: str) -> Document | None:
        """An object or a list; None when it is not there."""
        response = self._client.get(path)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return self._checked(response)

    def apply(self, documents: Iterable[Document]) -> None:
        """Server-side apply, in the given order; the same input changes nothing."""
        for document in documents:
            response = self._client.patch(
                path_of(document),
                params={"fieldManager": MANAGER, "force": "true"},
                content=yaml.safe_dump(document),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
            self._checked(response)

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is fine."""
        response = self._client.delete(path)
        if response.status_code != httpx.codes.NOT_FOUND:
            self._checked(response)

    def _checked(self, response: httpx.Response) -> Document:
        if response.is_success:
            return dict(response.json())
        raise ClusterError(Problem(
            "api-refused", f"the API server answered {response.status_code}",
            str(response.url.path), response.text[:500],
            "read logs/kube-apiserver.log in the state folder,"
            " then run `alicerce up` again"))  # fmt: skip


def path_of(document: Document) -> str:
    """The path of an object at the API server."""
    version = document["apiVersion"]
    base = "/api/v1" if version == "v1" else f"/apis/{version}"
    namespace = document["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{scope}/{PLURALS[document['kind']]}/{document['metadata']['name']}"


def condition(document: Document | None, kind: str) -> bool:
    """Whether an object's status condition of that type is True."""
    conditions = (document or {}).get("status", {}).get("conditions") or []
    return any(entry["type"] == kind and entry["status"] == "True" for entry in conditions)
