"""Quantities with units, parsed from the words an operator writes.

A bare number where a unit is due is an error: ``"500"`` could be seconds or
milliseconds, and the two differ by an outage. Every quantity keeps the words
it was written in, so that a message can quote them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from infra.settings.errors import Refused

# [0-9], not \d: other scripts' digits would pass here and fail in Kubernetes. The lengths are
# bounded so that no text, however silly, makes arithmetic slow.
_NUMBER_AND_UNIT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s?([A-Za-z%/]{0,8})")


class Quantity:
    """A number with a unit of one dimension, compared exactly in its base unit.

    Raises ``Refused`` (a ``ValueError``) for a missing or unknown unit, and for a negative.
    """

    units: ClassVar[dict[str, Fraction]]
    kind: ClassVar[str]
    examples: ClassVar[str]

    __slots__ = ("base", "text")
    base: Fraction
    text: str

    def __init__(self, text: str) -> None:
        like = f"write it as text with a unit, like {self.examples}"
        if not isinstance(text, str):
            raise Refused(f"{text!r:.60} is a bare {type(text).__name__}, not a {self.kind}", like)
        if re.fullmatch(r"-\s*[0-9].*", text.strip()):
            raise Refused(f"{text!r:.60} is negative; a {self.kind} can't be", like)
        match = _NUMBER_AND_UNIT.fullmatch(text.strip())
        if match is None:
            raise Refused(f"{text!r:.60} is not a {self.kind}", like)
        number, unit = match.groups()
        if not unit:
            raise Refused(f"{text!r:.60} has no unit for a {self.kind}", like)
        if unit not in self.units:
            raise Refused(
                f"{text!r:.60} has the unknown unit {unit!r} for a {self.kind}",
                f"units are {', '.join(self.units)} (like {self.examples})",
            )
        object.__setattr__(self, "base", Fraction(number) * self.units[unit])
        object.__setattr__(self, "text", text.strip())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {self.kind} can't be changed; make another")

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.text,)  # slots and no setattr: copies are parsed again

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __hash__(self) -> int:
        return hash((type(self), self.base))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.base == other.base

    # All four written out: a type checker does not follow total_ordering through Self.
    def __lt__(self, other: Self) -> bool:
        return self.base < other.base if type(other) is type(self) else NotImplemented

    def __le__(self, other: Self) -> bool:
        return self.base <= other.base if type(other) is type(self) else NotImplemented

    def __gt__(self, other: Self) -> bool:
        return self.base > other.base if type(other) is type(self) else NotImplemented

    def __ge__(self, other: Self) -> bool:
        return self.base >= other.base if type(other) is type(self) else NotImplemented

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(value),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )


class Duration(Quantity):
    """A span of time; the base unit is the second, a year has 365 days."""

    kind = "duration"
    examples = '"500ms", "15min" or "30d"'
    units: ClassVar[dict[str, Fraction]] = {
        "ms": Fraction(1, 1000),
        "s": Fraction(1),
        "min": Fraction(60),
        "h": Fraction(3600),
        "d": Fraction(86400),
        "y": Fraction(365 * 86400),
    }

    @property
    def seconds(self) -> float:
        """The span in seconds."""
        return float(self.base)


class Size(Quantity):
    """An amount of bytes; powers of two and of ten are told apart."""

    kind = "size"
    examples = '"20Gi", "256Mi" or "500MB"'
    units: ClassVar[dict[str, Fraction]] = {
        "B": Fraction(1),
        "Ki": Fraction(2**10),
        "Mi": Fraction(2**20),
        "Gi": Fraction(2**30),
        "Ti": Fraction(2**40),
        "kB": Fraction(10**3),
        "MB": Fraction(10**6),
        "GB": Fraction(10**9),
        "TB": Fraction(10**12),
    }

    @property
    def bytes(self) -> int:
        """The amount in bytes."""
        return int(self.base)

    @property
    def kubernetes(self) -> str:
        """The form that Kubernetes reads (``500MB`` is its ``500M``)."""
        return self.text.replace(" ", "").removesuffix("B")

    @classmethod
    def total(cls, sizes: Iterable[Size]) -> Size:
        """The sum, rounded up to whole mebibytes."""
        return cls(f"{math.ceil(sum(size.base for size in sizes) / 2**20)}Mi")

    def scaled(self, by: Percent) -> Size:
        """This size times ``by``, rounded up to whole mebibytes; itself at 100 %."""
        return self if by.base == 100 else Size(f"{math.ceil(self.base * by.base / 100 / 2**20)}Mi")


class Cpu(Quantity):
    """Processor time; the base unit is one core."""

    kind = "cpu amount"
    examples = '"250m" or "2cores"'
    units: ClassVar[dict[str, Fraction]] = {"m": Fraction(1, 1000), "cores": Fraction(1)}

    @property
    def cores(self) -> float:
        """The amount in cores."""
        return float(self.base)

    @property
    def kubernetes(self) -> str:
        """The form that Kubernetes itself writes: whole cores, else thousandths, rounded up.

        Any other form of the same amount would look like a change on every refresh.
        """
        thousandths = math.ceil(self.base * 1000)
        return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)

    @classmethod
    def total(cls, amounts: Iterable[Cpu]) -> Cpu:
        """The sum, rounded up to thousandths of a core."""
        return cls(f"{math.ceil(sum(amount.base for amount in amounts) * 1000)}m")

    def scaled(self, by: Percent) -> Cpu:
        """This amount times ``by``, rounded up to thousandths of a core; itself at 100 %."""
        return self if by.base == 100 else Cpu(f"{math.ceil(self.base * by.base * 10)}m")


class Percent(Quantity):
    """A share of a whole; the base unit is 1 %."""

    kind = "percentage"
    examples = '"70%" or "99.9%"'
    units: ClassVar[dict[str, Fraction]] = {"%": Fraction(1)}

    @property
    def ratio(self) -> float:
        """The share as a fraction between 0 and 1."""
        return float(self.base / 100)


class Rate(Quantity):
    """Events in time; the base unit is one a second."""

    kind = "rate"
    examples = '"100/s" or "60/min"'
    units: ClassVar[dict[str, Fraction]] = {
        "/s": Fraction(1),
        "/min": Fraction(1, 60),
        "/h": Fraction(1, 3600),
    }

    @property
    def per_second(self) -> float:
        """Events a second."""
        return float(self.base)


class Money(Quantity):
    """US dollars; the base unit is one dollar."""

    kind = "amount of money"
    examples = '"500USD"'
    units: ClassVar[dict[str, Fraction]] = {"USD": Fraction(1)}

    @property
    def dollars(self) -> float:
        """The amount in US dollars."""
        return float(self.base)
