"""What a workload becomes: a Deployment that starts, stops, scales and spreads as described."""

from __future__ import annotations

import json

import pytest

from tests.support import main_container, platform, pod_of, program, run

FLOW = ("intuitivus-flow", "intuitivus-flow-app")


def test_the_names_of_the_register_are_kept() -> None:
    local = program("local")
    local.object("Namespace", "", "intuitivus-flow")
    local.object("Deployment", *FLOW)
    scaler = local.object("HorizontalPodAutoscaler", "intuitivus-flow", "intuitivus-flow-hpa")
    assert scaler["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "intuitivus-flow-app",
    }


@pytest.mark.parametrize("tier", ["local", "staging", "prod"])
@pytest.mark.req("FLO-076", "FLO-077", "FLO-078", "FLO-079")
def test_flow_studio_scales_as_its_register_says(tier: str) -> None:
    scaler = program(tier).object("HorizontalPodAutoscaler", FLOW[0], "intuitivus-flow-hpa")
    assert scaler["apiVersion"] == "autoscaling/v2"
    assert scaler["spec"]["minReplicas"] == 3
    assert scaler["spec"]["maxReplicas"] == 20
    targets = {
        each["resource"]["name"]: each["resource"]["target"]["averageUtilization"]
        for each in scaler["spec"]["metrics"]
        if each["type"] == "Resource"
    }
    assert targets == {"cpu": 70, "memory": 80}


def test_pods_are_scaled_by_one_hand_only() -> None:
    """A number in the Deployment would undo the autoscaler's at every update."""
    local = program("local")
    for system in local.platform.systems:
        for workload in system.workloads:
            spec = local.object("Deployment", system.namespace, workload.name)["spec"]
            assert ("replicas" in spec) == (workload.autoscaling is None)


def test_a_pod_is_restricted() -> None:
    deployment = program("local").object("Deployment", *FLOW)
    pod, main = pod_of(deployment), main_container(deployment)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert main["securityContext"]["allowPrivilegeEscalation"] is False


def test_started_ready_and_alive_are_three_questions() -> None:
    main = main_container(program("local").object("Deployment", *FLOW))
    assert main["readinessProbe"]["httpGet"]["path"] == "/health"
    # Alive must not ask the database: a restart would not bring it back.
    assert main["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert main["startupProbe"]["httpGet"]["path"] == "/health/live"
    startup = program("local").platform.system("flow_studio").workload(FLOW[1]).startup
    tries = main["startupProbe"]["failureThreshold"] * main["startupProbe"]["periodSeconds"]
    assert tries == startup.seconds


def test_a_product_is_only_asked_what_it_answers() -> None:
    own = run(
        platform(
            "local",
            systems='["flow_studio"]',
            systemSettings='{"flow_studio": {"workloads": {"intuitivus-flow-app":'
            ' {"image": "ghcr.io/org/app:v1"}}}}',
        )
    )
    main = main_container(own.object("Deployment", *FLOW))
    assert main["image"] == "ghcr.io/org/app:v1"
    assert main["livenessProbe"]["httpGet"]["path"] == "/health"
    # It may not drain by itself, so it is held back until nobody sends to it.
    assert main["lifecycle"]["preStop"]["sleep"]["seconds"] == 5


def test_nothing_is_cut_short_when_a_pod_stops() -> None:
    deployment = program("prod").object("Deployment", "models-3d", "models-3d-api")
    workload = program("prod").platform.system("models_3d").workload("models-3d-api")
    least = workload.drain.seconds + workload.finish.seconds
    assert pod_of(deployment)["terminationGracePeriodSeconds"] > least
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_replicas_are_spread_over_nodes_and_zones() -> None:
    rules = {
        each["topologyKey"]: each["whenUnsatisfiable"]
        for each in pod_of(program("prod").object("Deployment", *FLOW))["topologySpreadConstraints"]
    }
    assert rules == {
        "kubernetes.io/hostname": "DoNotSchedule",
        "topology.kubernetes.io/zone": "ScheduleAnyway",
    }
    local = pod_of(program("local").object("Deployment", *FLOW))["topologySpreadConstraints"]
    assert [each["whenUnsatisfiable"] for each in local] == ["ScheduleAnyway"]


def test_a_drain_takes_one_pod_at_a_time_and_never_none() -> None:
    budget = program("local").object("PodDisruptionBudget", *FLOW)["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget


def test_secrets_are_mounted_for_who_uses_them_and_for_nobody_else() -> None:
    local = program("local")
    for system in local.platform.systems:
        for workload in system.workloads:
            pod = pod_of(local.object("Deployment", system.namespace, workload.name))
            mounted = {each["name"] for each in pod["volumes"] if "secret" in each}
            wanted = {
                name
                for use, names in {
                    "database": ("database", "database-ca"),
                    "cache": ("cache",),
                    "bucket": ("bucket",),
                }.items()
                if use in workload.uses
                for name in names
            }
            assert mounted == wanted, workload.name


def test_the_authority_is_mounted_without_its_neighbours() -> None:
    """The same Secret holds the server's key."""
    pod = pod_of(program("local").object("Deployment", *FLOW))
    volume = next(each for each in pod["volumes"] if each["name"] == "database-ca")
    assert [item["key"] for item in volume["secret"]["items"]] == ["ca.crt"]


@pytest.mark.req("M3D-035")
def test_the_largest_upload_reaches_the_workload() -> None:
    config = program("prod").object("ConfigMap", "models-3d", "models-3d-api-config")["data"]
    assert config["ALICERCE_UPLOAD_LIMIT_BYTES"] == str(500 * 1000 * 1000)


@pytest.mark.req("SMS-017")
def test_the_default_ttl_reaches_the_workload() -> None:
    config = program("local").object("ConfigMap", "sms-ao", "sms-ao-api-config")["data"]
    assert config["ALICERCE_CACHE_TTL"] == "300"


def test_a_change_of_the_environment_restarts_the_pods() -> None:
    def annotation(value: str) -> str:
        api = {"environment": {"A": value}}
        settings = json.dumps({"sms_ao": {"workloads": {"sms-ao-api": api}}})
        made = run(platform("local", systems='["sms_ao"]', systemSettings=settings))
        template = made.object("Deployment", "sms-ao", "sms-ao-api")["spec"]["template"]
        found: str = template["metadata"]["annotations"]["alicerce.dev/config"]
        return found

    assert annotation("1") != annotation("2")
    assert annotation("1") == annotation("1")


def test_sessions_come_back_to_their_pod_where_they_must() -> None:
    local = program("local")
    sticky = local.object("Service", "models-3d", "models-3d-websocket")["metadata"]["annotations"]
    prefix = "traefik.ingress.kubernetes.io/service.sticky.cookie"
    assert sticky[prefix] == "true"
    assert sticky[f"{prefix}.secure"] == "true"
    plain = local.object("Service", "models-3d", "models-3d-api")["metadata"]
    assert prefix not in plain.get("annotations", {})


def test_a_worker_is_reached_by_nobody() -> None:
    local = program("local")
    names = {each["metadata"]["name"] for each in local.objects("Service")}
    assert "models-3d-worker" not in names
    policy = local.object("NetworkPolicy", "models-3d", "models-3d-worker")
    assert "ingress" not in policy["spec"]
