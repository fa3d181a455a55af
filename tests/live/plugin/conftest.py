"""Proves: the fallback Kubernetes plugin against a real API server. Needs: a cluster.

ALICERCE_TEST_KUBECONFIG names another cluster than the run's own. Any with a controller manager
will do: Pods are made for a scheduler that nobody runs, and the tests play the kubelet by
writing their status, so neither nodes nor images are needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.kubeconfig import connection, load
from toolchain.plugins.kubernetes.objects import Kind
from toolchain.plugins.kubernetes.transport import Transport

from . import manifests
from .harness import Plugin, fresh
from .kubelet import Kubelet

NAMESPACE = Kind("", "v1", "Namespace")


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """That of the run's cluster, or of any other that ALICERCE_TEST_KUBECONFIG names."""
    named = os.environ.get("ALICERCE_TEST_KUBECONFIG")
    return Path(named or request.getfixturevalue("cluster").kubeconfig)


@pytest.fixture(scope="session")
def api(kubeconfig: Path) -> Client:
    """Direct access, to prepare and to look behind the plugin's back."""
    config, folder = load(str(kubeconfig))
    return Client(Transport(connection(config, folder)))


@pytest.fixture
def plugin(kubeconfig: Path) -> Iterator[Plugin]:
    with Plugin(kubeconfig) as running:
        yield running


@pytest.fixture
def namespace(api: Client) -> Iterator[str]:
    """A namespace of the test's own, taken away without waiting."""
    name = fresh("plugin")
    api.create(manifests.named("Namespace", "v1", name), manager="tests", dry_run=False)
    yield name
    api.delete(NAMESPACE, "", name, propagation="Background")


@pytest.fixture
def kubelet(api: Client, namespace: str) -> Iterator[Kubelet]:
    with Kubelet(api, namespace) as playing:
        yield playing
