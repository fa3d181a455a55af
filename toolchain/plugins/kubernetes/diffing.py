"""Diff: does the program ask for something else than what is there, and can it be changed?

The new inputs are compared with the live object of the state, cut to the shape of the old inputs.
Where they differ, a dry run tells whether the server sees a difference too: "1000m" is "1" to it,
and an empty list is none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from .annotations import AUTONAMED, REPLACE_UNREADY, is_on
from .checkpoint import State, field_manager, read_state, to_object
from .compare import Change, compare, covers, look_up, parse_path, path_text
from .errors import ProviderError
from .immutable import force_new, is_forced
from .naming import is_named
from .objects import is_true, kind_of, name_of, namespace_of
from .projection import in_scope, normalized, prune
from .session import Session
from .values import Obj, has_unknown

#: Changes of identity: a dry run under another name would say nothing about this object.
_IDENTITY = {("metadata", "name"), ("metadata", "namespace"), ("apiVersion",), ("kind",)}


@dataclass(frozen=True)
class Difference:
    """Changed paths with their kind (add, update, delete, and the same with `-replace`)."""

    paths: dict[str, str] = field(default_factory=dict)
    extra_replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False

    @property
    def replaces(self) -> list[str]:
        forced = [path for path, kind in self.paths.items() if kind.endswith("-replace")]
        return [*forced, *self.extra_replaces]

    @property
    def changed(self) -> bool:
        return bool(self.paths or self.extra_replaces)


def diff(session: Session, urn: str, olds: Obj, news: Obj, ignored: Iterable[str]) -> Difference:
    """`olds` is the state (a checkpoint), `news` the checked inputs."""
    state = read_state(olds)
    new = normalized(to_object(news))
    old = _old_shape(session, state, new)
    in_scope(new, session.namespaced(kind_of(new)))
    changes = compare(old, new)
    ignored_paths = [parse_path(text) for text in ignored]
    changes = [c for c in changes if not any(covers(i, c.path) for i in ignored_paths)]
    changes = _seen_by_server(session, state, new, changes)
    forced = force_new(new, session.settings)
    paths = {path_text(c.path): _kind(c, is_forced(c.path, c.value, forced)) for c in changes}
    found = Difference(paths, _unready(session, urn, state, new))
    if found.replaces and _keeps_its_name(new, state.live):
        return Difference(found.paths, found.extra_replaces, delete_before_replace=True)
    return found


def _old_shape(session: Session, state: State, new: Obj) -> Obj:
    inputs = normalized(state.inputs)
    old: Obj = prune(normalized(state.live), inputs)
    old.setdefault("apiVersion", new.get("apiVersion"))
    old.setdefault("kind", new.get("kind"))
    old.setdefault("metadata", {})
    in_scope(old, session.namespaced(kind_of(new)))
    if is_named(new):
        # A program may come to spell out the name that the object already has.
        old["metadata"]["name"] = name_of(state.live)
    return old


def _kind(change: Change, forced: bool) -> str:
    return f"{change.kind}-replace" if forced else change.kind


def _seen_by_server(
    session: Session, state: State, new: Obj, changes: list[Change]
) -> list[Change]:
    """The changes that remain after a dry run; all of them where none can be made."""
    if not changes or has_unknown(new) or any(c.path in _IDENTITY for c in changes):
        return changes
    if not session.serves(kind_of(new)):
        return changes
    try:
        after = session.client().apply(
            copy.deepcopy(new),
            manager=field_manager(new, state.manager),
            force=True,
            dry_run=True,
        )
    except ProviderError:
        # Immutable fields, missing rights, webhooks without dry run: the update itself, or its
        # own preview, says what is wrong.
        return changes
    before, after = normalized(state.live), normalized(after)
    return [
        c for c in changes
        if c.kind == "delete" or look_up(before, c.path) != look_up(after, c.path)
    ]  # fmt: skip


def _unready(session: Session, urn: str, state: State, new: Obj) -> tuple[str, ...]:
    """A Job that asks for it is replaced while it isn't complete."""
    if not is_on(new, REPLACE_UNREADY):
        return ()
    if new.get("kind") != "Job":
        session.host.warning(urn, f"{REPLACE_UNREADY} is only supported for Jobs")
        return ()
    try:
        live = session.client().get(
            kind_of(state.live), namespace_of(state.live), name_of(state.live)
        )
    except ProviderError:
        return ()
    done = is_true(live, "Complete")
    return () if done else (f'metadata.annotations["{REPLACE_UNREADY}"]',)


def _keeps_its_name(new: Obj, live: Obj) -> bool:
    """Whether the old object is in the new one's way: a fixed name, unchanged."""
    return (
        is_named(new)
        and not is_on(new, AUTONAMED)
        and name_of(new) == name_of(live)
        and namespace_of(new) == namespace_of(live)
    )
