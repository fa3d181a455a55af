"""Every rule about names, in one place.

Object names inside a namespace are short (``postgres``, ``redis``): the
namespace says whose they are. Names that leave it (hosts, buckets) carry the
stack. A name that is too long is refused with the limit and where it comes
from; nothing is cut short, since two cut names can be one.
"""

from __future__ import annotations

import re

from infra.settings.errors import Refused
from infra.settings.system import System
from infra.settings.workload import Workload

# Limits, and who sets them.
NAMESPACE = 63  # RFC 1123 label, Kubernetes
OBJECT = 63  # Services are DNS labels; others may be longer, ours are not
CRON_JOB = 52  # Kubernetes adds 11 characters for the Job
HOST_LABEL = 63  # RFC 1035
HOST = 253
BUCKET = 63  # S3
STACK = 40

_STACK = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")

POSTGRES = "postgres"
REDIS = "redis"
MANAGER = "alicerce"
LABEL = "alicerce.dev"


def fitting(name: str, limit: int, what: str) -> str:
    """The name; raises ``Refused`` if it is longer than ``limit`` characters."""
    if len(name) > limit:
        raise Refused(
            f"{what} {name!r} has {len(name)} characters, {len(name) - limit} more than the {limit}"
            " that fit",
            "shorten the parts that it is made of",
        )
    return name


def stack(name: str) -> str:
    """A stack's name: lower case words joined by dashes, since buckets and hosts carry it."""
    if not _STACK.fullmatch(name):
        raise Refused(
            f"{name!r:.60} can't be a stack's name",
            'use lower case letters, digits and single dashes, like "br-login-page"',
        )
    return fitting(name, STACK, "the stack's name")


def namespace(system: System, *, branch: str | None = None) -> str:
    """The system's own; a branch's stack puts its name before it, to live beside others."""
    name = f"{branch}-{system.namespace}" if branch else system.namespace
    return fitting(name, NAMESPACE, "the namespace")


def host(system: System, domain: str) -> str:
    """``<slug with dashes>.<domain>``."""
    if not _DOMAIN.fullmatch(domain):
        raise Refused(
            f"{domain!r:.60} is not a domain", 'write it like "staging.example.com" or "localhost"'
        )
    name = f"{system.dashed}.{domain}"
    for label in name.split("."):
        fitting(label, HOST_LABEL, "a part of the host name")
    return fitting(name, HOST, "the host name")


def autoscaler(workload: Workload) -> str:
    """The HorizontalPodAutoscaler; a register may give its name."""
    own = workload.autoscaling.name if workload.autoscaling else None
    return own or fitting(f"{workload.name}-hpa", OBJECT, "the autoscaler")


def config_map(workload: Workload) -> str:
    """The ConfigMap with the workload's environment."""
    return fitting(f"{workload.name}-config", OBJECT, "the ConfigMap")


def job(system: System, what: str) -> str:
    """A CronJob or Job of the system."""
    return fitting(what, CRON_JOB, f"the job of {system.slug!r}")


def bucket_secret(bucket: str) -> str:
    """The Secret with a bucket's endpoint and keys."""
    return fitting(f"bucket-{bucket}", OBJECT, "the Secret")


def redis_secret() -> str:
    """The Secret with the cache's password and URL."""
    return f"{REDIS}-auth"


def postgres_secret(role: str) -> str:
    """The Secret of a database role: ``owner``, ``application``, ..."""
    return fitting(f"{POSTGRES}-{role}", OBJECT, "the Secret")


def postgres_service(kind: str = "rw") -> str:
    """The Service of the primary (``rw``), of replicas (``ro``), or of any instance (``r``)."""
    return f"{POSTGRES}-{kind}"


def pooler(kind: str = "rw") -> str:
    """The connection pooler before the primary (``rw``) or the replicas (``ro``)."""
    return f"{POSTGRES}-pooler-{kind}"


def bucket(stack_name: str, system: System, name: str) -> str:
    """A bucket as the gateway or S3 knows it: unique over stacks and systems."""
    return fitting(f"{MANAGER}-{stack_name}-{system.dashed}-{name}", BUCKET, "the bucket")


def selector(system: System, name: str) -> dict[str, str]:
    """The labels by which Pods are found. Immutable on a Deployment: never add one."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": system.dashed}


def labels(system: System, name: str, component: str) -> dict[str, str]:
    """The labels of an object; ``component`` is a role, or ``database``, ``cache``, ..."""
    return {
        **selector(system, name),
        "app.kubernetes.io/instance": f"{system.dashed}-{name}"[:63].rstrip("-"),
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": MANAGER,
        f"{LABEL}/system": system.dashed,
    }
