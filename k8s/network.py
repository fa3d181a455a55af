"""NetworkPolicies: everything is closed, and each flow is opened by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.core.contracts import Peer

Rule = dict[str, Any]
# Policies see a packet after the Service has translated it: to 53, or to the port that a DNS
# server without privileges listens on.
DNS_PORTS = (53, 5353)

# What "the internet" leaves out: private ranges, and link-local, where clouds keep the
# metadata service that would hand out a node's credentials.
_NOT_OUTSIDE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")


def tcp(*ports: int) -> list[Rule]:
    """TCP ports of a rule."""
    return [{"protocol": "TCP", "port": port} for port in ports]


def from_(peers: Sequence[Peer], *ports: int) -> Rule:
    """Lets these Pods reach ``ports``."""
    return {"from": [peer.rule() for peer in peers], "ports": tcp(*ports)}


def from_anywhere(*ports: int) -> Rule:
    """Lets everyone reach ``ports``."""
    return {"ports": tcp(*ports)}


def to(peers: Sequence[Peer], *ports: int) -> Rule:
    """Lets Pods reach ``ports`` of these."""
    return {"to": [peer.rule() for peer in peers], "ports": tcp(*ports)}


def to_dns(dns: Peer) -> Rule:
    """Lets Pods look up names."""
    ports = [{"protocol": name, "port": port} for port in DNS_PORTS for name in ("UDP", "TCP")]
    return {"to": [dns.rule()], "ports": ports}


def to_outside(*ports: int) -> Rule:
    """Lets Pods reach ``ports`` outside the cluster: policies know no host names."""
    block = {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_NOT_OUTSIDE)}}
    return {"to": [block], "ports": tcp(*ports)}


def to_api_server(ports: Sequence[int]) -> Rule:
    """Lets Pods reach the API server, whose address is a node's and differs by cluster."""
    return {"ports": tcp(*ports)}


def policy(
    namespace: str,
    name: str,
    selector: Mapping[str, str],
    ingress: Sequence[Rule] = (),
    egress: Sequence[Rule] = (),
) -> Rule:
    """A NetworkPolicy for both directions: what no rule opens is closed."""
    spec: Rule = {
        "podSelector": {"matchLabels": dict(selector)} if selector else {},
        "policyTypes": ["Ingress", "Egress"],
    }
    # An empty list means the same as none, and the API server stores none.
    spec |= {"ingress": list(ingress)} if ingress else {}
    spec |= {"egress": list(egress)} if egress else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def default_deny(namespace: str) -> Rule:
    """Closes a namespace for every Pod that no other policy speaks of."""
    return policy(namespace, "default-deny", {})
