"""What a check finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to mend: a stable id, the reason, and the exact fix.

    ``mended_by_up`` problems are no obstacle: ``alicerce up`` mends them itself.
    """

    id: str
    reason: str
    fix: str
    mended_by_up: bool = False

    def as_dict(self) -> dict[str, str | bool]:
        """The problem for ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        mark = "up mends it" if self.mended_by_up else "must be mended"
        return f"{self.id} ({mark})\n  why: {self.reason}\n  fix: {self.fix}"
