"""The tier table, and systems as each tier gives them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from infra.settings.load import from_stack_file
from infra.settings.model import Replicas, System
from infra.settings.sizing import CACHE_CPU, cache_members, quota, sized
from infra.settings.tiers import EPHEMERAL, LOCAL, PROD, STAGING, TIERS, Tier
from stacks.systems import SYSTEMS

ROOT = Path(__file__).parents[2]
EVERY = list(itertools.product(SYSTEMS.values(), TIERS.values()))
ADDONS = 10  # gateway, dns, metrics, operator, object storage, provisioner, firewall, and room


@pytest.fixture(params=EVERY, ids=lambda pair: f"{pair[0].slug}-{pair[1].name}")
def pair(request: pytest.FixtureRequest) -> tuple[System, Tier, System]:
    system, tier = request.param
    return system, tier, sized(system, tier)


def test_the_table_is_whole() -> None:
    assert set(TIERS) == {"ephemeral", "local", "staging", "prod"}
    assert all(name == tier.name and tier.purpose for name, tier in TIERS.items())


def test_only_tiers_with_customers_or_their_like_protect_data() -> None:
    assert [tier.name for tier in TIERS.values() if tier.deletion_protection] == ["staging", "prod"]
    assert [tier.name for tier in TIERS.values() if tier.retain_data] == ["prod"]
    assert [tier.name for tier in TIERS.values() if tier.expires_after] == ["ephemeral"]


def test_prod_is_the_description_itself() -> None:
    for system in SYSTEMS.values():
        prod = sized(system, PROD)
        assert prod.database == system.database
        assert prod.cache == system.cache
        assert [each.replicas for each in prod.workloads] == [
            each.replicas for each in system.workloads
        ]


def test_a_tier_never_gives_more_than_was_asked(pair: tuple[System, Tier, System]) -> None:
    system, _, small = pair
    assert small.database.instances <= system.database.instances
    assert small.database.storage <= system.database.storage
    assert small.database.backup_retention <= system.database.backup_retention
    assert small.cache.memory <= system.cache.memory
    for before, after in zip(system.workloads, small.workloads, strict=True):
        assert after.replicas.minimum <= before.replicas.minimum
        assert after.replicas.maximum <= before.replicas.maximum
        assert after.resources.cpu_limit >= before.resources.cpu_limit


def test_what_is_not_size_is_the_same_in_every_tier(pair: tuple[System, Tier, System]) -> None:
    system, _, small = pair
    same = ("slug", "namespace", "edge", "egress", "objectives", "alerts", "schedules", "buckets")
    assert all(getattr(system, name) == getattr(small, name) for name in same)
    for before, after in zip(system.workloads, small.workloads, strict=True):
        assert before.changed(replicas=after.replicas, resources=after.resources) == after


@pytest.mark.req("FLO-076", "FLO-077")
@pytest.mark.parametrize("tier", [LOCAL, STAGING, PROD], ids=lambda tier: tier.name)
def test_the_registers_own_replicas_stand_in_every_lasting_tier(tier: Tier) -> None:
    app = sized(SYSTEMS["flow_studio"], tier).workload("intuitivus-flow-app")
    assert app.replicas == Replicas(minimum=3, maximum=20, fixed=True)


def test_a_branch_keeps_two_where_the_loss_of_a_pod_must_not_show() -> None:
    app = sized(SYSTEMS["flow_studio"], EPHEMERAL).workload("intuitivus-flow-app")
    assert (app.replicas.minimum, app.replicas.maximum) == (2, 2)
    api = sized(SYSTEMS["blipee"], EPHEMERAL).workload("blipee-api")
    assert (api.replicas.minimum, api.replicas.maximum) == (1, 2)


def test_a_pod_at_rest_is_no_reason_to_scale(pair: tuple[System, Tier, System]) -> None:
    # A Python process at rest takes about 5m and 100 MiB; a request near that would scale up at
    # once, since an autoscaler measures against the request.
    for workload in pair[2].workloads:
        scaling = workload.autoscaling
        if scaling and scaling.cpu:
            assert workload.resources.cpu.cores * scaling.cpu.ratio > 0.010
        if scaling and scaling.memory:
            assert workload.resources.memory.bytes * scaling.memory.ratio > 120 * 2**20


def test_the_quota_holds_every_pod_at_its_maximum(pair: tuple[System, Tier, System]) -> None:
    _, tier, small = pair
    found = quota(small, tier)
    database, cache = small.database, small.cache
    copies = database.instances + database.read_replicas
    pods = sum(each.replicas.maximum for each in small.workloads) + copies + cache_members(cache)
    memory = sum(each.replicas.maximum * each.resources.memory.base for each in small.workloads)
    cpu = sum(each.replicas.maximum * each.resources.cpu.base for each in small.workloads)
    assert found.pods > pods
    assert found.memory.base > memory + copies * database.memory.base + cache.memory.base
    assert found.cpu.base > cpu + copies * database.cpu.base
    assert found.storage.base > copies * database.storage.base + cache.storage.base


def test_five_systems_fit_a_machine_of_two_cores() -> None:
    platform = from_stack_file(ROOT / "Pulumi.local.yaml", SYSTEMS)
    assert len(platform.systems) == 5
    cpu = ADDONS * platform.tier.addon.cpu.base
    memory = ADDONS * platform.tier.addon.memory.base
    for system in platform.systems:
        copies = system.database.instances + system.database.read_replicas
        cpu += copies * system.database.cpu.base + cache_members(system.cache) * CACHE_CPU.base
        memory += copies * system.database.memory.base + system.cache.memory.base
        for workload in system.workloads:
            cpu += workload.replicas.minimum * workload.resources.cpu.base
            memory += workload.replicas.minimum * workload.resources.memory.base
            assert workload.resources.cpu_limit.cores >= 2, "throttled while it starts"
    assert float(cpu) < 1.6
    assert memory < 8 * 2**30


def test_what_must_not_be_lost_is_written_twice_in_prod() -> None:
    for system in SYSTEMS.values():
        database = sized(system, PROD).database
        assert database.synchronous and database.instances >= 2
