"""The five systems, and the ids beside their numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.settings.model import Role, System
from infra.settings.promises import BURN_RATES
from ops import registers
from stacks.systems import SYSTEMS

ROOT = Path(__file__).parents[2]
AREAS = ("autoscaling", "slo", "alerting", "chaos")
# Rows of other areas whose numbers the platform answers for.
NAMED = [
    "ISP-056",
    "ISP-057",
    "ISP-058",
    "ISP-059",
    "ISP-060",
    "SMS-017",
    "SMS-027",
    "BLP-079",
    "BLP-083",
    "SMS-002",
    "SMS-003",
    "FLO-067",
    "SMS-037",
    "SMS-038",
    "SMS-039",
    "M3D-035",
    "M3D-025",
    "M3D-061",
    "ISP-105",
    "ISP-106",
    "SMS-069",
    "BLP-082",
    "BLP-201",
    "BLP-158",
    "BLP-159",
    "BLP-160",
    "BLP-161",
    "BLP-162",
    "BLP-163",
    "BLP-108",
    "BLP-109",
    "BLP-110",
    "BLP-111",
    "BLP-112",
    "BLP-113",
    "BLP-178",
    "FLO-081",
    "FLO-082",
    "FLO-083",
    "FLO-084",
    "FLO-085",
    "FLO-097",
    "FLO-098",
    "FLO-099",
    "FLO-100",
    "FLO-101",
    "FLO-102",
    "FLO-103",
    "FLO-107",
    "FLO-108",
    "FLO-109",
    "FLO-110",
    "FLO-111",
    "FLO-059",
    "FLO-060",
    "FLO-061",
    "FLO-062",
    "FLO-118",
    "ISP-069",
    "ISP-070",
    "M3D-037",
    "FLO-071",
    "FLO-072",
    "FLO-073",
    "FLO-074",
    "FLO-075",
    "FLO-121",
    "BLP-027",
    "BLP-192",
    "BLP-193",
    "BLP-194",
    "BLP-195",
    "BLP-057",
    "BLP-070",
    "BLP-071",
    "BLP-072",
    "BLP-073",
    "BLP-074",
    "BLP-121",
    "BLP-122",
    "BLP-123",
    "BLP-124",
    "FLO-055",
    "ISP-006",
    "M3D-062",
    "M3D-063",
    "ISP-007",
    "ISP-008",
    "ISP-009",
    "ISP-010",
    "ISP-011",
    "BLP-200",
    "ISP-099",
    "M3D-092",
]


@pytest.fixture(params=SYSTEMS.values(), ids=lambda system: system.slug)
def system(request: pytest.FixtureRequest) -> System:
    found: System = request.param
    return found


def test_the_catalogue_is_keyed_by_slug_and_matches_the_registers() -> None:
    assert all(slug == system.slug for slug, system in SYSTEMS.items())
    assert set(SYSTEMS) == set(registers.REGISTERS.values())


def test_every_id_in_a_comment_is_a_row_of_a_register() -> None:
    known = {row.id for rows in registers.registers(ROOT).values() for row in rows}
    strays = [place for place in registers.numbers(ROOT) if place.id not in known]
    assert strays == []


@pytest.mark.parametrize("area", AREAS)
def test_every_row_of_the_area_has_a_home(area: str) -> None:
    known = registers.gather(ROOT)
    rows = [row.id for each in known.rows.values() for row in each if row.area == area]
    assert len(rows) >= 4
    assert [row for row in rows if row not in known.numbers] == []


def test_every_named_row_has_a_home() -> None:
    known = registers.gather(ROOT)
    assert [row for row in NAMED if row not in known.numbers] == []


def test_a_system_has_what_a_system_needs(system: System) -> None:
    roles = {workload.role for workload in system.workloads}
    assert Role.API in roles and Role.WORKER in roles
    routes = [route for workload in system.workloads for route in workload.routes]
    assert "/" in routes, "something must answer on the host itself"
    for kind in ("database", "cache", "bucket"):
        assert any(kind in workload.uses for workload in system.workloads)
    assert system.objectives and system.alerts and system.notifications
    assert system.edge.headers["Strict-Transport-Security"]


def test_only_3d_models_has_websockets_and_read_replicas() -> None:
    for system in SYSTEMS.values():
        sticky = [each for each in system.workloads if each.role is Role.WEBSOCKET and each.sticky]
        assert bool(sticky) == bool(system.database.read_replicas) == (system.slug == "models_3d")


def test_every_budget_of_errors_can_burn(system: System) -> None:
    for objective in system.objectives:
        budget = objective.budget
        if budget is not None:
            assert 0 < BURN_RATES[0].factor * budget < 1, objective.name
            assert objective.window >= BURN_RATES[-1].over


def test_schedules_have_an_expression(system: System) -> None:
    for schedule in system.schedules:
        assert len(schedule.expression.split()) == 5


def test_no_two_systems_share_what_must_be_their_own() -> None:
    for name in ("namespace", "title", "owner"):
        assert len({getattr(system, name) for system in SYSTEMS.values()}) == len(SYSTEMS)
    assert len({system.edge.host for system in SYSTEMS.values()}) == len(SYSTEMS)
    backups = [system.database.backup_schedule for system in SYSTEMS.values()]
    assert len(set(backups)) == len(backups), "backups at one time would slow each other"


def test_a_number_with_a_unit_is_never_a_bare_one() -> None:
    # In the descriptions a quantity is always made from text: a bare 500 has no unit to be wrong.
    for path in sorted((ROOT / "stacks" / "systems").glob("*/*.py")):
        made = re.findall(
            r"\b(?:Duration|Size|Cpu|Percent|Rate|Money)\(([^)]*)\)", path.read_text()
        )
        assert all(text.startswith('"') for text in made)
