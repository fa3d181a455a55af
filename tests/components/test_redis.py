"""The cache: its password in a file, TLS only, AOF, and a bound on its memory."""

from __future__ import annotations

import pytest

from infra.settings.data import Cache
from infra.settings.quantities import Size
from k8s.data.redis_config import acl, configuration
from stacks.systems import SYSTEMS
from tests.support import TIERS, main_container, pod_of, program


def lines(cache: Cache) -> dict[str, str]:
    pairs = (line.partition(" ") for line in configuration(cache).splitlines())
    return {key: value for key, _, value in pairs}


@pytest.mark.parametrize("tier", TIERS)
def test_memory_policy_and_volume_are_the_description_s(tier: str) -> None:
    for system in program(tier).platform.systems:
        text = program(tier).object("ConfigMap", system.namespace, "redis")["data"]["redis.conf"]
        assert f"maxmemory {system.cache.memory.bytes}\n" in text
        assert f"maxmemory-policy {system.cache.policy}\n" in text
        (claim,) = program(tier).object("StatefulSet", system.namespace, "redis")["spec"][
            "volumeClaimTemplates"
        ]
        wanted = system.cache.storage.kubernetes
        assert claim["spec"]["resources"]["requests"]["storage"] == wanted


def test_every_write_is_kept_and_nothing_is_said_in_the_clear() -> None:
    found = lines(SYSTEMS["sms_ao"].cache)
    assert found["appendonly"] == "yes"
    assert found["port"] == "0"
    assert found["tls-port"] == "6379"


def test_the_password_is_in_a_file_and_nowhere_else() -> None:
    local = program("local")
    server = local.registered("StatefulSet", "sms-ao-redis-server").inputs
    assert "password value" not in str(server)
    users = local.registered("Secret", "sms-ao-redis-users").inputs["stringData"]["users.acl"]
    assert ">" + "<sms-ao-redis-password value>" in users
    assert "password" not in configuration(SYSTEMS["sms_ao"].cache)


def test_users_may_do_what_they_must_and_no_more() -> None:
    default, application, probe = acl("secret").splitlines()
    assert default == "user default off"
    assert application.startswith("user application on >secret ")
    assert "-@admin -@dangerous" in application
    assert probe.endswith("-@all +ping")


def test_a_rewrite_of_the_append_only_file_fits_the_limit() -> None:
    """It forks: at worst every page of the data is there twice."""
    main = main_container(program("prod").object("StatefulSet", "models-3d", "redis"))
    limit = Size(main["resources"]["limits"]["memory"])
    assert limit.bytes > 2 * program("prod").platform.system("models_3d").cache.memory.bytes


def test_the_probe_knows_no_password() -> None:
    main = main_container(program("local").object("StatefulSet", "sms-ao", "redis"))
    command = main["readinessProbe"]["exec"]["command"]
    assert command[command.index("--user") + 1] == "probe"
    assert "secret" not in " ".join(command[command.index("--user") :])


def test_a_new_certificate_or_configuration_restarts_it() -> None:
    template = program("local").object("StatefulSet", "sms-ao", "redis")["spec"]["template"]
    notes = template["metadata"]["annotations"]
    assert notes["alicerce.dev/certificate"] == "<sms-ao-redis-redis-tls serial>"
    assert len(notes["alicerce.dev/config"]) == 16


def test_it_has_no_token_and_a_volume() -> None:
    pod = pod_of(program("local").object("StatefulSet", "sms-ao", "redis"))
    assert pod["automountServiceAccountToken"] is False
    assert {"name": "data", "mountPath": "/data"} in pod["containers"][0]["volumeMounts"]
