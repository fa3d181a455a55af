"""How Traefik is started."""

from __future__ import annotations

from collections.abc import Sequence

from infra.settings.system import System
from k8s.addons.gateway_place import APP, CLASS, HEALTH, HTTP, HTTPS, METRICS, NAMESPACE

CONFIG = "/etc/gateway"
_DRAIN_SECONDS = 5
_FINISH_SECONDS = 25
# Both, and a little for what comes after.
GRACE_SECONDS = _DRAIN_SECONDS + _FINISH_SECONDS + 5


def arguments(systems: Sequence[System], host_ports: bool) -> list[str]:
    """Its command line: no secret is on it."""
    watched = sorted(system.namespace for system in systems)
    # What is written into the status of each Ingress: whoever waits for one waits for this.
    address = "ip=127.0.0.1"
    if not host_ports:
        address = f"publishedservice={NAMESPACE}/{APP}"
        watched.append(NAMESPACE)
    return [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        f"--entrypoints.web.address=:{HTTP}",
        "--entrypoints.web.http.redirections.entrypoint.to=:443",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        f"--entrypoints.websecure.address=:{HTTPS}",
        "--entrypoints.websecure.http.tls=true",
        # An upload of the largest size may take its time; a header may not.
        "--entrypoints.websecure.transport.respondingtimeouts.readtimeout=600s",
        f"--entrypoints.websecure.transport.lifecycle.requestacceptgracetimeout={_DRAIN_SECONDS}s",
        f"--entrypoints.websecure.transport.lifecycle.gracetimeout={_FINISH_SECONDS}s",
        f"--entrypoints.metrics.address=:{METRICS}",
        f"--entrypoints.health.address=:{HEALTH}",
        "--ping.entrypoint=health",
        "--metrics.prometheus.entrypoint=metrics",
        "--metrics.prometheus.addrouterslabels=true",
        f"--providers.file.directory={CONFIG}",
        "--providers.file.watch=true",
        "--providers.kubernetesingress=true",
        f"--providers.kubernetesingress.ingressclass={CLASS}",
        # A workload without a ready Pod answers 503; else its route would be gone, and its requests
        # would go to whoever has the next longest path.
        "--providers.kubernetesingress.allowemptyservices=true",
        f"--providers.kubernetesingress.namespaces={','.join(watched)}",
        f"--providers.kubernetesingress.ingressendpoint.{address}",
        "--log.format=json",
        "--log.level=INFO",
        "--accesslog=true",
        "--accesslog.format=json",
        # Headers carry tokens and cookies: none is written down but what says who asked.
        "--accesslog.fields.headers.defaultmode=drop",
        "--accesslog.fields.headers.names.User-Agent=keep",
        # Paths are written with their query string, where WebSocket clients put tokens.
        "--accesslog.fields.names.RequestLine=drop",
        "--accesslog.fields.names.RequestPath=drop",
        "--accesslog.fields.names.ClientUsername=drop",
    ]
