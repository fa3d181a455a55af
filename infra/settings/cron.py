"""Cron expressions: five fields, in UTC, as a Kubernetes CronJob reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator

from infra.settings.errors import Refused
from infra.settings.quantities import Duration

# A fixed day before leap day 2028: whether a schedule is good must not depend on today.
_START = datetime(2027, 1, 1, tzinfo=UTC)
_KUBERNETES = re.compile(r"[0-9A-Za-z*,/ -]+")
_RUNS = 500  # enough to see a year of daily runs; remembered, since types are checked often


@cache
def checked(expression: str) -> str:
    """The expression; raises ``Refused`` for one that CronJobs don't take."""
    fix = 'write five fields "minute hour day month weekday" in UTC, like "0 2 * * *"'
    fields = expression.split()
    if len(fields) != 5 or not _KUBERNETES.fullmatch(expression):
        raise Refused(f"{expression!r:.80} is not a cron expression of five fields", fix)
    # Last-day and nth-weekday marks are extensions that Kubernetes refuses.
    if "L" in f"{fields[2]} {fields[4]}".upper().replace("JUL", ""):
        raise Refused(f"{expression!r:.80} uses L, which a Kubernetes CronJob does not know", fix)
    try:
        next(CronSim(expression, _START))
    except CronSimError as error:
        raise Refused(f"{expression!r:.80} is not a cron expression: {error}", fix) from error
    return expression


@cache
def longest_gap(expression: str) -> timedelta:
    """The longest time between two runs, over the next 500 of them."""
    runs = islice(CronSim(expression, _START), _RUNS)
    return max((later - sooner for sooner, later in pairwise(runs)), default=timedelta.max)


@cache
def shortest_gap(expression: str) -> timedelta:
    """The shortest time between two runs, over the next 500 of them."""
    runs = islice(CronSim(expression, _START), _RUNS)
    return min((later - sooner for sooner, later in pairwise(runs)), default=timedelta.max)


def expression_for(every: Duration) -> str:
    """The cron expression that runs at even steps; raises ``Refused`` where cron has none.

    Cron begins anew each hour and each day, so only steps that divide them are even.
    """
    minutes = every.base / 60
    if minutes.denominator == 1 and minutes > 0:
        whole = int(minutes)
        if 60 % whole == 0:
            return f"*/{whole} * * * *" if whole < 60 else "0 * * * *"
        if whole % 60 == 0 and 24 % (whole // 60) == 0:
            return f"0 */{whole // 60} * * *" if whole < 1440 else "0 0 * * *"
    raise Refused(
        f"every {every} has no even cron expression",
        "take whole minutes that divide an hour, or whole hours that divide a day; or give cron",
    )


CronExpression = Annotated[str, AfterValidator(checked)]
