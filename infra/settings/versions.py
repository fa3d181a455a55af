"""Every version that this product pins, and where each image comes from.

The markers let Renovate raise a pin; `toolchain/go/*/go.mod` must agree, which
a test checks for the tools built from modules.
"""

from __future__ import annotations

from infra.settings.base import ImageReference, Settings

# renovate: datasource=github-releases depName=kubernetes/kubernetes
KUBERNETES = "1.34.2"
# renovate: datasource=github-releases depName=etcd-io/etcd
ETCD = "3.6.6"
# renovate: datasource=pypi depName=pulumi
PULUMI = "3.250.0"
# renovate: datasource=pypi depName=pulumi-kubernetes
PULUMI_KUBERNETES = "4.34.2"
# renovate: datasource=pypi depName=pulumi-aws
PULUMI_AWS = "7.51.1"
# renovate: datasource=pypi depName=pulumi-policy
PULUMI_POLICY = "1.21.0"
# renovate: datasource=github-releases depName=cloudnative-pg/cloudnative-pg
CLOUDNATIVE_PG = "1.30.0"
# renovate: datasource=github-releases depName=traefik/traefik
TRAEFIK = "3.6.2"
# renovate: datasource=github-releases depName=coredns/coredns
COREDNS = "1.13.1"
# renovate: datasource=github-releases depName=cloudnativelabs/kube-router
KUBE_ROUTER = "2.1.0"
# renovate: datasource=github-releases depName=kubernetes-sigs/metrics-server
METRICS_SERVER = "0.8.0"
# renovate: datasource=github-releases depName=versity/versitygw
VERSITYGW = "1.8.0"
# renovate: datasource=docker depName=redis
REDIS = "7.0.15"
# renovate: datasource=docker depName=postgres
POSTGRES_MAJOR = 15
# This repository's own, raised by hand when they change what they do.
PAUSE = "1.0.0"
REFERENCE = "1.0.0"


class Image(Settings):
    """One image under the name that the embedded cluster knows, and where else it is found."""

    local: ImageReference  # built here, imported without a registry
    upstream: ImageReference | None  # None: only this repository has it


def _image(name: str, tag: str, upstream: str | None) -> Image:
    return Image(local=f"docker.io/alicerce/{name}:{tag}", upstream=upstream)


IMAGES: dict[str, Image] = {
    "reference": _image("reference", REFERENCE, None),
    "postgres": _image(
        "postgres", str(POSTGRES_MAJOR), f"ghcr.io/cloudnative-pg/postgresql:{POSTGRES_MAJOR}"
    ),
    "redis": _image("redis", REDIS, f"docker.io/library/redis:{REDIS}"),
    "cloudnative-pg": _image(
        "cloudnative-pg", CLOUDNATIVE_PG, f"ghcr.io/cloudnative-pg/cloudnative-pg:{CLOUDNATIVE_PG}"
    ),
    "traefik": _image("traefik", TRAEFIK, f"docker.io/library/traefik:v{TRAEFIK}"),
    "s3-gateway": _image("s3-gateway", VERSITYGW, f"docker.io/versity/versitygw:v{VERSITYGW}"),
    "coredns": _image("coredns", COREDNS, f"registry.k8s.io/coredns/coredns:v{COREDNS}"),
    "metrics-server": _image(
        "metrics-server",
        METRICS_SERVER,
        f"registry.k8s.io/metrics-server/metrics-server:v{METRICS_SERVER}",
    ),
    "pause": _image("pause", PAUSE, None),
}
