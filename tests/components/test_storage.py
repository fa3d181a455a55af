"""The S3 endpoint and the buckets on it: keys, versions, and who holds which."""

from __future__ import annotations

import pytest

from tests.support import TIERS, main_container, pod_of, program

LOCAL = program("local")


def test_the_administrator_s_keys_stay_beside_the_endpoint() -> None:
    for each in LOCAL.resources:
        secret = each.type.endswith(":Secret")
        if secret and "storage-access-key value" in str(each.inputs):
            assert each.manifest["metadata"]["namespace"] == "storage"


def test_keys_are_given_as_references_and_never_as_arguments() -> None:
    main = main_container(LOCAL.object("StatefulSet", "storage", "s3"))
    given = {each["name"]: each for each in main["env"]}
    for name in ("ROOT_ACCESS_KEY_ID", "ROOT_SECRET_ACCESS_KEY"):
        assert given[name]["valueFrom"]["secretKeyRef"]["name"] == "s3-administrator"
    assert main["args"] == ["posix", "/data/objects"]


def test_objects_versions_and_users_are_on_the_volume() -> None:
    main = main_container(LOCAL.object("StatefulSet", "storage", "s3"))
    mounts = {each["mountPath"]: each["name"] for each in main["volumeMounts"]}
    given = {each["name"]: each.get("value") for each in main["env"]}
    for path in ("/data/objects", given["VGW_VERSIONING_DIR"], given["VGW_IAM_DIR"]):
        assert mounts[path] == "data"


@pytest.mark.parametrize("tier", TIERS)
def test_every_bucket_has_a_user_of_its_own(tier: str) -> None:
    whole = program(tier)
    keys = set()
    for system in whole.platform.systems:
        for bucket in system.buckets:
            name = f"{system.dashed}-bucket-{bucket.name}"
            mine = whole.registered("Secret", f"{name}-secret").inputs["stringData"]
            job = whole.registered("Secret", f"{name}-user").inputs["stringData"]
            assert mine == job
            assert mine.keys() == {
                "endpoint", "bucket", "region", "access-key-id", "secret-access-key", "ca.crt",
            }  # fmt: skip
            keys.add(mine["access-key-id"])
    assert len(keys) == sum(len(each.buckets) for each in whole.platform.systems)


def test_a_bucket_keeps_versions_where_the_description_says_so() -> None:
    for system in LOCAL.platform.systems:
        for bucket in system.buckets:
            job = LOCAL.registered("Job", f"{system.dashed}-bucket-{bucket.name}-job").manifest
            (variable,) = main_container(job)["env"]
            assert variable["value"] == str(bucket.versioned).lower()


def test_the_job_runs_where_the_keys_are_and_gives_up_in_time() -> None:
    job = LOCAL.registered("Job", "models-3d-bucket-models-job").manifest
    assert job["metadata"]["namespace"] == "storage"
    assert job["spec"]["activeDeadlineSeconds"] == 300
    assert pod_of(job)["automountServiceAccountToken"] is False
    mounted = {each["mountPath"] for each in main_container(job)["volumeMounts"]}
    assert mounted == {"/run/secrets/bucket", "/run/secrets/administrator"}


@pytest.mark.parametrize("tier", TIERS)
def test_its_volume_has_room_for_the_uploads_of_all(tier: str) -> None:
    (claim,) = program(tier).object("StatefulSet", "storage", "s3")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"]
