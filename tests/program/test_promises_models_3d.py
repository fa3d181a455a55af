"""Rows of docs/requirements/models-3d.md, on what the whole program renders."""

from __future__ import annotations

import pytest

from tests.program.looking import (
    ANNOTATION,
    STANDING,
    deployments,
    gateway_rules,
    ingresses,
    mounted,
    scaled,
    way,
)
from tests.support import main_container, program

SLUG = "models_3d"
NAMESPACE = "models-3d"


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("M3D-003")
def test_it_is_reached_over_https_alone(tier: str) -> None:
    whole = program(tier)
    for each in ingresses(whole, SLUG):
        notes = each["metadata"]["annotations"]
        assert notes[f"{ANNOTATION}/router.entrypoints"] == "websecure"
        assert notes[f"{ANNOTATION}/router.tls"] == "true"
    arguments = main_container(whole.object("Deployment", "gateway", "gateway"))["args"]
    assert "--entrypoints.web.http.redirections.entrypoint.to=:443" in arguments
    assert "--entrypoints.web.http.redirections.entrypoint.scheme=https" in arguments
    tls = gateway_rules(whole)["tls"]
    assert tls["options"]["default"]["minVersion"] == "VersionTLS12"
    shown = tls["stores"]["default"]["defaultCertificate"]["certFile"]
    gateway = whole.object("Deployment", "gateway", "gateway")
    assert shown == f"{mounted(gateway, 'gateway-tls')}/tls.crt"
    names = whole.registered("Certificate", "gateway-gateway-tls").inputs["names"]
    assert whole.platform.system(SLUG).edge.host in names


@pytest.mark.req("M3D-009")
def test_every_workload_is_scaled_and_those_that_are_asked_are_balanced() -> None:
    whole = program("prod")
    assert scaled(whole, SLUG) == {
        "models-3d-api": (3, 12),
        "models-3d-websocket": (2, 8),
        "models-3d-web": (2, 6),
        "models-3d-worker": (1, 6),
    }
    for path, name in (
        ("/", "models-3d-web"),
        ("/api/models", "models-3d-api"),
        ("/ws", "models-3d-websocket"),
    ):
        assert way(whole, SLUG, path).service == name
        selector = whole.object("Service", NAMESPACE, name)["spec"]["selector"]
        template = whole.object("Deployment", NAMESPACE, name)["spec"]["template"]
        assert selector.items() <= template["metadata"]["labels"].items()


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("M3D-024")
def test_socket_io_goes_to_its_own_servers_and_comes_back_to_the_same(tier: str) -> None:
    whole = program(tier)
    assert way(whole, SLUG, "/socket.io").service == "models-3d-websocket"
    service = whole.object("Service", NAMESPACE, "models-3d-websocket")
    cookie = f"{ANNOTATION}/service.sticky.cookie"
    assert service["metadata"]["annotations"][cookie] == "true"
    # Servers tell each other through Redis what their clients say.
    server = whole.object("Deployment", NAMESPACE, "models-3d-websocket")
    assert mounted(server, "redis-auth") == "/run/secrets/cache"


@pytest.mark.parametrize(("tier", "instances"), [("local", 2), ("staging", 3), ("prod", 5)])
@pytest.mark.req("M3D-025")
def test_the_database_is_a_cluster_with_read_replicas(tier: str, instances: int) -> None:
    """One more than others have, or two in prod, where the register names no number."""
    whole = program(tier)
    assert whole.object("Cluster", NAMESPACE, "postgres")["spec"]["instances"] == instances
    others = whole.object("Cluster", "sms-ao", "postgres")["spec"]["instances"]
    assert instances - others == (2 if tier == "prod" else 1)
    leaf = whole.registered("Certificate", "models-3d-postgres-postgres-tls").inputs
    assert "postgres-ro.models-3d.svc" in leaf["names"]


@pytest.mark.parametrize("tier", STANDING)
@pytest.mark.req("M3D-027")
def test_models_are_kept_in_a_bucket_of_an_s3_endpoint(tier: str) -> None:
    whole = program(tier)
    job = whole.object("Job", "storage", f"alicerce-{tier}-models-3d-models")
    command = ["python3", "-m", "reference.provision_bucket"]
    assert main_container(job)["command"] == command
    given = whole.registered("Secret", "models-3d-bucket-models-secret").inputs["stringData"]
    assert given["endpoint"].startswith("https://s3.storage.svc")
    assert given["bucket"] == f"alicerce-{tier}-models-3d-models"
    holders = {
        each["metadata"]["name"]: place
        for each in deployments(whole, SLUG)
        if (place := mounted(each, "bucket-models"))
    }
    assert holders == dict.fromkeys(("models-3d-api", "models-3d-worker"), "/run/secrets/bucket")
