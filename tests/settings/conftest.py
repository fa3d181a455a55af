"""Layer settings: parsing, units, refusals and the tier table. Needs nothing but Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import settings as hypothesis_settings

from infra.settings import stackfile
from infra.settings.errors import Problem, SettingsError
from infra.settings.load import load
from infra.settings.platform import Platform
from stacks.systems import SYSTEMS

# The first example of a run imports and sizes five systems; a deadline would only measure that.
hypothesis_settings.register_profile("alicerce", deadline=None)
hypothesis_settings.load_profile("alicerce")

Written = Callable[..., Platform]
Refusals = Callable[..., Sequence[Problem]]


def _config(given: dict[str, Any]) -> dict[str, Any]:
    base = {"target": "cluster", "tier": "local"} | given
    return {f"alicerce:{key}": value for key, value in base.items() if value is not ...}


def _loaded(stack: str, given: dict[str, Any], context: str | None) -> Platform:
    text = yaml.safe_dump({"config": _config(given)})
    values, problems = stackfile.parse(text, f"Pulumi.{stack}.yaml")
    if problems:
        raise SettingsError(problems)
    return load(stack, values, SYSTEMS, kube_context=context)


@pytest.fixture
def written() -> Written:
    """Loads a stack file with these keys (``...`` leaves one out) on top of a good one."""
    return lambda stack="local", context=None, **given: _loaded(stack, given, context)


@pytest.fixture
def refusals() -> Refusals:
    """What such a stack file is refused for; fails if it is taken."""

    def refused(stack: str = "local", context: str | None = None, **given: Any) -> list[Problem]:
        with pytest.raises(SettingsError) as caught:
            _loaded(stack, given, context)
        problems = list(caught.value.problems)
        for problem in problems:
            assert problem.file == f"Pulumi.{stack}.yaml"
            assert problem.key and problem.reason and problem.fix
            assert str(problem) in str(caught.value)
        return problems

    return refused
