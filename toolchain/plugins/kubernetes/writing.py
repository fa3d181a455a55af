"""Create and Update: getting the object into the cluster, and waiting until it is ready.

A create is a POST: an object that is already there is an error, not silently taken over (so does
the official plugin since 4.29; `upsertExistingObjects` turns it into a server-side apply). An
update is a server-side apply under the field manager kept in the state.
"""

from __future__ import annotations

import copy

from .annotations import timeout_of
from .applying import Request, create_once, write
from .checkpoint import State, field_manager, read_state, to_object, write_state
from .errors import ApiError, InitError, ProviderError
from .objects import describe, kind_of, name_of, namespace_of, pluck
from .preconditions import Attempt, with_patience
from .projection import in_scope, is_crd, normalized
from .session import Session
from .values import UNKNOWN, Obj, has_unknown
from .waiting.choose import rule_for
from .waiting.loop import Wait, wait_ready


class NoDryRunError(ProviderError):
    """No dry run can be had: the preview shows the inputs as they are."""


# -- create ----------------------------------------------------------------------------------------


def create(session: Session, request: Request) -> tuple[Obj, Obj]:
    """The live object and its checkpoint.

    Raises InitError (with the checkpoint) once the object exists, and ProviderError before. A
    preview that can't be made raises NoDryRunError.
    """
    obj = to_object(request.news)
    if request.preview and (has_unknown(obj) or not session.serves(kind_of(obj))):
        raise NoDryRunError("unknown values, or a cluster or kind that isn't there yet")
    manager = field_manager(obj, "")
    in_scope(obj, session.namespaced(kind_of(obj)))
    if request.preview:
        live = without_made_up(_dry_create(session, request, obj, manager), obj)
        return live, _checkpoint(request, obj, live, State({}, {}, "", manager))
    attempt = Attempt(session, request.urn, obj, timeout_of(obj, request.timeout))
    live = with_patience(attempt, lambda: create_once(session, request, obj, manager))
    state = State({}, {}, "", manager)
    return _settle(session, request, obj, live, state)


def _dry_create(session: Session, request: Request, obj: Obj, manager: str) -> Obj:
    try:
        return create_once(session, request, obj, manager)
    except ApiError as error:
        # What another step of the same run makes or removes is no fault of this object: its
        # namespace, or the predecessor that it replaces.
        expected = error.already_exists or error.no_dry_run or error.status == 403
        if expected or error.missing_namespace():
            raise NoDryRunError(str(error)) from error
        raise


def without_made_up(live: Obj, inputs: Obj) -> Obj:
    """A dry run's result without what it invents: a uid, a time, an address from the pool.

    Such values become unknown, so that nothing is planned with them.
    """
    live = copy.deepcopy(live)
    live.pop("status", None)
    for key in ("uid", "resourceVersion", "creationTimestamp", "generation"):
        live.get("metadata", {})[key] = UNKNOWN
    live["metadata"].pop("managedFields", None)
    if live.get("kind") == "Service" and kind_of(live).group == "":
        for key in ("clusterIP", "clusterIPs"):
            if key in live.get("spec", {}) and pluck(inputs, "spec", key) is None:
                live["spec"][key] = UNKNOWN
    return live


# -- update ----------------------------------------------------------------------------------------


def update(session: Session, request: Request, olds: Obj) -> Obj:
    """The new checkpoint. Raises as `create` does."""
    obj = normalized(to_object(request.news))
    kind = kind_of(obj)
    if request.preview and (has_unknown(obj) or not session.serves(kind)):
        raise NoDryRunError("unknown values, or a cluster or kind that isn't there yet")
    state = read_state(olds)
    in_scope(obj, session.namespaced(kind))
    manager = field_manager(obj, state.manager)
    before = session.client().get(kind, namespace_of(obj), name_of(state.live))
    new_state = State(state.inputs, before, state.api_version, manager)
    try:
        live = write(session, request, obj, (state, new_state))
    except ApiError as error:
        if request.preview and (error.status == 403 or error.no_dry_run):
            raise NoDryRunError(str(error)) from error
        raise
    if request.preview:
        return _checkpoint(request, obj, live, new_state)
    return _settle(session, request, obj, live, new_state)[1]


# -- after the write -------------------------------------------------------------------------------


def _settle(
    session: Session, request: Request, obj: Obj, live: Obj, state: State
) -> tuple[Obj, Obj]:
    """Wait until the object is ready; `state` holds what was there before, if anything."""
    try:
        rule = rule_for(obj, live)
        if rule is not None:
            seconds = timeout_of(obj, request.timeout, rule.usual)
            live = wait_ready(Wait(session, request.urn, rule, seconds), live, state.live or None)
    except InitError as failed:
        failed.checkpoint = _checkpoint(request, obj, failed.live, state)
        raise
    except Exception as error:
        # Whatever went wrong now, be it a fault of ours: the object is there, and a state that
        # doesn't say so would lose it.
        lost = InitError(f"{describe(live)} was written, but: {error}", live)
        lost.checkpoint = _checkpoint(request, obj, live, state)
        raise lost from error
    finally:
        if is_crd(obj):
            session.client().forget()
    return live, _checkpoint(request, obj, live, state)


def _checkpoint(request: Request, obj: Obj, live: Obj, state: State) -> Obj:
    api_version = state.api_version or str(obj.get("apiVersion") or "")
    return write_state(to_object(request.news), live, request.news, api_version, state.manager)
