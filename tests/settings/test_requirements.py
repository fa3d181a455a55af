"""Registers are read whole, and the page about them can't lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import registers, requirements
from ops.registers import RequirementsError, Row

ROOT = Path(__file__).parents[2]
REGISTER = """# A system

Seed: `x.txt`. Requirements: 2 (compute 2).

| id | area | requirement | seed section |
|---|---|---|---|
| {prefix}-001 | compute | Does `a` and b. | Section |
| {prefix}-002 | slo | p95 < 50 ms. | Section |
"""
PREFIXES = {
    "blipee": "BLP",
    "sms-ao": "SMS",
    "isp-chatbot": "ISP",
    "flow-studio": "FLO",
    "models-3d": "M3D",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of five registers with two rows each, one of them stated and proven."""
    for name, slug in registers.REGISTERS.items():
        _put(
            tmp_path / "docs" / "requirements" / f"{name}.md",
            REGISTER.format(prefix=PREFIXES[name]),
        )
        _put(tmp_path / "stacks" / "systems" / slug / "declined.toml", "")
    _put(tmp_path / "stacks" / "systems" / "blipee" / "system.py", "X = 50  # BLP-002\n")
    _put(
        tmp_path / "tests" / "test_x.py",
        'import pytest\n\n\n@pytest.mark.req("BLP-002")\ndef test_fast():\n    pass\n',
    )
    return tmp_path


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _decline(root: Path, slug: str, row: str, more: str = 'instead = "that"\n') -> None:
    path = root / "stacks" / "systems" / slug / "declined.toml"
    group = f'[[declined]]\nrows = ["{row}"]\nreason = "because"\n{more}\n'
    path.write_text(path.read_text() + group)


def test_the_registers_are_read_whole() -> None:
    counts = {name: len(rows) for name, rows in registers.registers(ROOT).items()}
    assert counts == {
        "blipee": 203,
        "sms-ao": 81,
        "isp-chatbot": 112,
        "flow-studio": 149,
        "models-3d": 114,
    }
    assert sum(counts.values()) == 659


def test_the_registers_agree_with_tests_and_descriptions() -> None:
    known = registers.gather(ROOT)
    every = [row for rows in known.rows.values() for row in rows]
    assert len({row.id for row in every}) == 659
    assert {known.status(row) for row in every} == {"proven", "declined", "open"}


def test_a_lost_row_is_noticed() -> None:
    text = REGISTER.format(prefix="BLP").replace("| BLP-002", "BLP-002")
    with pytest.raises(RequirementsError, match="says 2 of rows, 1 were read"):
        registers.parse(text, "blipee")


def test_the_page(root: Path) -> None:
    _decline(root, "sms_ao", "SMS-001")
    text = requirements.page(root)
    assert "| [blipee](#blipee) | 2 | 1 | 0 | 1 | 1 |" in text
    assert "| **total** | 10 | 1 | 1 | 8 | 1 |" in text
    assert (
        "| [BLP-002](requirements/blipee.md) | slo | p95 < 50 ms. |"
        " **proven**: [test_fast](../tests/test_x.py) |"
        " [system.py:1](../stacks/systems/blipee/system.py#L1) |" in text
    )
    assert "declined: because Instead: that" in text
    assert requirements.write(root).read_text() == text


def test_a_mark_in_a_class_or_a_parameter_is_seen(root: Path) -> None:
    _put(
        root / "tests" / "deep" / "test_y.py",
        "import pytest\n\n\nclass TestA:\n"
        '    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.req("FLO-001"))])\n'
        "    async def test_b(self, x):\n        pass\n",
    )
    (place,) = registers.gather(root).proofs["FLO-001"]
    assert place.file == "tests/deep/test_y.py::TestA::test_b"


@pytest.mark.parametrize("where", ["tests/test_x.py", "stacks/systems/blipee/system.py"])
def test_an_id_of_no_register(root: Path, where: str) -> None:
    path = root / where
    path.write_text(path.read_text().replace("BLP-002", "BLP-999"))
    with pytest.raises(RequirementsError, match=f"{where}.*BLP-999 is in no register"):
        registers.gather(root)


@pytest.mark.parametrize(
    ("slug", "row", "more", "reason"),
    [
        ("blipee", "BLP-002", 'instead = "x"', "proven here, but declined in"),
        ("blipee", "BLP-900", 'instead = "x"', "BLP-900 is in no register"),
        ("sms_ao", "BLP-001", 'instead = "x"', "BLP-001 is a row of blipee"),
        ("blipee", "BLP-001", "", "say what stands instead"),
        ("blipee", "BLP-001", 'instead = "x"\nwhy = "y"', "a group needs"),
    ],
)
def test_a_row_declined_wrongly(root: Path, slug: str, row: str, more: str, reason: str) -> None:
    _decline(root, slug, row, more)
    with pytest.raises(RequirementsError, match=reason):
        registers.gather(root)


def test_a_row_declined_twice(root: Path) -> None:
    _decline(root, "blipee", "BLP-001")
    _decline(root, "blipee", "BLP-001")
    with pytest.raises(RequirementsError, match="declined twice"):
        registers.gather(root)


def test_a_mark_that_can_not_be_followed(root: Path) -> None:
    path = root / "tests" / "test_x.py"
    path.write_text(path.read_text().replace('"BLP-002"', "ROW"))
    with pytest.raises(RequirementsError, match="plain text only"):
        registers.marks(root)


def test_a_reason_from_another_system_is_no_home(root: Path) -> None:
    _put(root / "stacks" / "systems" / "sms_ao" / "system.py", "X = 1  # as BLP-001 has it\n")
    assert "BLP-001" not in registers.gather(root).numbers


def test_a_short_text_is_cut_at_a_word_and_closes_its_code() -> None:
    row = Row("BLP-001", "compute", "word " * 20 + "`some code that is long` and more", "blipee")
    assert len(row.short) < 115 and row.short.endswith("…") and row.short.count("`") % 2 == 0
