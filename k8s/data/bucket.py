"""A bucket on the S3 endpoint, with a user of its own that can open nothing else."""

from __future__ import annotations

from typing import Any

import pulumi

from infra.core.component import Component, Scope
from infra.core.contracts import (
    BucketContract,
    Ground,
    Secret,
)
from infra.core.generated import Password
from infra.core.guards import NAME
from infra.settings import names
from infra.settings.data import Bucket as BucketSettings
from infra.settings.quantities import Cpu, Size
from infra.settings.system import System
from k8s import pods
from k8s.addons.object_storage import PROVISIONER
from k8s.namespace import secret

_DEADLINE_SECONDS = 300


class Bucket(Component):
    """One bucket: a Job makes it and its user; the keys are a Secret in the system's namespace.

    The Job runs beside the endpoint, where the administrator's keys already are: they never
    enter a system's namespace.
    """

    kind = "data:Bucket"

    def __init__(
        self,
        name: str,
        scope: Scope,
        system: System,
        bucket: BucketSettings,
        ground: Ground,
    ) -> None:
        super().__init__(name, scope)
        storage = ground.storage
        self._cluster = ground.site.cluster
        self._storage = storage
        self._versioned = bucket.versioned
        self._full_name = names.bucket(ground.site.stack, system, bucket.name)
        keys = {
            "endpoint": storage.endpoint,
            "bucket": self._full_name,
            "region": storage.region,
            "access-key-id": Password(f"{name}-access-key", self.child(), length=20).value,
            "secret-access-key": Password(f"{name}-secret-key", self.child()).value,
            "ca.crt": ground.site.authority.certificate,
        }
        own = names.bucket_secret(bucket.name)
        mounted = self.add("secret", secret(system.namespace, own, dict(keys)))
        user = secret(storage.peer.namespace, self._full_name, dict(keys))
        job = self._provision(user, mounted)
        self.contract = BucketContract(
            name=self._full_name,
            endpoint=storage.endpoint,
            region=storage.region,
            credentials=Secret(own, tuple(keys)),
            peer=storage.peer,
            port=storage.port,
            resource=job,
        )
        self.register_outputs({})

    def _provision(self, user: dict[str, Any], mounted: pulumi.Resource) -> pulumi.Resource:
        # The endpoint's namespace, not the system's: nothing to come after but its server.
        self.after = (self._storage.resource,) if self._storage.resource else ()
        keys = self.add("user", user)
        return self.add("job", self._job(), after=[keys, mounted], replace_first=True)

    def _job(self) -> dict[str, Any]:
        labels = {NAME: PROVISIONER}
        user = Secret(self._full_name, ())
        volumes = [
            pods.mounted("user", user, "/run/secrets/bucket"),
            pods.mounted(
                "administrator", self._storage.administrator, "/run/secrets/administrator"
            ),
        ]
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": self._full_name, "namespace": self._storage.peer.namespace},
            "spec": {
                "backoffLimit": 6,
                "activeDeadlineSeconds": _DEADLINE_SECONDS,
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "restartPolicy": "OnFailure",
                        "automountServiceAccountToken": False,
                        "enableServiceLinks": False,
                        "priorityClassName": self._cluster.priorities.workload,
                        "securityContext": pods.pod_security(),
                        "containers": [self._container([mount for _, mount in volumes])],
                        "volumes": [volume for volume, _ in volumes],
                    },
                },
            },
        }

    def _container(self, mounts: list[dict[str, Any]]) -> dict[str, Any]:
        versioned = {"name": "ALICERCE_BUCKET_VERSIONED", "value": str(self._versioned).lower()}
        small = pods.amounts(Cpu("10m"), Size("64Mi"), Cpu("1cores"), Size("256Mi"))
        return {
            "name": "provision",
            "image": self._cluster.images["reference"],
            "imagePullPolicy": "IfNotPresent",
            "command": ["python3", "-m", "reference.provision_bucket"],
            "env": [versioned],
            "resources": small,
            "securityContext": pods.container_security(),
            "volumeMounts": mounts,
        }
