"""Services and Ingresses: is there something behind them, and do they have an address?"""

from __future__ import annotations

from ..objects import Kind, as_list, as_map, name_of, pluck
from ..values import Obj
from ..watching import Source
from .rules import DONE, Verdict, View, beside

_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice")
_SERVICE = Kind("", "v1", "Service")
_SERVICE_LABEL = "kubernetes.io/service-name"
#: How long the endpoints must hold still before they count as all there is (as the official
#: plugin waits); an endpoint that is ready with none pending needs no such pause.
_SETTLE_SECONDS = 10.0
#: An Ingress whose backends never show up is judged without them after this long.
_GRACE_SECONDS = 60.0


def _slices(obj: Obj) -> Source:
    return beside(obj, _SLICE, f"{_SERVICE_LABEL}={name_of(obj)}")


def service_sources(obj: Obj) -> tuple[Source, ...]:
    return (_slices(obj),) if _targets_pods(obj) else ()


def _targets_pods(service: Obj) -> bool:
    """Headless and external Services, and those without a selector, have no Pods to wait for."""
    spec = as_map(service.get("spec"))
    return (
        spec.get("type") != "ExternalName"
        and spec.get("clusterIP") != "None"
        and bool(spec.get("selector"))
    )


def judge_service(view: View, live: Obj) -> Verdict:
    """Endpoints settled with none pending, and an address if it is a load balancer."""
    has_address = pluck(live, "spec", "type") != "LoadBalancer" or bool(
        as_list(pluck(live, "status", "loadBalancer", "ingress"))
    )
    problems: list[str] = []
    if not has_address:
        problems.append("no IP address was allocated: does the cluster have a load balancer?")
    if not _targets_pods(live):
        text = "" if has_address else "[2/2] waiting for the load balancer's address"
        return DONE if has_address else Verdict(progress=text, problems=tuple(problems))
    slices = view.around(_slices(live))
    ready, pending = _count(slices)
    if not ready:
        problems.append(
            "it targets no ready Pods: they may not be ready yet, or `spec.selector` doesn't "
            "match their labels"
        )
    left = _unsettled_for(view, live, slices, ready, pending)
    if left:
        text = f"[1/2] finding Pods to direct traffic to ({ready} ready, {pending} pending)"
        return Verdict(progress=text, problems=tuple(problems), recheck=left)
    if pending or not has_address:
        text = f"[1/2] waiting for {pending} of {ready + pending} endpoints to be ready"
        text = text if pending else "[2/2] waiting for the load balancer's address"
        return Verdict(progress=text, problems=tuple(problems))
    return DONE


def _count(slices: list[Obj]) -> tuple[int, int]:
    """Ready endpoints, and those on their way (terminating ones are neither)."""
    ready = pending = 0
    for item in slices:
        for endpoint in as_list(item.get("endpoints")):
            conditions = as_map(endpoint.get("conditions"))
            if conditions.get("ready", True):
                ready += 1
            elif not conditions.get("terminating"):
                pending += 1
    return ready, pending


def _unsettled_for(view: View, live: Obj, slices: list[Obj], ready: int, pending: int) -> float:
    """Seconds until the endpoints count as settled; 0 when they do."""
    if view.glance or (ready and not pending):
        return 0.0
    if not slices:
        return _SETTLE_SECONDS  # the controller hasn't looked at the Service yet
    return max(0.0, _SETTLE_SECONDS - view.quiet_for(_slices(live)))


# -- Ingress ---------------------------------------------------------------------------------------


def _all_slices(obj: Obj) -> Source:
    return beside(obj, _SLICE, _SERVICE_LABEL)


def _services(obj: Obj) -> Source:
    return beside(obj, _SERVICE)


def ingress_sources(obj: Obj) -> tuple[Source, ...]:
    return (_all_slices(obj), _services(obj))


def judge_ingress(view: View, live: Obj) -> Verdict:
    """Every rule's Service has endpoints (or is external), and the address is published."""
    missing = _missing_backends(view, live)
    waited = view.quiet_for(_all_slices(live))
    has_events = bool(view.around(_all_slices(live)))
    patience = _SETTLE_SECONDS if has_events else _GRACE_SECONDS
    if missing and not view.glance and waited < patience:
        text = f"[1/2] finding a Service for each path (missing: {', '.join(missing)})"
        problems = tuple(f"no Service with endpoints behind {path}" for path in missing)
        return Verdict(progress=text, problems=problems, recheck=patience - waited)
    if as_list(pluck(live, "status", "loadBalancer", "ingress")):
        return DONE
    problem = (
        "status.loadBalancer has no address: is an ingress controller running for its class, and "
        'does it publish one? (annotation pulumi.com/skipAwait: "true" skips this wait)'
    )
    text = "[2/2] waiting for the ingress controller to publish an address"
    return Verdict(progress=text, problems=(problem,))


def _missing_backends(view: View, live: Obj) -> list[str]:
    services = view.around(_services(live))
    external = {name_of(s) for s in services if pluck(s, "spec", "type") == "ExternalName"}
    slices = view.around(_all_slices(live))
    served = {pluck(s, "metadata", "labels", _SERVICE_LABEL) for s in slices}
    missing = []
    for rule in as_list(pluck(live, "spec", "rules")):
        for path in as_list(pluck(rule, "http", "paths")):
            name = pluck(path, "backend", "service", "name")
            if name and name not in external and name not in served:
                missing.append(f"{rule.get('host', '')}{path.get('path', '/')} -> {name}")
    return missing
