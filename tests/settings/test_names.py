"""Names fit where they are used, and the registers' own are kept."""

from __future__ import annotations

import re

import pytest

from infra.settings import names
from infra.settings.cron import expression_for, longest_gap
from infra.settings.errors import Refused
from infra.settings.model import Duration
from stacks.systems import SYSTEMS

FLOW = SYSTEMS["flow_studio"]
DNS = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


def test_the_registers_names_are_kept() -> None:
    app = FLOW.workload("intuitivus-flow-app")
    assert names.namespace(FLOW) == "intuitivus-flow"
    assert names.autoscaler(app) == "intuitivus-flow-hpa"
    assert FLOW.database.name == "intuitivus_flow"
    assert FLOW.database.service_alias == "postgres-service"
    assert FLOW.database.backup_name == "postgres-backup"


def test_every_name_of_every_system_fits() -> None:
    for system in SYSTEMS.values():
        made = [names.namespace(system, branch="br-login"), names.bucket_secret("media")]
        made += [names.bucket("br-login", system, each.name) for each in system.buckets]
        made += [names.job(system, each.name) for each in system.schedules]
        for workload in system.workloads:
            made += [names.autoscaler(workload), names.config_map(workload)]
        for name in made:
            assert len(name) <= 63 and DNS.fullmatch(name), name


def test_labels_hold_the_selector_and_are_valid_values() -> None:
    for system in SYSTEMS.values():
        for workload in system.workloads:
            found = names.labels(system, workload.name, workload.role)
            assert names.selector(system, workload.name).items() <= found.items()
            for value in found.values():
                assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", str(value))


def test_hosts() -> None:
    assert names.host(FLOW, "localhost") == "flow-studio.localhost"
    for bad in ("", ".x", "a b", "UPPER", "x" * 64, "-x"):
        with pytest.raises(Refused):
            names.host(FLOW, bad)


def test_nothing_is_cut_short() -> None:
    with pytest.raises(Refused, match="2 more than the 63 that fit"):
        names.fitting("x" * 65, 63, "the bucket")
    with pytest.raises(Refused, match="the bucket"):
        names.bucket("s" * 40, FLOW, "exports")


@pytest.mark.parametrize(
    ("every", "expression"),
    [
        ("1min", "*/1 * * * *"),
        ("5min", "*/5 * * * *"),
        ("1h", "0 * * * *"),
        ("6h", "0 */6 * * *"),
        ("1d", "0 0 * * *"),
    ],
)
def test_even_steps_are_cron(every: str, expression: str) -> None:
    assert expression_for(Duration(every)) == expression
    assert longest_gap(expression).total_seconds() == Duration(every).seconds


@pytest.mark.parametrize("every", ["0min", "30s", "7min", "90min", "5h", "2d"])
def test_uneven_steps_are_refused(every: str) -> None:
    with pytest.raises(Refused):
        expression_for(Duration(every))
