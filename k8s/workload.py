"""One workload of a system: Pods, how they are reached, scaled, and kept through a drain."""

from __future__ import annotations

from typing import Any

import pulumi

from infra.core.component import Component, Scope, unawaited
from infra.core.contracts import DataContract, Home, WorkloadContract
from infra.settings import names
from infra.settings.workload import Role, Workload
from k8s import pods
from k8s.autoscaler import autoscaler
from k8s.environment import environment, secrets
from k8s.namespace import config_map, service_account
from k8s.workload_network import workload_policy

_PREFIX = "traefik.ingress.kubernetes.io"
# What may still happen after the drain and the last request: closing pools, writing a log.
_SPARE_SECONDS = 5
# Every Pod that is tried costs a place in the quota; a start that fails is seen by then.
_PROGRESS_SECONDS = 300
_PROBE_SECONDS = 2
# The only place that a read-only container may write to.
_TMP = "/tmp"  # noqa: S108  the Pod's own, which nobody else sees


class WorkloadPart(Component):
    """A Deployment with its configuration, Service, autoscaler, disruption budget and network."""

    kind = "system:Workload"

    def __init__(
        self,
        name: str,
        scope: Scope,
        workload: Workload,
        home: Home,
    ) -> None:
        super().__init__(name, scope)
        system, site = home.system, home.ground.site
        self._system, self._workload, self._tier = system, workload, site.tier
        self._cluster, self._data = site.cluster, home.data
        self._selector = names.selector(system, workload.name)
        config = environment(system, workload)
        settings = config_map(system.namespace, names.config_map(workload), config)
        needed = [
            self.add("account", service_account(system.namespace, workload.name)),
            self.add("network", workload_policy(workload, home)),
            self.add("config", settings),
            *_needed(workload, home.data),
        ]
        reached = workload.role is not Role.WORKER
        if reached:
            self.add("service", unawaited(self._service()))  # its Pods are waited for below
        self.add("deployment", self._deployment(config), after=needed)
        if workload.autoscaling:
            self.add("autoscaler", unawaited(autoscaler(system, workload)))
        self.add("budget", self._budget())
        self.contract = WorkloadContract(
            name=workload.name,
            deployment=workload.name,
            service=workload.name if reached else None,
            port=workload.port,
            autoscaler=names.autoscaler(workload) if workload.autoscaling else None,
            health_path=workload.health_path,
        )
        self.register_outputs({})

    def _deployment(self, config: dict[str, str]) -> dict[str, Any]:
        # The autoscaler owns the number of Pods where there is one.
        fixed = {} if self._workload.autoscaling else {"replicas": self._workload.replicas.minimum}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self._workload.name, "namespace": self._system.namespace},
            "spec": {
                **fixed,
                "selector": {"matchLabels": self._selector},
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
                },
                "progressDeadlineSeconds": _PROGRESS_SECONDS,
                "revisionHistoryLimit": 5,
                "template": {
                    "metadata": {
                        "labels": {**self._selector, pods.COMPONENT: self._workload.role.value},
                        "annotations": {"alicerce.dev/config": pods.digest(config)},
                    },
                    "spec": self._pod(),
                },
            },
        }

    def _pod(self) -> dict[str, Any]:
        workload = self._workload
        volumes = [*secrets(workload, self._data), pods.scratch("tmp", _TMP, "64Mi")]
        grace = workload.drain.seconds + workload.finish.seconds + _SPARE_SECONDS
        return {
            "serviceAccountName": workload.name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,  # else every Service becomes an environment variable
            "priorityClassName": self._cluster.priorities.workload,
            "securityContext": pods.pod_security(),
            "topologySpreadConstraints": pods.spread(self._tier, self._selector),
            "terminationGracePeriodSeconds": int(grace),
            "containers": [self._container([mount for _, mount in volumes])],
            "volumes": [volume for volume, _ in volumes],
        }

    def _container(self, mounts: list[dict[str, Any]]) -> dict[str, Any]:
        workload = self._workload
        return {
            "name": "main",
            "image": workload.image or self._cluster.images["reference"],
            "imagePullPolicy": "IfNotPresent",
            "envFrom": [{"configMapRef": {"name": names.config_map(workload)}}],
            "ports": [{"name": "http", "containerPort": workload.port}],
            **self._probes(),
            "resources": pods.resources(workload.resources),
            "securityContext": pods.container_security(),
            "volumeMounts": mounts,
            **self._stopping(),
        }

    def _probes(self) -> dict[str, Any]:
        """Started, alive, ready. Alive never asks the database: no restart would bring it back."""
        alive = "/health/live" if self._workload.image is None else self._workload.health_path
        tries = max(1, int(self._workload.startup.seconds))
        return {
            "startupProbe": pods.http_probe(alive, "http", period=1, failures=tries),
            "livenessProbe": pods.http_probe(alive, "http", period=10, failures=3, timeout=5),
            "readinessProbe": pods.http_probe(
                self._workload.health_path, "http", period=5, failures=2, timeout=_PROBE_SECONDS
            ),
        }

    def _stopping(self) -> dict[str, Any]:
        """The reference workload drains itself; a product's own image is held back meanwhile."""
        if self._workload.image is None:
            return {}
        seconds = max(1, int(self._workload.drain.seconds))
        return {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}

    def _service(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "name": self._workload.name,
            "namespace": self._system.namespace,
        }
        if self._workload.sticky:
            metadata["annotations"] = {
                f"{_PREFIX}/service.sticky.cookie": "true",
                f"{_PREFIX}/service.sticky.cookie.name": "alicerce-session",
                f"{_PREFIX}/service.sticky.cookie.secure": "true",
                f"{_PREFIX}/service.sticky.cookie.httponly": "true",
                f"{_PREFIX}/service.sticky.cookie.samesite": "lax",
            }
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "selector": self._selector,
                "ports": [{"name": "http", "port": self._workload.port, "targetPort": "http"}],
            },
        }

    def _budget(self) -> dict[str, Any]:
        return {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": self._workload.name, "namespace": self._system.namespace},
            "spec": {
                # As a count of the missing, it also lets a lone Pod's node be drained.
                "maxUnavailable": 1,
                # A Pod that is broken anyway must not hold up a drain.
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
                "selector": {"matchLabels": self._selector},
            },
        }


def _needed(workload: Workload, data: DataContract) -> list[pulumi.Resource | None]:
    """What must be asked for before Pods that get ready only with it."""
    found: list[pulumi.Resource | None] = []
    if "database" in workload.uses:
        found.append(data.database.resource)
    if "cache" in workload.uses:
        found.append(data.cache.resource)
    if "bucket" in workload.uses:
        found += [bucket.resource for bucket in data.buckets]
    return found
