"""Watching until a rule is content, the time is up, or the engine cancels."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import ApiError, InitError
from ..objects import describe, kind_of, name_of, namespace_of, uid_of
from ..session import Session
from ..values import Obj
from ..watching import Cache, Event, Feed, Source
from .diagnose import evidence
from .pods import POD
from .rules import Rule, Verdict, View

_WAKE = object()


@dataclass(frozen=True)
class Wait:
    """One wait: for which resource, by which rule, for how many seconds at most."""

    session: Session
    urn: str
    rule: Rule
    timeout: float


def target_of(obj: Obj) -> Source:
    return Source(kind_of(obj), namespace_of(obj), name_of(obj), required=True)


@contextmanager
def following(session: Session, sources: list[Source]) -> Iterator[queue.SimpleQueue[Any]]:
    """A queue of the sources' events; a cancellation wakes whoever reads it."""
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    feeds = [Feed(session.client(), source, events) for source in sources]
    forget = session.canceller.on_cancel(lambda: events.put(_WAKE))
    for feed in feeds:
        feed.start()
    try:
        yield events
    finally:
        forget()
        for feed in feeds:
            feed.stop()


def wait_ready(wait: Wait, written: Obj, before: Obj | None) -> Obj:
    """Wait for an object that was just written; return it as it then is.

    Raises InitError when it fails, is cancelled, or the time is up.
    """
    target = target_of(written)
    sources = [target, *wait.rule.sources(written)]
    view = View(written, before, target, Cache())
    said = ""
    with following(wait.session, sources) as events:
        deadline = time.monotonic() + wait.timeout
        verdict = Verdict(progress="waiting for the object to show up")
        while True:
            event = _next(events, min(deadline, _recheck(verdict)))
            if isinstance(event, Event):
                _take(view, event, verdict)
            live = _same_object(view)
            # A rule that judged half the picture might be content too early.
            if live is not None and all(view.cache.seen(source) for source in sources):
                verdict = wait.rule.judge(view, live)
            if verdict.done and live is not None:
                wait.session.host.status(wait.urn, "")
                return live
            if verdict.failed:
                raise _failure(wait, view, verdict, "failed")
            if wait.session.canceller.cancelled:
                raise _failure(wait, view, verdict, "was cancelled while waiting")
            if time.monotonic() >= deadline:
                raise _failure(
                    wait, view, verdict, f"did not become ready within {wait.timeout:g} s"
                )
            said = _tell(wait, verdict, said)


def glance(session: Session, rule: Rule, live: Obj) -> Verdict:
    """Judge an object once, as it is now, for a refresh."""
    cache = Cache()
    cache.take(Event(target_of(live), "replace", (live,)))
    view = View(live, None, target_of(live), cache, glance=True)
    for source in rule.sources(live):
        try:
            answer = session.client().select(source.kind, source.namespace, source.query())
            cache.take(Event(source, "replace", tuple(answer.get("items") or ())))
        except ApiError:
            cache.take(Event(source, "replace"))  # judged without what may not be seen
    return rule.judge(view, live)


def _recheck(verdict: Verdict) -> float:
    return time.monotonic() + (float("inf") if verdict.recheck is None else verdict.recheck)


def _next(events: queue.SimpleQueue[Any], until: float) -> Any:
    try:
        return events.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        return None


def _take(view: View, event: Event, verdict: Verdict) -> None:
    view.cache.take(event)
    if event.what in ("put", "drop") or event.objects:
        view.heard[event.source] = time.monotonic()
    if event.what == "denied" and event.source.required:
        raise InitError(
            f"{describe(view.written)} was written, but can't be watched: {event.error}",
            view.live or view.written,
            verdict.problems,
        )


def _same_object(view: View) -> Obj | None:
    live = view.live
    return live if live is not None and uid_of(live) == uid_of(view.written) else None


def _tell(wait: Wait, verdict: Verdict, said: str) -> str:
    text = verdict.progress
    if verdict.problems:
        text = f"{text}: {verdict.problems[0]}" if text else verdict.problems[0]
    if text and text != said:
        wait.session.host.status(wait.urn, text)
    return text


def _failure(wait: Wait, view: View, verdict: Verdict, what: str) -> InitError:
    live = view.live or view.written
    pods = [
        pod
        for source in wait.rule.sources(view.written)
        if source.kind == POD
        for pod in view.around(source)
    ]
    pods = [live] if live.get("kind") == "Pod" else pods
    reasons = _unique([*([verdict.progress] if verdict.progress else []), *verdict.problems])
    if not wait.session.canceller.cancelled:  # a cancelled run must end fast
        reasons += evidence(wait.session.client(), live, pods)
    head = f"{describe(live)} {what}"
    return InitError("\n".join([head, *(f"  {line}" for line in reasons)]), live, reasons)


def _unique(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def until(
    session: Session,
    sources: list[Source],
    seconds: float,
    satisfied: Callable[[Cache], bool],
) -> bool:
    """Watch until `satisfied`; False when the time is up or the engine cancels."""
    cache = Cache()
    deadline = time.monotonic() + seconds
    with following(session, sources) as events:
        while True:
            event = _next(events, deadline)
            if isinstance(event, Event):
                cache.take(event)
                if all(map(cache.seen, sources)) and satisfied(cache):
                    return True
                if event.what == "denied":
                    return False
            elif session.canceller.cancelled or time.monotonic() >= deadline:
                return False
