"""Which built-in kinds live outside namespaces, for previews that can't ask a cluster."""

from __future__ import annotations

from .objects import Kind

#: Source: `kubectl api-resources --namespaced=false` of Kubernetes 1.34.
_CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "ComponentStatus",
        "CSIDriver",
        "CSINode",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IngressClass",
        "IPAddress",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "SelfSubjectReview",
        "ServiceCIDR",
        "StorageClass",
        "StorageVersion",
        "TokenReview",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)


def is_built_in(kind: Kind) -> bool:
    """Whether the group belongs to Kubernetes itself: no dot, or a name under k8s.io."""
    return "." not in kind.group or kind.group.endswith(".k8s.io")


def namespaced_by_table(kind: Kind) -> bool | None:
    """Whether a built-in kind lives in a namespace; None for a kind of a CRD."""
    if not is_built_in(kind):
        return None
    return kind.kind not in _CLUSTER_SCOPED
