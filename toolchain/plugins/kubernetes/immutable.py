"""Fields whose change needs a new object.

`OFFICIAL` is the table of pulumi-kubernetes 4.34 (provider/diff.go). `REFUSED` adds fields of
kinds that table leaves out and whose change every API server refuses: with the official plugin
such an update fails, with this one the object is replaced. A claim's storage size is in neither:
a smaller one is an error, for replacing the claim would lose its data without a question.
"""

from __future__ import annotations

from typing import Any

from .objects import Kind, kind_of
from .projection import is_secret
from .settings import Settings
from .values import Obj

Pattern = tuple[str, ...]
Path = tuple[str | int, ...]

_WORKLOAD = ".spec.selector"
_VOLUME_SOURCES = """
    awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker
    gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume
    quobyte rbd scaleIO storageos vsphereVolume
"""
_POD = """
    affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases
    hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead
    preemptionPolicy priority priorityClassName readinessGates restartPolicy runtimeClassName
    schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace
    subdomain terminationGracePeriodSeconds volumes
"""
_CONTAINER = """
    args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources
    securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty
    volumeDevices volumeMounts workingDir
"""


def _each(prefix: str, names: str) -> str:
    return " ".join(f"{prefix}.{name}" for name in names.split())


OFFICIAL: dict[tuple[str, str], str] = {
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "StatefulSet"): (
        ".spec.podManagementPolicy .spec.revisionHistoryLimit .spec.selector .spec.serviceName "
        ".spec.volumeClaimTemplates"
    ),
    ("batch", "Job"): ".spec.completions .spec.parallelism .spec.selector .spec.template",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ".roleRef",
    ("rbac.authorization.k8s.io", "RoleBinding"): ".roleRef",
    ("storage.k8s.io", "StorageClass"): ".parameters .provisioner",
    ("", "PersistentVolume"): _each(".spec", _VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): (
        ".spec.accessModes .spec.selector .spec.storageClassName .spec.volumeName"
    ),
    ("", "Pod"): " ".join(
        (
            _each(".spec", _POD),
            _each(".spec.containers.*", _CONTAINER),
            _each(".spec.initContainers.*", _CONTAINER),
        )
    ),
    ("", "ResourceQuota"): ".spec.scopes",
    ("", "Service"): ".spec.clusterIP",
}

REFUSED: dict[tuple[str, str], str] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): ".spec.group .spec.scope",
    ("networking.k8s.io", "IngressClass"): ".spec.controller",
    ("node.k8s.io", "RuntimeClass"): ".handler",
    ("scheduling.k8s.io", "PriorityClass"): ".value .preemptionPolicy",
    ("storage.k8s.io", "StorageClass"): ".reclaimPolicy .volumeBindingMode",
}

_IDENTITY = ".metadata.name .metadata.namespace"


def force_new(obj: Obj, settings: Settings) -> list[Pattern]:
    """The paths whose change replaces this object; `*` stands for any list index."""
    kind = kind_of(obj)
    key = (kind.group, kind.kind)
    tables = " ".join(
        (_IDENTITY, OFFICIAL.get(key, ""), REFUSED.get(key, ""), _contents(obj, kind, settings))
    )
    return [tuple(path.strip(".").split(".")) for path in tables.split()]


def _contents(obj: Obj, kind: Kind, settings: Settings) -> str:
    """ConfigMaps and Secrets are replaced when their contents change, unless told otherwise.

    A new name makes the Pods that mount them roll; the provider's enableConfigMapMutable and
    enableSecretMutable change that, except for objects that say `immutable: true`.
    """
    immutable = obj.get("immutable") is True
    if is_secret(obj):
        mutable = settings.secret_mutable and not immutable
        return ".type" if mutable else ".type .stringData .data"
    if kind == Kind("", "v1", "ConfigMap") and (immutable or not settings.config_map_mutable):
        return ".binaryData .data"
    return ""


def is_forced(path: Path, value: Any, patterns: list[Pattern]) -> bool:
    """Whether a change at `path` touches a force-new field: it, what is in it, or around it."""
    return any(_touches(path, value, pattern) for pattern in patterns)


def _touches(path: Path, value: Any, pattern: Pattern) -> bool:
    shared = min(len(path), len(pattern))
    if not all(_same(path[i], pattern[i]) for i in range(shared)):
        return False
    return _contains(value, pattern[shared:])


def _contains(value: Any, rest: Pattern) -> bool:
    if not rest:
        return True
    if isinstance(value, list) and rest[0] == "*":
        return any(_contains(item, rest[1:]) for item in value)
    return isinstance(value, dict) and rest[0] in value and _contains(value[rest[0]], rest[1:])


def _same(part: str | int, wanted: str) -> bool:
    return wanted == "*" if isinstance(part, int) else part == wanted
