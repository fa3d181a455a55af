"""The page docs/requirements.md: from each row of the registers to what proves it."""

from __future__ import annotations

from pathlib import Path

from ops.registers import Requirements, Row, gather


def page(root: Path) -> str:
    """The text of docs/requirements.md; raises ``RequirementsError``."""
    known = gather(root)
    lines = [
        "# Requirements: what is proven, declined and open",
        "",
        "Written by `alicerce requirements` from the registers in [requirements/](requirements/),"
        " the tests, and each system's `declined.toml`; don't edit it. *Proven*: the tests named"
        " exercise the row's own number. *Declined*: not the platform's; the reason and what stands"
        " instead are given. *Open*: neither yet.",
        "",
        "| system | rows | proven | declined | open | with a typed number |",
        "|---|---|---|---|---|---|",
    ]
    totals = [0] * 5
    for name, rows in known.rows.items():
        counts = _counts(known, rows)
        totals = [before + more for before, more in zip(totals, counts, strict=True)]
        lines.append(f"| [{name}](#{name}) | " + " | ".join(map(str, counts)) + " |")
    lines.append("| **total** | " + " | ".join(map(str, totals)) + " |")
    for name, rows in known.rows.items():
        lines += ["", f"## {name}", "", "| id | area | requirement | status | number |"]
        lines.append("|---|---|---|---|---|")
        lines += [_line(known, row) for row in rows]
    return "\n".join(lines) + "\n"


def write(root: Path) -> Path:
    """Writes the page and gives its path."""
    path = root / "docs" / "requirements.md"
    path.write_text(page(root))
    return path


def _counts(known: Requirements, rows: tuple[Row, ...]) -> list[int]:
    statuses = [known.status(row) for row in rows]
    stated = sum(row.id in known.numbers for row in rows)
    return [len(rows), *(statuses.count(each) for each in ("proven", "declined", "open")), stated]


def _line(known: Requirements, row: Row) -> str:
    status = known.status(row)
    if status == "proven":
        tests = dict.fromkeys(place.file for place in known.proofs[row.id])
        status = "**proven**: " + ", ".join(
            f"[{test.rpartition('::')[2] or test}](../{test.partition('::')[0]})" for test in tests
        )
    elif status == "declined":
        why = known.declined[row.id]
        status = f"declined: {why.reason} Instead: {why.instead}"
    places = ", ".join(
        f"[{Path(place.file).name}:{place.line}](../{place.file}#L{place.line})"
        for place in known.numbers.get(row.id, ())
    )
    link = f"[{row.id}](requirements/{row.register}.md)"
    return f"| {link} | {row.area} | {row.short} | {status} | {places} |"
