"""Descriptions that promise what can't hold are refused where they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from infra.settings.model import (
    Alert,
    Autoscaling,
    Bucket,
    Budget,
    Cache,
    Chaos,
    Coverage,
    Cpu,
    Duration,
    Edge,
    Egress,
    KeyTtl,
    LoadTest,
    Money,
    Objective,
    Percent,
    Pool,
    Quota,
    Rate,
    RateLimit,
    Replicas,
    Schedule,
    Size,
    System,
    Workload,
)
from stacks.systems import SYSTEMS

ISP = SYSTEMS["isp_chatbot"]
FLOW = SYSTEMS["flow_studio"]
M3D = SYSTEMS["models_3d"]
DATABASE = ISP.database
API, WORKER = ISP.workloads


def objective(**given: Any) -> Objective:
    return Objective(**({"name": "o", "indicator": "availability"} | given))


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "RPO below the archive interval": (
        lambda: DATABASE.changed(archive_timeout=Duration("16min")),
        "rpo 15min cannot be kept",
    ),
    "retention below the recovery window": (
        lambda: DATABASE.changed(backup_retention=Duration("6d")),
        "shorter than the recovery_window",
    ),
    "base backups rarer than the window": (
        lambda: DATABASE.changed(backup_schedule="0 3 1 * *"),
        "between base backups",
    ),
    "synchronous alone": (lambda: DATABASE.changed(instances=1), "second instance"),
    "more indexes than there are": (
        lambda: SYSTEMS["blipee"].database.changed(indexes=41),
        "42 indexes, more than the 41",
    ),
    "cron of six fields": (
        lambda: DATABASE.changed(backup_schedule="0 0 2 * * *"),
        "not a cron expression of five fields",
    ),
    "cron out of range": (lambda: DATABASE.changed(backup_schedule="61 2 * * *"), "not a cron"),
    "cron that never comes": (lambda: DATABASE.changed(backup_schedule="0 0 31 2 *"), "cron"),
    "cron of another dialect": (lambda: DATABASE.changed(backup_schedule="0 0 L * *"), "L"),
    "pool alert that always fires": (lambda: Pool(size=2, alert_free_below=2), "always fire"),
    "two clocks": (
        lambda: Schedule(
            name="s", what="w", every=Duration("5min"), cron="* * * * *", deadline=Duration("1min")
        ),
        "either every or cron",
    ),
    "no clock": (
        lambda: Schedule(name="s", what="w", deadline=Duration("1min")),
        "either every or cron",
    ),
    "uneven steps": (
        lambda: Schedule(name="s", what="w", every=Duration("7min"), deadline=Duration("1min")),
        "no even cron expression",
    ),
    "runs that overlap": (
        lambda: Schedule(name="s", what="w", every=Duration("5min"), deadline=Duration("6min")),
        "runs again after",
    ),
    "name too long for a schedule": (
        lambda: Schedule(
            name="s" * 41, what="w", every=Duration("5min"), deadline=Duration("1min")
        ),
        "at most 40",
    ),
    "one key, two TTLs": (
        lambda: ISP.cache.changed(keys=(KeyTtl(pattern="a", ttl=Duration("1s")),) * 2),
        "two TTLs",
    ),
    "append-only file without room": (
        lambda: ISP.cache.changed(storage=Size("1Gi")),
        "less than twice the memory",
    ),
    "old versions of the unversioned": (
        lambda: Bucket(
            name="b",
            largest_upload=Size("1MB"),
            versioned=False,
            keep_old_versions=Duration("1d"),
        ),
        "not versioned",
    ),
    "minimum above maximum": (lambda: Replicas(minimum=2, maximum=1), "minimum 2 is above"),
    "autoscaling on nothing": (Autoscaling, "no target"),
    "sticky api": (lambda: API.changed(sticky=True), "its role is api"),
    "sticky worker": (lambda: WORKER.changed(sticky=True), "its role is worker"),
    "worker with routes": (lambda: WORKER.changed(routes=("/x",)), "a worker with routes"),
    "worker that scales on requests": (
        lambda: WORKER.changed(autoscaling=Autoscaling(requests_per_second=Rate("1/s"))),
        "scales on requests",
    ),
    "room to scale, nothing that scales": (
        lambda: API.changed(autoscaling=None),
        "nothing that scales it",
    ),
    "survives alone": (
        lambda: FLOW.workloads[0].changed(replicas=Replicas(minimum=1, maximum=3)),
        "survive the loss of a Pod with 1",
    ),
    "calls itself": (
        lambda: API.changed(calls=frozenset({"isp-chatbot-api"})),
        "calls itself",
    ),
    "workload name too long": (lambda: API.changed(name="w" * 41), "at most 40"),
    "workload name in capitals": (lambda: API.changed(name="Api"), "pattern"),
    "no budget at 100 %": (lambda: objective(target=Percent("100%")), "no error budget"),
    "no budget at 0 errors": (
        lambda: objective(indicator="error_ratio", target=Percent("0%")),
        "no error budget",
    ),
    "burn alert that can't fire": (lambda: objective(target=Percent("93%")), "can never fire"),
    "burn alert of a low percentile": (
        lambda: objective(indicator="latency", target=Duration("1s"), percentile=Percent("90%")),
        "can never fire",
    ),
    "window shorter than its alert": (
        lambda: objective(target=Percent("99.9%"), window=Duration("2d")),
        "shorter than the 3d",
    ),
    "latency without a percentile": (
        lambda: objective(indicator="latency", target=Duration("1s")),
        "no percentile",
    ),
    "target of another measure": (
        lambda: objective(target=Duration("1s")),
        "availability can't have the target 1s",
    ),
    "more than everything": (
        lambda: objective(indicator="cache_hit_ratio", target=Percent("101%")),
        "at most 100%",
    ),
    "two rate limits on a path": (
        lambda: Edge(
            host="a.example",
            rate_limits=(RateLimit(path="/", limit=Rate("1/s"), burst=1),) * 2,
        ),
        "two rate limits",
    ),
    "load test without load": (lambda: LoadTest(name="l", path="/"), "no load"),
    "chaos that never strikes": (
        lambda: FLOW.chaos[0].changed(interval=Duration("61s")),
        "never",
    ),
    "critical paths below the rest": (
        lambda: Coverage(overall=Percent("80%"), critical_paths=Percent("70%")),
        "less than 80%",
    ),
    "a quota of nothing": (
        lambda: Quota(pods=0, cpu=Cpu("1m"), memory=Size("1Mi"), storage=Size("1Mi")),
        "greater than or equal to 1",
    ),
    "unknown field": (
        lambda: KeyTtl.model_validate({"pattern": "a", "ttl": "1s", "tll": "1s"}),
        "Extra inputs",
    ),
    "alert in lower case": (lambda: ISP.alerts[0].changed(name="highErrorRate"), "pattern"),
    "unknown signal": (lambda: ISP.alerts[0].changed(metric="latency"), "latency_p95"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_hold_is_refused(name: str) -> None:
    make, reason = REFUSED[name]
    with pytest.raises(ValidationError) as caught:
        make()
    assert reason in str(caught.value)


def _two(name: str) -> tuple[str, Callable[[], System]]:
    return name, lambda: ISP.changed(**{name: (*getattr(ISP, name), getattr(ISP, name)[0])})


@pytest.mark.parametrize(
    ("field", "make"),
    [_two(name) for name in ("workloads", "buckets", "egress", "objectives", "alerts")],
)
def test_names_in_a_system_are_told_apart(field: str, make: Callable[[], System]) -> None:
    with pytest.raises(ValidationError, match="has two"):
        make()


def with_api(**values: Any) -> System:
    return ISP.changed(workloads=(API.changed(**values), WORKER))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: with_api(egress=frozenset({"spg"})), "'spg', which the system"),
        (lambda: with_api(calls=frozenset({"isp-chatbot-workr"})), "no workload of"),
        (
            lambda: ISP.changed(
                egress=(
                    *ISP.egress,
                    Egress(name="x", host="x.example", timeout=Duration("1s")),
                )
            ),
            "no workload of 'isp_chatbot' uses",
        ),
        (
            lambda: FLOW.changed(
                chaos=(
                    Chaos(
                        name="c",
                        experiment="pod-delete",
                        duration=Duration("1min"),
                        interval=Duration("1s"),
                        workload="nobody",
                        availability=Percent("99%"),
                    ),
                )
            ),
            "unknown workload 'nobody'",
        ),
        (
            lambda: M3D.changed(
                workloads=(*M3D.workloads[:3], M3D.workloads[0].changed(name="second"))
            ),
            "two routes '/api'",
        ),
    ],
)
def test_a_system_uses_what_it_declares(make: Callable[[], System], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert reason in str(caught.value)


@pytest.mark.req("FLO-102")
def test_the_parts_of_a_budget_sum_to_its_total() -> None:
    total = next(each for each in FLOW.budgets if each.covers == "total")
    parts = [each for each in FLOW.budgets if each.covers != "total"]
    assert total.monthly == Money("5800USD") and total.three_months == Money("15400USD")
    assert sum(each.monthly.dollars for each in parts) == total.monthly.dollars
    months = sum(each.three_months.dollars for each in parts if each.three_months)
    assert months == total.three_months.dollars
    with pytest.raises(ValidationError, match=r"sum to 5900USD, not 5800USD"):
        FLOW.changed(budgets=(*FLOW.budgets, Budget(name="more", monthly=Money("100USD"))))


def test_a_recurring_budget_is_the_same_each_month() -> None:
    odd = Budget(name="odd", monthly=Money("10USD"), three_months=Money("20USD"))
    with pytest.raises(ValidationError, match="in three"):
        ISP.changed(budgets=(odd,))


def test_descriptions_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ISP.slug = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        ISP.database.storage = Size("1Gi")  # type: ignore[misc]


def test_strict_types_don_t_guess() -> None:
    with pytest.raises(ValidationError):
        Workload(**(API.__dict__ | {"port": "8000"}))
    with pytest.raises(ValidationError):
        Alert(**(ISP.alerts[0].__dict__ | {"threshold": 5.5}))
    with pytest.raises(ValidationError):
        Cache(**(ISP.cache.__dict__ | {"warmed": 1}))
