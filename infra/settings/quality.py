"""The bars that a product's own tests must reach before it is let out."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.base import Settings
from infra.settings.errors import Refused
from infra.settings.operations import Lighthouse, Vitals
from infra.settings.quantities import Percent, Size


class Coverage(Settings):
    """The share of lines that tests must reach."""

    overall: Percent
    critical_paths: Percent | None = None
    business_logic: Percent | None = None
    ui_components: Percent | None = None
    workflows: Percent | None = None  # of user workflows, by end-to-end tests

    @model_validator(mode="after")
    def _critical_is_stricter(self) -> Self:
        if self.critical_paths is not None and self.critical_paths < self.overall:
            raise Refused(
                f"critical paths need {self.critical_paths}, less than {self.overall} overall",
                "raise critical_paths",
            )
        return self


class FrontEnd(Settings):
    """Budgets of the pages that a browser loads."""

    vitals: Vitals = Vitals()
    bundle: Size | None = None  # gzipped
    lighthouse: Lighthouse | None = None
    accessibility: Literal["WCAG 2.1 AA"] | None = None


class Quality(Settings):
    """What must be true of a version before it reaches production."""

    coverage: Coverage | None = None
    front_end: FrontEnd | None = None
    critical_vulnerabilities: Annotated[int, Field(ge=0)] = 0
    security_grade: Literal["A+", "A", "B"] | None = None
    performance_grade: Literal["A", "B"] | None = None
    # How many tests a suite must hold at least.
    suites: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
