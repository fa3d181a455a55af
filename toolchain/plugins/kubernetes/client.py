"""Kubernetes objects over a Transport: discovery, and the verbs that the provider needs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .errors import ApiError, UnknownKindError
from .objects import Kind, as_list, kind_of, name_of, namespace_of, resource_id
from .transport import APPLY, JSON_PATCH, Transport, Warn
from .values import Obj


@dataclass(frozen=True)
class Resource:
    """Where a kind is served: `plural` in the address, and whether it lives in namespaces."""

    kind: Kind
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        prefix = "/apis" if self.kind.group else "/api"
        parts = [prefix, self.kind.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts += [self.plural, *([quote(name, safe="")] if name else [])]
        return "/".join(parts)


class Client:
    """Objects of one cluster. Safe to use from many threads."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._served: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    # -- discovery ---------------------------------------------------------------------------

    def resource(self, kind: Kind) -> Resource:
        """Where a kind is served. A miss asks the server again: a CRD may just have been made.

        Raises UnknownKindError where the server doesn't serve it.
        """
        found = self._served.get(kind.api_version, {}).get(kind.kind)
        if found is None:
            found = self._discover(kind).get(kind.kind)
        if found is None:
            raise UnknownKindError(
                f"the API server does not serve {kind}: either its CustomResourceDefinition is "
                "not there yet (make the custom resource depend on it), or the cluster's version "
                "has removed this apiVersion"
            )
        return found

    def knows(self, kind: Kind) -> bool:
        try:
            self.resource(kind)
        except UnknownKindError:
            return False
        return True

    def _discover(self, kind: Kind) -> dict[str, Resource]:
        path = ("/apis/" if kind.group else "/api/") + kind.api_version
        try:
            answer = self.transport.request("GET", path, operation=f"discovery of {kind}")
        except ApiError as error:
            # A server answers 404 for a group it doesn't know, 403 before its RBAC is loaded.
            if not error.not_found:
                raise
            answer = {}
        served = {}
        for entry in as_list(answer.get("resources")):
            if "/" not in entry["name"]:  # sub-resources such as deployments/status
                own = Kind(kind.group, kind.version, entry["kind"])
                served[entry["kind"]] = Resource(own, entry["name"], entry["namespaced"])
        with self._lock:
            self._served[kind.api_version] = served
        return served

    def forget(self) -> None:
        """Drop what discovery found, after a CRD was made, changed or removed."""
        with self._lock:
            self._served.clear()

    # -- verbs -------------------------------------------------------------------------------

    def get(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Raises ApiError (404 where the object isn't there) and UnknownKindError."""
        resource = self.resource(kind)
        return self._call("GET", resource, namespace, name, "reading")

    def select(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> Obj:
        resource = self.resource(kind)
        answer = self._call("GET", resource, namespace, "", "listing", query=query)
        for item in as_list(answer.get("items")):
            # Items of a list carry neither apiVersion nor kind.
            item.setdefault("apiVersion", kind.api_version)
            item.setdefault("kind", kind.kind)
        return answer

    def create(self, obj: Obj, *, manager: str, dry_run: bool, warn: Warn = None) -> Obj:
        """POST: fails with AlreadyExists where the object is there."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"} | _dry(dry_run)
        resource = self.resource(kind_of(obj))
        return self._call(
            "POST", resource, namespace_of(obj), "", "creating", query=query, body=obj, warn=warn,
            named=name_of(obj),
        )  # fmt: skip

    def apply(
        self, obj: Obj, *, manager: str, force: bool, dry_run: bool, warn: Warn = None
    ) -> Obj:
        """Server-side apply: creates or changes; a conflict is an ApiError unless forced."""
        query = {
            "fieldManager": manager,
            "fieldValidation": "Strict",
            "force": "true" if force else "false",
        } | _dry(dry_run)
        resource = self.resource(kind_of(obj))
        return self._call(
            "PATCH", resource, namespace_of(obj), name_of(obj), "applying", query=query, body=obj,
            content_type=APPLY, warn=warn,
        )  # fmt: skip

    def replace(self, obj: Obj, *, manager: str, dry_run: bool, warn: Warn = None) -> Obj:
        """PUT the whole object, as `kubectl replace` does."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"} | _dry(dry_run)
        resource = self.resource(kind_of(obj))
        return self._call(
            "PUT",
            resource,
            namespace_of(obj),
            name_of(obj),
            "replacing",
            query=query,
            body=obj,
            warn=warn,
        )

    def json_patch(self, obj: Obj, patch: list[Obj]) -> Obj:
        resource = self.resource(kind_of(obj))
        return self._call(
            "PATCH", resource, namespace_of(obj), name_of(obj), "changing the field owners of",
            body=patch, content_type=JSON_PATCH,
        )  # fmt: skip

    def delete(self, kind: Kind, namespace: str, name: str, *, propagation: str) -> Obj:
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        resource = self.resource(kind)
        return self._call("DELETE", resource, namespace, name, "deleting", body=body)

    def log(self, namespace: str, pod: str, container: str, *, previous: bool, lines: int) -> str:
        """The last lines of a container's log."""
        query = {"container": container, "tailLines": str(lines)}
        if previous:
            query["previous"] = "true"
        pods = self.resource(Kind("", "v1", "Pod"))
        return self.transport.text(
            f"{pods.path(namespace, pod)}/log", operation="reading the log", query=query
        )

    def _call(  # noqa: PLR0913 -- a request has that many parts
        self,
        verb: str,
        resource: Resource,
        namespace: str,
        name: str,
        doing: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        named: str = "",
        warn: Warn = None,
    ) -> Obj:
        shown = resource_id(namespace if resource.namespaced else "", name or named)
        return self.transport.request(
            verb,
            resource.path(namespace, name),
            operation=f"{doing} {resource.kind.kind} {shown} ({resource.kind.api_version})".strip(),
            query=query,
            body=body,
            content_type=content_type,
            warn=warn,
        )


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}
