"""The one shape of an error: what, where, why, and what to do."""

from __future__ import annotations


class ToolchainError(Exception):
    """Something about this machine or its tools stands in the way.

    ``id`` is stable, so that documents and tests can name it.
    """

    def __init__(self, id: str, *, what: str, where: str, why: str, fix: str) -> None:
        super().__init__(f"{what} [{id}]\n  where: {where}\n  why:   {why}\n  fix:   {fix}")
        self.id = id
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
