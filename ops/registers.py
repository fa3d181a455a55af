"""The registers' rows, and what is known of each.

A row is *proven* when a test that exercises its number carries
``@pytest.mark.req("FLO-076")``, *declined* when a system's ``declined.toml``
says why and what stands instead, and *open* otherwise. An id that no register
has, and a row both proven and declined, are errors: nothing here may lie.
"""

from __future__ import annotations

import ast
import re
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# The registers, and the systems that they are about.
REGISTERS: Mapping[str, str] = {
    "blipee": "blipee",
    "sms-ao": "sms_ao",
    "isp-chatbot": "isp_chatbot",
    "flow-studio": "flow_studio",
    "models-3d": "models_3d",
}
_ID = re.compile(r"\b(?:BLP|SMS|ISP|FLO|M3D)-\d{3}\b")
_ROW = re.compile(r"\| ([A-Z0-9]{3}-\d{3}) \| ([^|]+) \| (.+) \| ([^|]+) \|")
_TOTAL = re.compile(r"^Seed: .*Requirements: (\d+) \(", re.MULTILINE)
_SHORT = 110


class RequirementsError(Exception):
    """The registers, the tests and the declined rows don't agree; every case is listed."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "requirements don't agree:\n" + "\n".join(f"- {each}" for each in problems)
        )


@dataclass(frozen=True)
class Row:
    """One row of a register."""

    id: str
    area: str
    text: str
    register: str

    @property
    def short(self) -> str:
        """The requirement's beginning, cut at a word."""
        if len(self.text) <= _SHORT:
            return self.text
        cut = self.text[:_SHORT].rsplit(" ", 1)[0].rstrip(",;:.")
        # A cut inside `code` would swallow the rest of the table.
        return f"{cut}`…" if cut.count("`") % 2 else f"{cut}…"


@dataclass(frozen=True)
class Declined:
    """Why a row is not the platform's, and what stands instead."""

    id: str
    reason: str
    instead: str
    file: str


@dataclass(frozen=True)
class Place:
    """A line that names an id."""

    id: str
    file: str
    line: int


def parse(text: str, register: str) -> tuple[Row, ...]:
    """The rows of a register; raises ``RequirementsError`` if its own total says otherwise."""
    rows = tuple(
        Row(match[1], match[2].strip(), match[3].strip(), register)
        for match in map(_ROW.fullmatch, text.splitlines())
        if match is not None
    )
    total = _TOTAL.search(text)
    if total is None or int(total[1]) != len(rows):
        said = total[1] if total else "no number"
        raise RequirementsError([f"{register}.md says {said} of rows, {len(rows)} were read"])
    return rows


def registers(root: Path) -> dict[str, tuple[Row, ...]]:
    """Every register's rows, by register."""
    folder = root / "docs" / "requirements"
    return {name: parse((folder / f"{name}.md").read_text(), name) for name in REGISTERS}


def numbers(root: Path) -> list[Place]:
    """Where comments of the systems' descriptions name an id."""
    found = []
    for path in sorted((root / "stacks" / "systems").glob("*/*.py")):
        with tokenize.open(path) as source:
            for token in tokenize.generate_tokens(source.readline):
                if token.type == tokenize.COMMENT:
                    found += [
                        Place(each, path.relative_to(root).as_posix(), token.start[0])
                        for each in _ID.findall(token.string)
                    ]
    return found


def marks(root: Path) -> list[Place]:
    """The ids of every ``pytest.mark.req(...)`` under tests, as ``file::test`` places."""
    found: list[Place] = []
    problems: list[str] = []
    for path in sorted((root / "tests").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for owner, call in _req_calls(ast.parse(path.read_text(), str(path)), ""):
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    place = f"{name}::{owner}" if owner else name
                    found.append(Place(argument.value, place, call.lineno))
                else:
                    problems.append(f"{name}:{call.lineno}: req() takes ids as plain text only")
    if problems:
        raise RequirementsError(problems)
    return found


def _req_calls(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls of ``pytest.mark.req`` and the test that each stands on or in."""
    for child in ast.iter_child_nodes(node):
        inner = owner
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{owner}::{child.name}".removeprefix("::")
        if isinstance(child, ast.Call) and ast.unparse(child.func).endswith("mark.req"):
            yield inner, child
        yield from _req_calls(child, inner)


def declined(root: Path) -> list[Declined]:
    """The rows that the systems' ``declined.toml`` decline; raises ``RequirementsError``."""
    found: list[Declined] = []
    problems: list[str] = []
    for slug in REGISTERS.values():
        path = root / "stacks" / "systems" / slug / "declined.toml"
        file = path.relative_to(root).as_posix()
        for group in tomllib.loads(path.read_text()).get("declined", []):
            strange = set(group) - {"rows", "reason", "instead"}
            if strange or not group.get("rows") or not group.get("reason"):
                problems.append(f"{file}: a group needs rows, reason and instead: {group}")
            elif not group.get("instead"):
                problems.append(f"{file}: {group['rows'][0]}...: say what stands instead")
            else:
                found += [
                    Declined(row, group["reason"], group["instead"], file) for row in group["rows"]
                ]
    if problems:
        raise RequirementsError(problems)
    return found


@dataclass(frozen=True)
class Requirements:
    """Everything that is known of every row."""

    rows: dict[str, tuple[Row, ...]]
    numbers: dict[str, tuple[Place, ...]]
    proofs: dict[str, tuple[Place, ...]]
    declined: dict[str, Declined]

    def status(self, row: Row) -> str:
        """``proven``, ``declined`` or ``open``."""
        if row.id in self.proofs:
            return "proven"
        return "declined" if row.id in self.declined else "open"


def gather(root: Path) -> Requirements:
    """Reads registers, descriptions, tests and declined rows; raises ``RequirementsError``."""
    rows = registers(root)
    home = {row.id: REGISTERS[name] for name, each in rows.items() for row in each}
    stated, proofs, turned_down = numbers(root), marks(root), declined(root)
    problems = [
        f"{place.file}:{place.line}: {place.id} is in no register"
        for place in (*stated, *proofs)
        if place.id not in home
    ]
    seen: dict[str, Declined] = {}
    for each in turned_down:
        if each.id not in home:
            problems.append(f"{each.file}: {each.id} is in no register")
        elif f"/{home[each.id]}/" not in each.file:
            problems.append(f"{each.file}: {each.id} is a row of {home[each.id]}")
        if each.id in seen:
            problems.append(f"{each.file}: {each.id} is declined twice")
        seen[each.id] = each
    problems += [
        f"{place.file}:{place.line}: {place.id} is proven here, but declined in"
        f" {seen[place.id].file}"
        for place in proofs
        if place.id in seen
    ]
    if problems:
        raise RequirementsError(problems)
    # A comment may mention another system's row (as a reason); its number stands at home.
    own = [place for place in stated if f"/{home[place.id]}/" in place.file]
    return Requirements(rows, _grouped(own), _grouped(proofs), seen)


def _grouped(places: list[Place]) -> dict[str, tuple[Place, ...]]:
    grouped: dict[str, tuple[Place, ...]] = {}
    for place in places:
        grouped[place.id] = (*grouped.get(place.id, ()), place)
    return grouped
