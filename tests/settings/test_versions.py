"""One place says each version, and what is built agrees with it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from infra.settings import versions

ROOT = Path(__file__).parents[2]
# Each pin and the module that it builds.
MODULES = {
    "KUBERNETES": "k8s.io/kubernetes",
    "ETCD": "go.etcd.io/etcd/server/v3",
    "PULUMI": "github.com/pulumi/pulumi/pkg/v3",
    "CLOUDNATIVE_PG": "github.com/cloudnative-pg/cloudnative-pg",
    "TRAEFIK": "github.com/traefik/traefik/v3",
    "COREDNS": "github.com/coredns/coredns",
    "KUBE_ROUTER": "github.com/cloudnativelabs/kube-router/v2",
    "METRICS_SERVER": "sigs.k8s.io/metrics-server",
    "VERSITYGW": "github.com/versity/versitygw",
}


@pytest.mark.parametrize("pin", MODULES)
def test_a_pin_is_what_is_built(pin: str) -> None:
    files = sorted((ROOT / "toolchain" / "go").rglob("go.mod"))
    wanted = re.compile(rf"^\s*(?:require )?{re.escape(MODULES[pin])} v(\S+)", re.MULTILINE)
    built = {found for path in files for found in wanted.findall(path.read_text())}
    assert built == {getattr(versions, pin)}


# Programs of this repository: no one else has a newer one.
OWN = ("PAUSE", "REFERENCE")


def test_every_pin_can_be_raised_by_renovate() -> None:
    lines = Path(versions.__file__).read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"[A-Z_]+ = [\"\d]", line) and not line.startswith(OWN):
            assert before.startswith("# renovate: datasource="), line


def test_images_are_named_by_one_rule() -> None:
    for name, image in versions.IMAGES.items():
        assert image.local.startswith(f"docker.io/alicerce/{name}:")
        assert image.upstream is None or not image.upstream.endswith(":latest")
    assert versions.IMAGES["reference"].upstream is None
