"""Every number of a description reaches a resource: change it, and something must change.

The areas that later work builds (monitoring, delivery, cost, load tests) are left out whole; in
the areas that stand, a number that nothing reads yet is named in ``LATER`` with whose it is. A
number in ``LATER`` that does reach a resource fails too, so the list can only shrink.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings.base import Settings
from infra.settings.errors import Refused
from infra.settings.platform import Platform
from infra.settings.quantities import Quantity
from stacks.systems import SYSTEMS
from tests.support import Program, platform, run

AREAS = ("workloads", "database", "cache", "buckets", "edge", "egress", "quota")
DATA_TIER = "the data tier: backups, poolers, replicas, migrations"
MONITORING = "monitoring: an alert or an objective"
LATER = {
    "database.rpo": DATA_TIER,
    "database.rto": DATA_TIER,
    "database.backup_retention": DATA_TIER,
    "database.recovery_window": DATA_TIER,
    "database.restore_drill_every": DATA_TIER,
    "database.row_level_security": DATA_TIER,
    "database.indexes": DATA_TIER,
    "database.tables.indexes": DATA_TIER,
    "database.major": "the image that versions.py pins; another major is the data tier's",
    "database.pool.alert_used": MONITORING,
    "database.pool.alert_free_below": MONITORING,
    "cache.hit_rate": MONITORING,
    "cache.warmed": DATA_TIER,
    "cache.keys.ttl": "the product's own, and the cache drills of the data tier",
    "cache.keys.invalidate_on_write": "the product's own",
    "buckets.upload_within": MONITORING,
    "buckets.expire_after": DATA_TIER,
    "buckets.keep_old_versions": DATA_TIER,
    "edge.cdn": "the AWS edge",
    "egress.timeout": "the product's own client",
    "workloads.autoscaling.requests_per_second": "the metrics adapter of monitoring",
    "workloads.autoscaling.respond_within": "the load tests",
    "workloads.survives_pod_loss": "the tier table, which has applied it before",
    "workloads.replicas.fixed": "the tier table, which has applied it before",
}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every number and switch, by the way to it."""
    if isinstance(value, Settings):
        for name in type(value).model_fields:
            if path or name in AREAS:
                yield from leaves(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for at, each in enumerate(value):
            yield from leaves(each, (*path, at))
    elif isinstance(value, Quantity | int):
        yield path


def altered(value: Any, path: tuple[str | int, ...]) -> Any:
    """The description with one number changed, to a value that it takes."""
    if not path:
        raise AssertionError("a way must lead somewhere")
    step, rest = path[0], path[1:]
    inner = value[step] if isinstance(step, int) else getattr(value, step)
    for other in [altered(inner, rest)] if rest else others(inner):
        try:
            if isinstance(step, int):
                return (*value[:step], other, *value[step + 1 :])
            return value.changed(**{str(step): other})
        except (Refused, ValueError):
            continue
    raise AssertionError(f"{path} takes no other value than {inner!r}")


def others(value: Any) -> Iterator[Any]:
    """Values of the same kind that differ."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, Quantity):
        number = re.match(r"[\d.]+", value.text)
        assert number is not None
        for factor in (2, 0.5, 1.1):
            changed = f"{float(number[0]) * factor:g}{value.text[number.end() :]}"
            try:
                yield type(value)(changed)
            except (Refused, ValueError):
                continue
    else:
        yield from (value * 2 or 1, value + 1, value - 1)


def name(path: tuple[str | int, ...]) -> str:
    """The way without the places in lists."""
    return ".".join(str(step) for step in path if isinstance(step, str))


def only(slug: str) -> Platform:
    return platform("prod", systems=f'["{slug}"]')


def made(chosen: Platform) -> list[Any]:
    whole: Program = run(chosen)
    return sorted(((e.urn, str(e.inputs)) for e in whole.resources), key=lambda pair: pair[0])


def ways() -> dict[str, list[tuple[str, tuple[str | int, ...]]]]:
    """Each number that any description gives, with every place that gives it."""
    found: dict[str, list[tuple[str, tuple[str | int, ...]]]] = {}
    for slug in SYSTEMS:
        for path in leaves(only(slug).systems[0]):
            found.setdefault(name(path), []).append((slug, path))
    return found


def changed(number: str) -> tuple[str, Any]:
    """A system with the number changed, at the first place that takes another value."""
    for slug, path in WAYS[number]:
        try:
            return slug, altered(only(slug).systems[0], path)
        except AssertionError:
            continue
    raise AssertionError(f"{number} takes no other value in any system")


@pytest.fixture(autouse=True)
def _without_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest resources have no number of ours in them: half of the time is theirs."""
    monkeypatch.setattr("k8s.addons.postgres_operator.definitions", lambda package: ())


WAYS = ways()
BEFORE: dict[str, list[Any]] = {}


@pytest.mark.parametrize("number", sorted(WAYS))
def test_a_number_that_changes_changes_a_resource(number: str) -> None:
    slug, system = changed(number)
    chosen = only(slug)
    if slug not in BEFORE:
        BEFORE[slug] = made(chosen)
    before, after = BEFORE[slug], made(chosen.changed(systems=(system,)))
    reaches = after != before
    if number in LATER:
        assert not reaches, f"{number} reaches a resource now: take it out of LATER"
    else:
        assert reaches, f"{number} reaches nothing: use it, or say in LATER whose it is"


def test_what_is_left_for_later_exists() -> None:
    assert set(LATER) <= set(WAYS)
