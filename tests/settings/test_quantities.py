"""Units are demanded, exact, and told apart."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra.settings.errors import Refused
from infra.settings.model import Cpu, Duration, Money, Percent, Rate, Size
from infra.settings.quantities import Quantity

KINDS = (Duration, Size, Cpu, Percent, Rate, Money)
kinds = st.sampled_from(KINDS)
numbers = st.one_of(
    st.integers(0, 10**15 - 1).map(str),
    st.decimals(0, 10**9, places=3, allow_nan=False).map(str),
)


@st.composite
def words(draw: st.DrawFn) -> tuple[type[Quantity], str, str]:
    kind = draw(kinds)
    return kind, draw(numbers), draw(st.sampled_from(sorted(kind.units)))


@given(words(), st.sampled_from(["", " "]))
def test_number_times_unit_is_exact(word: tuple[type[Quantity], str, str], gap: str) -> None:
    kind, number, unit = word
    assert kind(f"{number}{gap}{unit}").base == Fraction(number) * kind.units[unit]


@given(words())
def test_text_round_trips_and_copies_are_equal(word: tuple[type[Quantity], str, str]) -> None:
    kind, number, unit = word
    value = kind(number + unit)
    assert kind(str(value)) == value
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    assert hash(copy.copy(value)) == hash(value)


@given(kinds, st.text(max_size=40))
def test_any_text_is_a_quantity_or_refused(kind: type[Quantity], text: str) -> None:
    try:
        value = kind(text)
    except Refused as refused:
        assert refused.reason and refused.fix
    else:
        assert value.base >= 0


@given(kinds, st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.text())))
def test_a_bare_value_is_refused(kind: type[Quantity], value: object) -> None:
    with pytest.raises(Refused, match="is a bare"):
        kind(value)  # type: ignore[arg-type]


@given(kinds, numbers)
def test_a_number_without_a_unit_is_refused(kind: type[Quantity], number: str) -> None:
    with pytest.raises(Refused, match="has no unit"):
        kind(number)


@given(words())
def test_a_negative_is_refused(word: tuple[type[Quantity], str, str]) -> None:
    kind, number, unit = word
    with pytest.raises(Refused, match="is negative"):
        kind(f"-{number}{unit}")


@given(kinds, kinds, numbers)
def test_no_unit_of_another_kind_is_taken(
    kind: type[Quantity], other: type[Quantity], number: str
) -> None:
    foreign = sorted(set(other.units) - set(kind.units))
    assume(foreign)
    for unit in foreign:
        with pytest.raises(Refused, match="unknown unit"):
            kind(number + unit)


@given(words(), words())
def test_order_follows_the_base_unit_and_never_mixes_kinds(
    one: tuple[type[Quantity], str, str], two: tuple[type[Quantity], str, str]
) -> None:
    first, second = one[0](one[1] + one[2]), two[0](two[1] + two[2])
    if one[0] is two[0]:
        assert (first < second) == (first.base < second.base)
        assert (first == second) == (first.base == second.base)
    else:
        assert first != second
        with pytest.raises(TypeError):
            first < second  # noqa: B015


@given(st.integers(1, 10**14), st.integers(1, 400))
def test_scaling_never_gives_less_than_the_share(size: int, share: int) -> None:
    whole = Size(f"{size}B")
    scaled = whole.scaled(Percent(f"{share}%"))
    assert scaled.base >= whole.base * share / 100
    assert scaled.base - whole.base * share / 100 < 2**20


def test_values_that_matter() -> None:
    assert Rate("60/min") == Rate("1/s")
    assert Duration("0.5min") == Duration("30s") and Duration("2y").seconds == 2 * 365 * 86400
    assert Size("500MB").bytes == 500_000_000 and Size("500MB").kubernetes == "500M"
    assert Size("20Gi").kubernetes == "20Gi" and Size("64 Ki").kubernetes == "64Ki"
    assert Cpu("2cores").kubernetes == "2" and Cpu("0.5m").kubernetes == "1m"
    assert Percent("99.9%").ratio == 0.999
    assert Size.total([Size("1Gi"), Size("1B")]) == Size("1025Mi")
    assert Cpu.total([Cpu("250m")] * 3) == Cpu("750m")


@pytest.mark.parametrize("text", ["٣s", "1e3s", "1_000s", "0x1s", "1s\n2s", "1,5s", "9" * 16 + "s"])
def test_what_looks_like_a_number_but_is_none(text: str) -> None:
    with pytest.raises(Refused):
        Duration(text)


def test_a_quantity_never_changes() -> None:
    with pytest.raises(AttributeError):
        Size("1Gi").base = Fraction(0)
