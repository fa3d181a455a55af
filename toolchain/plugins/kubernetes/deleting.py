"""Delete: ask for it, then watch until the object is gone."""

from __future__ import annotations

import queue
import time
from typing import Any

from .annotations import DELETION_PROPAGATION, SKIP_AWAIT, annotation, is_on, timeout_of
from .checkpoint import read_state
from .errors import ApiError, InitError, ProviderError, UnknownKindError, UnreachableError
from .objects import (
    describe,
    kind_of,
    kind_of_type,
    name_of,
    namespace_of,
    pluck,
    split_id,
    type_of,
    uid_of,
)
from .session import Session
from .values import Obj
from .waiting.diagnose import finalizers
from .waiting.loop import following, target_of
from .watching import Cache, Event

_PROPAGATION = {"orphan": "Orphan", "background": "Background"}
#: Kinds whose deletion skipAwait may leave alone: what they hold is cleaned up behind them.
#: (source: allowsSkipAwaitWithDelete in overrides.go of 4.34)
_SKIPPABLE = frozenset(
    {
        ("", "Namespace"),
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
    }
)


def delete(session: Session, urn: str, id_: str, olds: Obj, timeout: float) -> None:
    """Raises InitError when the object outlives the wait, ProviderError when it isn't deleted."""
    state = read_state(olds)
    try:
        client = session.client()
    except UnreachableError as error:
        _unreachable(session, urn, error)
        return
    kind, (_, name) = kind_of(state.live), split_id(id_)
    if not kind.kind:
        kind = kind_of_type(type_of(urn))  # a state that only knows the id
    policy = annotation(state.inputs, DELETION_PROPAGATION).lower()
    try:
        client.delete(
            kind,
            namespace_of(state.live),
            name,
            propagation=_PROPAGATION.get(policy, "Foreground"),
        )
    except UnknownKindError:
        return  # with its CRD, the object is gone, too
    except ApiError as error:
        if error.not_found:
            return
        raise
    skippable = (kind.group, kind.kind) in _SKIPPABLE
    if not (skippable and is_on(state.inputs, SKIP_AWAIT)):
        _wait_gone(session, urn, state.live, timeout_of(state.inputs, timeout))
    session.host.status(urn, "")


def _unreachable(session: Session, urn: str, error: UnreachableError) -> None:
    if not session.settings.delete_unreachable:
        raise error
    session.host.warning(urn, f"{error} deleteUnreachable: removed from the state only.")


def _wait_gone(session: Session, urn: str, live: Obj, seconds: float) -> None:
    target, cache = target_of(live), Cache()
    deadline = time.monotonic() + seconds
    said = ""
    with following(session, [target]) as events:
        while True:
            event = _next(events, deadline)
            if isinstance(event, Event):
                if event.what == "denied" and _gone_with_its_kind(event.error):
                    return
                if event.what == "denied":
                    raise ProviderError(f"{describe(live)}: can't watch its end: {event.error}")
                cache.take(event)
            left = _left(cache.objects(target), live) if cache.seen(target) else live
            if left is None:
                return
            if session.canceller.cancelled:
                raise InitError(f"deleting {describe(live)} was cancelled while waiting", left)
            if time.monotonic() >= deadline:
                raise _overdue(left, seconds)
            said = _tell(session, urn, left, said)


def _gone_with_its_kind(error: Exception | None) -> bool:
    return isinstance(error, UnknownKindError) or (isinstance(error, ApiError) and error.not_found)


def _next(events: queue.SimpleQueue[Any], deadline: float) -> Any:
    try:
        return events.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        return None


def _left(found: list[Obj], live: Obj) -> Obj | None:
    """The object itself; one of the same name with another uid is a successor."""
    uid = uid_of(live)
    return next(
        (o for o in found if name_of(o) == name_of(live) and (not uid or uid_of(o) == uid)), None
    )


def _tell(session: Session, urn: str, left: Obj, said: str) -> str:
    held = finalizers(left) if pluck(left, "metadata", "deletionTimestamp") else "being deleted"
    text = f"waiting for it to be gone ({held})"
    if text != said:
        session.host.status(urn, text)
    return text


def _overdue(left: Obj, seconds: float) -> InitError:
    reason = f"still held by {finalizers(left)}"
    return InitError(
        f"{describe(left)} was deleted, but is still there after {seconds:g} s: {reason}. "
        "Find out why the controller of that finalizer doesn't finish; remove the finalizer by "
        "hand only if that controller is gone for good.",
        left,
        [reason],
    )
