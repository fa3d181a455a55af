"""The writes themselves: a POST to create, server-side apply to change, and races with others."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from .annotations import PATCH_FORCE, is_on
from .checkpoint import State
from .client import Client
from .errors import ALREADY_EXISTS_ADVICE, ApiError, ProviderError, conflict_text
from .objects import describe, kind_of, name_of, namespace_of, pluck
from .ownership import CREATOR, respect_ignored, takeover
from .projection import is_crd
from .session import Session
from .values import Obj

#: How often a write is tried that others are faster than.
_TRIES = 6


@dataclass(frozen=True)
class Request:
    """What the engine wants written. `timeout` in seconds, 0 for the default."""

    urn: str
    news: Obj
    timeout: float = 0.0
    preview: bool = False
    ignored: tuple[str, ...] = ()


def create_once(session: Session, request: Request, obj: Obj, manager: str) -> Obj:
    """One attempt at a create. Raises ApiError, and ProviderError for an object in the way."""
    client, dry_run, warn = session.client(), request.preview, _warner(session, request)
    if session.settings.upsert_existing:
        force = is_on(obj, PATCH_FORCE) or session.settings.patch_force or dry_run
        return apply(session, obj, manager, force=force, dry_run=dry_run, warn=warn)
    try:
        return client.create(obj, manager=CREATOR, dry_run=dry_run, warn=warn)
    except ApiError as error:
        if error.already_exists and not dry_run:
            raise ProviderError(f"{error}\n{ALREADY_EXISTS_ADVICE}") from error
        raise


def write(session: Session, request: Request, obj: Obj, states: tuple[State, State]) -> Obj:
    """`states` as the engine kept it, and as it will be but for the write."""
    client, dry_run, warn = session.client(), request.preview, _warner(session, request)
    (state, new_state), before = states, states[1].live
    manager = new_state.manager
    if is_crd(obj):

        def replace(live: Obj) -> Obj:
            # A CRD is replaced whole: a merge would keep versions that the program dropped.
            whole = copy.deepcopy(obj)
            whole["metadata"]["resourceVersion"] = pluck(live, "metadata", "resourceVersion")
            return client.replace(whole, manager=manager, dry_run=dry_run, warn=warn)

        return on_fresh(client, before, replace)
    force = is_on(obj, PATCH_FORCE) or session.settings.patch_force
    handover = takeover(before, manager, state.manager)
    if handover and dry_run:
        force = True  # the update itself would hand the fields over instead
    elif handover:
        before = on_fresh(client, before, lambda live: _hand_over(client, live, new_state, state))
    wanted = respect_ignored(obj, before, request.ignored, manager)
    return apply(session, wanted, manager, force=force, dry_run=dry_run, warn=warn)


def _hand_over(client: Client, live: Obj, new_state: State, state: State) -> Obj:
    handover = takeover(live, new_state.manager, state.manager)
    return client.json_patch(live, handover) if handover else live


def on_fresh(client: Client, live: Obj, write: Callable[[Obj], Obj]) -> Obj:
    """Run a write that names the object's version; again on a newer one if it was outdated.

    Controllers write the status of a busy object several times a second.
    """
    for _ in range(_TRIES - 1):
        try:
            return write(live)
        except ApiError as error:
            if not error.conflict:
                raise
            live = client.get(kind_of(live), namespace_of(live), name_of(live))
    return write(live)


def _warner(session: Session, request: Request) -> Callable[[str], None] | None:
    """Passes on what the API server warns of, e.g. a deprecated apiVersion; once, when writing."""
    if request.preview or session.settings.suppress_deprecation_warnings:
        return None
    return lambda text: session.host.warning(request.urn, text)


def apply(  # noqa: PLR0913 -- as many as the API has
    session: Session,
    obj: Obj,
    manager: str,
    *,
    force: bool,
    dry_run: bool,
    warn: Callable[[str], None] | None = None,
) -> Obj:
    """Server-side apply, with conflicts told in full."""
    client = session.client()
    try:
        return client.apply(obj, manager=manager, force=force, dry_run=dry_run, warn=warn)
    except ApiError as error:
        if error.conflict:
            raise ProviderError(conflict_text(error, manager, describe(obj))) from error
        raise
