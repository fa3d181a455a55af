"""Rules about Pods: who they run as, what they may take, how they are watched."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.policy.resource import SERVING, Props, Resource, at, containers

# Host ports are how the gateway takes 80 and 443 where nothing balances before it.
_HOST_PORTS = "gateway"
_HOST_FLAGS = ("hostNetwork", "hostPID", "hostIPC")
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
     "projected", "secret", "image"}
)  # fmt: skip
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def restricted(resource: Resource) -> Iterator[str]:
    """Every Pod keeps the ``restricted`` Pod security standard, and writes only to volumes."""
    pod = resource.pod
    if pod is None:
        return
    for flag in _HOST_FLAGS:
        if pod.get(flag):
            yield f"{flag} is on: a Pod has no business in the node's namespaces; remove it"
    for volume in pod.get("volumes") or []:
        other = [kind for kind in volume if kind != "name" and kind not in _VOLUMES]
        if other:
            yield f"volume {volume.get('name')!r} is a {other[0]}; take a claim or an emptyDir"
    for container in containers(pod):
        yield from _contained(container, pod)
        if at(resource.props, "metadata", "namespace") != _HOST_PORTS:
            yield from _host_ports(container)


def bounded(resource: Resource) -> Iterator[str]:
    """Every container says what it asks for and what it may not exceed."""
    pod = resource.pod
    for container in containers(pod) if pod is not None else ():
        for kind in ("requests", "limits"):
            for what in ("cpu", "memory"):
                if not at(container, "resources", kind, what):
                    yield (
                        f"container {container.get('name')!r} has no resources.{kind}.{what}; "
                        "give it one, or it can starve its neighbours"
                    )


def probed(resource: Resource) -> Iterator[str]:
    """Every container that serves is watched: started, ready, alive."""
    if resource.type not in SERVING:
        return
    for container in (resource.pod or {}).get("containers") or []:
        for probe in _PROBES:
            if not container.get(probe):
                yield f"container {container.get('name')!r} has no {probe}; describe one"


def pinned(resource: Resource) -> Iterator[str]:
    """Every image is named by a tag or digest that stays what it is."""
    for name, image in _images(resource):
        if "@sha256:" in image:
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if not tag or tag == "latest":
            yield f"{name} runs {image!r}, which is another image tomorrow; give a tag or digest"


def tokenless(resource: Resource) -> Iterator[str]:
    """A Pod of a system carries no key to the API server."""
    system = at(resource.props, "metadata", "labels", "alicerce.dev/system")
    pod = resource.pod
    if system and pod is not None and pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false: a system's Pod never asks the API server"


def _contained(container: Props, pod: Props) -> Iterator[str]:
    name = container.get("name")
    own, whole = container.get("securityContext") or {}, pod.get("securityContext") or {}
    wanted = {
        "allowPrivilegeEscalation": (own.get("allowPrivilegeEscalation"), False),
        "readOnlyRootFilesystem": (own.get("readOnlyRootFilesystem"), True),
        "runAsNonRoot": (own.get("runAsNonRoot", whole.get("runAsNonRoot")), True),
        "privileged": (own.get("privileged") or False, False),
        "capabilities.drop": ("ALL" in (at(own, "capabilities", "drop") or []), True),
        "capabilities.add": (bool(at(own, "capabilities", "add")), False),
    }
    for key, (found, must) in wanted.items():
        if found is not must:
            yield f"container {name!r}: securityContext.{key} is not as 'restricted' wants it"
    seccomp = at(own, "seccompProfile", "type") or at(whole, "seccompProfile", "type")
    if seccomp not in ("RuntimeDefault", "Localhost"):
        yield f"container {name!r}: seccompProfile must be RuntimeDefault"
    if 0 in (own.get("runAsUser"), whole.get("runAsUser")):
        yield f"container {name!r} runs as user 0; choose another"


def _host_ports(container: Props) -> Iterator[str]:
    for port in container.get("ports") or []:
        if port.get("hostPort"):
            yield f"container {container.get('name')!r} takes port {port['hostPort']} of its node"


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    pod = resource.pod
    for container in containers(pod) if pod is not None else ():
        yield f"container {container.get('name')!r}", str(container.get("image") or "")
    if resource.type == "kubernetes:postgresql.cnpg.io/v1:Cluster":
        yield "the database", str(at(resource.props, "spec", "imageName") or "")
