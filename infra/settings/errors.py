"""One shape for everything that can be wrong with what an operator wrote.

A message has four parts: the file, the key in it, the reason, and the fix. A
validator raises ``Refused`` with the last two; ``load`` knows the first two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class Refused(ValueError):  # noqa: N818 - what happened to the value, as messages say it
    """A value that can't be taken: why, and what to write instead."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason}; {fix}")
        self.reason = reason
        self.fix = fix


def refuse_disorder(minimum: int, maximum: int) -> None:
    """Raises ``Refused`` unless the two are a range."""
    if minimum > maximum:
        raise Refused(f"minimum {minimum} is above maximum {maximum}", "swap them or raise maximum")


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one place."""

    file: str
    key: str
    reason: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.reason}\n    fix: {self.fix}"


class SettingsError(Exception):
    """Everything wrong with a description, at once; ``problems`` is never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        if not self.problems:
            raise ValueError("a SettingsError needs at least one problem")
        count = len(self.problems)
        title = f"{count} problem{'s' if count > 1 else ''} in the settings; nothing was changed"
        super().__init__("\n".join([title, *map(str, self.problems)]))


def meant(word: str, known: Iterable[str]) -> str:
    """The advice for an unknown ``word``: the nearest known one, or all of them."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"use one of: {', '.join(names)}" if names else "remove it"
