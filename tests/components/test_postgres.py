"""The database: its roles, its size, its parameters, and what it promises."""

from __future__ import annotations

import re

import pytest

from infra.settings.system import System
from k8s.data.postgres_tuning import connections_per_pod, max_connections, parameters
from stacks.systems import SYSTEMS
from tests.support import TIERS, Program, program


def cluster(whole: Program, namespace: str) -> dict[str, object]:
    found: dict[str, object] = whole.object("Cluster", namespace, "postgres")["spec"]
    return found


def test_checksums_are_on_and_the_superuser_is_off() -> None:
    for system in program("prod").platform.systems:
        spec = cluster(program("prod"), system.namespace)
        assert spec["bootstrap"]["initdb"]["dataChecksums"] is True  # type: ignore[index]
        assert spec["enableSuperuserAccess"] is False


def test_the_application_is_not_the_owner() -> None:
    spec = program("local").object("Cluster", "sms-ao", "postgres")["spec"]
    initdb = spec["bootstrap"]["initdb"]
    assert initdb["owner"] == "owner"
    assert initdb["secret"] == {"name": "postgres-owner"}
    (role,) = spec["managed"]["roles"]
    assert (role["name"], role["passwordSecret"]) == (
        "application",
        {"name": "postgres-application"},
    )
    assert not {"superuser", "createdb", "createrole", "bypassrls"} & role.keys()
    sql = "\n".join(initdb["postInitApplicationSQL"])
    assert "CREATE ROLE application NOLOGIN" in sql
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in sql
    assert not re.search(r"GRANT (ALL|CREATE)", sql)


def test_the_application_finds_what_it_needs_to_connect() -> None:
    found = program("local").registered("Secret", "sms-ao-postgres-application-secret").inputs
    assert found["stringData"].keys() == {"host", "port", "dbname", "username", "password"}
    assert found["stringData"]["host"] == "postgres-rw.sms-ao.svc"


def test_the_certificate_has_the_names_that_clients_use() -> None:
    leaf = program("local").registered("Certificate", "sms-ao-postgres-postgres-tls").inputs
    for service in ("postgres-rw", "postgres-ro", "postgres-r"):
        assert f"{service}.sms-ao.svc" in leaf["names"]


@pytest.mark.parametrize("tier", TIERS)
def test_every_promise_of_the_description_is_in_the_server(tier: str) -> None:
    for system in program(tier).platform.systems:
        database = system.database
        spec = program(tier).object("Cluster", system.namespace, "postgres")["spec"]
        assert spec["instances"] == database.instances + database.read_replicas
        assert spec["storage"]["size"] == database.storage.kubernetes
        assert spec["resources"]["requests"]["memory"] == database.memory.kubernetes
        assert spec["resources"]["requests"]["cpu"] == database.cpu.kubernetes
        server = spec["postgresql"]
        assert server["parameters"]["archive_timeout"] == f"{database.archive_timeout.seconds:.0f}s"
        slow = f"{database.slow_query.seconds * 1000:.0f}ms"
        assert server["parameters"]["log_min_duration_statement"] == slow
        assert ("synchronous" in server) == database.synchronous
        assert spec["bootstrap"]["initdb"]["database"] == database.name
        sql = spec["bootstrap"]["initdb"]["postInitApplicationSQL"]
        for extension in database.extensions:
            assert f'CREATE EXTENSION IF NOT EXISTS "{extension}"' in sql


def test_a_synchronous_write_waits_for_a_second_instance() -> None:
    spec = program("prod").object("Cluster", "models-3d", "postgres")["spec"]
    assert spec["postgresql"]["synchronous"] == {
        "method": "any",
        "number": 1,
        "dataDurability": "required",
    }


@pytest.mark.parametrize("tier", TIERS)
def test_a_lone_instance_does_not_forbid_a_drain(tier: str) -> None:
    for system in program(tier).platform.systems:
        spec = program(tier).object("Cluster", system.namespace, "postgres")["spec"]
        assert spec["enablePDB"] == (spec["instances"] > 1)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda each: each.slug)
def test_all_pods_together_never_exhaust_the_connections(system: System) -> None:
    pods = sum(e.replicas.maximum for e in system.workloads if "database" in e.uses)
    assert pods * (connections_per_pod(system) + 1) < max_connections(system)
    assert max_connections(system) > system.database.pool.size


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda each: each.slug)
def test_the_server_stays_within_its_memory(system: System) -> None:
    found = parameters(system)

    def mib(name: str) -> int:
        return int(found[name].removesuffix("MB"))

    memory = system.database.memory.bytes // 2**20
    assert mib("shared_buffers") == memory // 4
    assert mib("shared_buffers") < mib("effective_cache_size") < memory
    assert mib("work_mem") >= 2
    assert 16 <= mib("maintenance_work_mem") <= 1024


def test_the_register_s_name_leads_to_the_primary() -> None:
    """``postgres-service`` is the host in Flow Studio's backup command."""
    spec = program("local").object("Service", "intuitivus-flow", "postgres-service")["spec"]
    assert spec["selector"] == {"cnpg.io/cluster": "postgres", "cnpg.io/instanceRole": "primary"}
    assert [port["port"] for port in spec["ports"]] == [5432]
