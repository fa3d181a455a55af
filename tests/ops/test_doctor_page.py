"""docs/doctor.md has every problem that the code can find, each in the right part."""

from __future__ import annotations

import re

from ops.paths import ROOT
from tests.ops.doctoring import known

PAGE = ROOT / "docs" / "doctor.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (\S.*) \| (\S.*) \|$", re.MULTILINE)


def listed() -> dict[str, list[str]]:
    """Heading -> the ids in its table, in order."""
    parts = PAGE.read_text().split("\n## ")[1:]
    return {part.partition("\n")[0]: [row[0] for row in ROW.findall(part)] for part in parts}


def test_the_page_has_each_problem_once_and_no_other() -> None:
    ids = [each for part in listed().values() for each in part]
    assert sorted(ids) == sorted(known())


def test_the_page_says_truly_what_up_mends() -> None:
    mended = {problem for problem, by_up in known().items() if by_up}
    assert set(listed()["Mended by `alicerce up`"]) == mended


def test_each_row_has_an_id_a_reason_and_a_fix() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert [row for row in rows if not ROW.match(row)] == []
