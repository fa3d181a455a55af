"""The embedded cluster: a real Kubernetes of one node, or several, on this machine."""

from toolchain.embedded.cluster import Cluster
from toolchain.embedded.errors import ClusterError, Problem
from toolchain.embedded.images import ImageArchive
from toolchain.embedded.settings import ClusterSettings, Networks, Ports
from toolchain.embedded.status import ClusterStatus, NodeStatus, ProgramStatus

__all__ = [
    "Cluster",
    "ClusterError",
    "ClusterSettings",
    "ClusterStatus",
    "ImageArchive",
    "Networks",
    "NodeStatus",
    "Ports",
    "Problem",
    "ProgramStatus",
]
