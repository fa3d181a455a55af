"""Waiting for Services, Ingresses and webhooks: against the real controllers."""

from __future__ import annotations

import pytest

from tests.live.support import until
from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.errors import ApiError
from toolchain.plugins.kubernetes.objects import kind_of
from toolchain.plugins.kubernetes.values import Obj

from . import manifests as m
from .harness import Plugin, in_background
from .kubelet import patch, patch_status


def endpoints(namespace: str, service: str, *, ready: bool) -> Obj:
    """What the endpoints controller writes for a Pod; it only does for Pods on real nodes."""
    obj = m.named("EndpointSlice", "discovery.k8s.io/v1", f"{service}-tests", namespace)
    obj["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    endpoint = {"addresses": ["192.0.2.7"], "conditions": {"ready": ready, "serving": ready}}
    return {**obj, "addressType": "IPv4", "ports": [], "endpoints": [endpoint]}


def test_service_waits_for_pending_endpoints(plugin: Plugin, api: Client, namespace: str) -> None:
    pending = endpoints(namespace, "web", ready=False)
    api.create(pending, manager="tests", dry_run=False)
    creating = in_background(plugin.create, m.service(namespace, "web"))
    plugin.engine.wait_for("finding Pods to direct traffic to (0 ready, 1 pending)")
    plugin.engine.wait_for("waiting for 1 of 1 endpoints to be ready")
    assert not creating.done()
    patch(api, pending, {"endpoints": endpoints(namespace, "web", ready=True)["endpoints"]})
    assert creating.result(timeout=60).id == f"{namespace}/web"


def test_service_with_ready_endpoints_needs_no_settling(
    plugin: Plugin, api: Client, namespace: str
) -> None:
    ready = endpoints(namespace, "web", ready=True)
    api.create(ready, manager="tests", dry_run=False)
    plugin.create(m.service(namespace, "web"), timeout=5)


@pytest.mark.parametrize(
    "spec",
    [{"clusterIP": "None"}, {"selector": {}}, {"type": "ExternalName", "externalName": "e.x"}],
)
def test_services_without_pods_are_ready_at_once(plugin: Plugin, namespace: str, spec: Obj) -> None:
    plugin.create(m.service(namespace, "web", **spec), timeout=5)


def test_load_balancer_waits_for_its_address(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = m.service(namespace, "web", type="LoadBalancer", selector={})
    creating = in_background(plugin.create, obj)
    plugin.engine.wait_for("waiting for the load balancer's address")
    patch_status(api, obj, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})
    made = creating.result(timeout=60)
    assert made.state["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"


def ingress(namespace: str, service: str) -> Obj:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec = {"ingressClassName": "none", "rules": [{"host": "e.x", "http": {"paths": [path]}}]}
    return m.named("Ingress", "networking.k8s.io/v1", "entry", namespace, spec=spec)


def test_ingress_waits_for_backend_and_address(plugin: Plugin, api: Client, namespace: str) -> None:
    obj = ingress(namespace, "web")
    creating = in_background(plugin.create, obj)
    plugin.engine.wait_for("finding a Service for each path (missing: e.x/ -> web)")
    plugin.create(m.annotated(m.service(namespace, "web"), skipAwait="true"), name="service")
    plugin.engine.wait_for("waiting for the ingress controller to publish an address")
    patch_status(api, obj, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})
    creating.result(timeout=60)


def test_waits_for_a_webhook_that_has_no_pods_yet(
    plugin: Plugin, api: Client, namespace: str
) -> None:
    """A killed run leaves the configuration of a webhook whose server it had not started yet."""
    hook = m.unstaffed_webhook(namespace, namespace)
    ports = [{"port": 443, "targetPort": 8443}]
    for each in (m.service(namespace, "hook", ports=ports), hook):
        api.create(each, manager="tests", dry_run=False)
    probe = m.config_map(namespace, "probe")
    until(lambda: _refused(api, probe), 30, "the API server asks the webhook")
    planned = plugin.create(m.config_map(namespace, "planned"), preview=True)
    assert planned.state["metadata"]["name"] == "planned"
    creating = in_background(plugin.create, m.config_map(namespace, "settings"))
    plugin.engine.wait_for(f"waiting for the webhook's Service {namespace}/hook to answer")
    api.delete(kind_of(hook), "", namespace, propagation="Background")
    api.create(endpoints(namespace, "hook", ready=True), manager="tests", dry_run=False)
    assert creating.result(timeout=60).id == f"{namespace}/settings"


def _refused(api: Client, obj: Obj) -> bool:
    try:
        api.create(obj, manager="tests", dry_run=True)
    except ApiError as error:
        return error.unstaffed_webhook() != ("", "")
    return False
