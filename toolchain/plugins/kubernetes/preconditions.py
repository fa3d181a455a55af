"""Things a create may have to wait for: its namespace, the CRD of its kind, and its webhooks.

Programs and charts don't always say what depends on what. The official plugin tries again five
times; this one watches for what is missing, for as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import ApiError, CancelledError, UnknownKindError
from .objects import Kind, as_list, describe, is_true, kind_of, namespace_of, pluck
from .scopes import is_built_in
from .session import Session
from .values import Obj
from .waiting.loop import until
from .watching import Cache, Source

#: Seconds to wait for something that another resource of the program may be making.
PATIENCE = 30.0
_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice")
_NAMESPACE = Kind("", "v1", "Namespace")
_CRD = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


@dataclass(frozen=True)
class Attempt:
    """A create that may be tried again. `timeout`: seconds for a namespace to be gone."""

    session: Session
    urn: str
    obj: Obj
    timeout: float


def with_patience(attempt: Attempt, create: Callable[[], Obj]) -> Obj:
    """Run `create`; where something is missing that may still come, wait for it and try again.

    Raises what `create` raises last.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return create()
        except (ApiError, UnknownKindError) as error:
            if not _wait_for_missing(attempt, error, deadline - time.monotonic()):
                if attempt.session.canceller.cancelled:
                    told = f"creating {describe(attempt.obj)} was cancelled"
                    raise CancelledError(told) from error
                raise


def _wait_for_missing(attempt: Attempt, error: Exception, left: float) -> bool:
    """Whether it is worth trying again: what was missing has come within `left` seconds."""
    session, urn, obj = attempt.session, attempt.urn, attempt.obj
    if isinstance(error, UnknownKindError):
        return left > 0 and _wait_for_crd(session, urn, kind_of(obj), left)
    if not isinstance(error, ApiError):
        return False
    if error.namespace_terminating:
        return _wait_for_namespace(session, urn, namespace_of(obj), attempt.timeout, there=False)
    if left <= 0:
        return False
    if missing := error.missing_namespace():
        return _wait_for_namespace(session, urn, missing, left, there=True)
    namespace, service = error.unstaffed_webhook()
    return bool(service) and _wait_for_endpoints(session, urn, namespace, service, left)


def _wait_for_namespace(
    session: Session, urn: str, name: str, seconds: float, *, there: bool
) -> bool:
    what = "to be created" if there else "to be gone, so that it can be made anew"
    session.host.status(urn, f"waiting for the namespace {name} {what}")
    source = Source(_NAMESPACE, namespace="", name=name)

    def satisfied(cache: Cache) -> bool:
        found = cache.objects(source)
        ending = any(pluck(ns, "metadata", "deletionTimestamp") for ns in found)
        return bool(found) and not ending if there else not ending

    return until(session, [source], seconds, satisfied)


def _wait_for_endpoints(
    session: Session, urn: str, namespace: str, service: str, seconds: float
) -> bool:
    session.host.status(urn, f"waiting for the webhook's Service {namespace}/{service} to answer")
    source = Source(_SLICE, namespace, labels=f"kubernetes.io/service-name={service}")

    def satisfied(cache: Cache) -> bool:
        endpoints = [e for each in cache.objects(source) for e in as_list(each.get("endpoints"))]
        return any(pluck(e, "conditions", "ready", default=True) for e in endpoints)

    return until(session, [source], seconds, satisfied)


def _wait_for_crd(session: Session, urn: str, kind: Kind, seconds: float) -> bool:
    if is_built_in(kind) and not kind.group.endswith(".x-k8s.io"):
        return False  # nothing in a program can make a built-in kind appear
    session.host.status(urn, f"waiting for the CustomResourceDefinition of {kind.kind}")
    source = Source(_CRD, namespace="")

    def satisfied(cache: Cache) -> bool:
        return any(_serves(crd, kind) for crd in cache.objects(source))

    if not until(session, [source], seconds, satisfied):
        return False
    session.client().forget()
    return session.client().knows(kind)


def _serves(crd: Obj, kind: Kind) -> bool:
    versions = [v.get("name") for v in as_list(pluck(crd, "spec", "versions")) if v.get("served")]
    return (
        pluck(crd, "spec", "group") == kind.group
        and pluck(crd, "spec", "names", "kind") == kind.kind
        and kind.version in versions
        and is_true(crd, "Established")
    )
