"""What a waiting rule is made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..objects import Kind, generation_of, name_of, namespace_of
from ..values import Obj
from ..watching import Cache, Source


@dataclass(frozen=True)
class Verdict:
    """Whether the wait is over, and if not, why not.

    `progress` is for the line beside the resource; `problems` go into the error if it fails;
    `failed` ends the wait at once; `recheck` asks to be judged again after that many seconds.
    """

    done: bool = False
    progress: str = ""
    problems: tuple[str, ...] = ()
    failed: bool = False
    recheck: float | None = None


DONE = Verdict(done=True)


@dataclass
class View:
    """What a rule can see: the object as written, as it is now, and what is around it."""

    written: Obj
    #: The object before an update; None for a create, and for a one-time look.
    before: Obj | None
    target: Source
    cache: Cache
    #: Whether this is a one-time look (refresh) rather than a wait.
    glance: bool = False
    started: float = field(default_factory=time.monotonic)
    #: When the last event of each source came in (monotonic seconds).
    heard: dict[Source, float] = field(default_factory=dict)

    @property
    def live(self) -> Obj | None:
        """The object, unless it isn't there or what is known of it is older than the write."""
        for obj in self.cache.objects(self.target):
            if name_of(obj) == name_of(self.written) and (
                generation_of(obj) >= generation_of(self.written)
            ):
                return obj
        return None

    def around(self, source: Source) -> list[Obj]:
        return self.cache.objects(source)

    def quiet_for(self, source: Source) -> float:
        """Seconds since the source last told something, or since the start."""
        return time.monotonic() - self.heard.get(source, self.started)


def no_sources(_obj: Obj) -> tuple[Source, ...]:
    return ()


@dataclass(frozen=True)
class Rule:
    """`judge` is asked after every event; `live` is there whenever it is."""

    judge: Callable[[View, Obj], Verdict]
    sources: Callable[[Obj], tuple[Source, ...]] = no_sources
    #: Seconds to wait where the program says nothing.
    usual: float = 600.0
    #: Whether a refresh looks, too, and reports an object that isn't ready.
    on_read: bool = False


def beside(obj: Obj, kind: Kind, labels: str = "") -> Source:
    """Objects of a kind in the object's namespace, by a label selector."""
    return Source(kind, namespace_of(obj), labels=labels)
