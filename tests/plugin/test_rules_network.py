"""Waiting rules for Services and Ingresses over made-up objects: done, not yet, never."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.plugin.judging import judge, obj, rule
from toolchain.plugins.kubernetes.values import Obj
from toolchain.plugins.kubernetes.waiting import network
from toolchain.plugins.kubernetes.waiting.rules import Verdict


def endpoints(*ready: bool) -> Obj:
    labels = {"kubernetes.io/service-name": "a"}
    listed = [{"addresses": ["x"], "conditions": {"ready": r}} for r in ready]
    return {"metadata": {"name": "s", "namespace": "n", "labels": labels}, "endpoints": listed}


def service(**spec: Any) -> Obj:
    return obj("Service", "v1", spec={"selector": {"a": "1"}, **spec})


def with_slices(live: Obj, *slices: Obj, **more: Any) -> Verdict:
    around = {source: list(slices) for source in network.service_sources(live)}
    return judge(rule(live), live, around, **more)


def test_service() -> None:
    assert with_slices(service(), endpoints(True)).done
    assert not with_slices(service()).done
    waiting = with_slices(service(), endpoints(True, False))
    assert not waiting.done and waiting.recheck is not None and waiting.recheck <= 10.0


def test_service_endpoints_settle() -> None:
    live = service()
    long_ago = time.monotonic() - 11.0
    # Nobody there, and nobody coming: as with the official plugin, that is all there is.
    assert with_slices(live, endpoints(), started=long_ago).done
    # Someone coming: wait for them.
    assert not with_slices(live, endpoints(False), started=long_ago).done
    # Not even looked at by the controller.
    assert not with_slices(live, started=long_ago).done


@pytest.mark.parametrize(
    "spec", [{"clusterIP": "None"}, {"type": "ExternalName"}, {"selector": None}]
)
def test_services_that_target_no_pods(spec: Obj) -> None:
    assert with_slices(service(**spec)).done
    assert network.service_sources(service(**spec)) == ()


def test_load_balancer() -> None:
    live = service(type="LoadBalancer")
    assert not with_slices(live, endpoints(True)).done
    live["status"] = {"loadBalancer": {"ingress": [{"ip": "x"}]}}
    assert with_slices(live, endpoints(True)).done


def ingress(address: bool = True) -> Obj:
    path = {"path": "/", "backend": {"service": {"name": "a"}}}
    rules = [{"host": "h", "http": {"paths": [path]}}, {"http": {"paths": [{"backend": {}}]}}]
    status = {"loadBalancer": {"ingress": [{"ip": "x"}] if address else []}}
    return obj("Ingress", "networking.k8s.io/v1", spec={"rules": rules}, status=status)


def test_ingress() -> None:
    live = ingress()
    slices, services = network.ingress_sources(live)
    assert judge(rule(live), live, {slices: [endpoints(True)]}).done
    assert "h/ -> a" in judge(rule(live), live).progress
    external = {"metadata": {"name": "a"}, "spec": {"type": "ExternalName"}}
    assert judge(rule(live), live, {services: [external]}).done
    assert judge(rule(live), live, started=time.monotonic() - 61.0).done
    without = ingress(address=False)
    assert (
        "ingress controller"
        in judge(rule(without), without, {slices: [endpoints(True)]}).problems[0]
    )
