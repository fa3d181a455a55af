"""The texts that a Redis server reads: its configuration and its users."""

from __future__ import annotations

from infra.settings.data import Cache

USER = "application"
PORT = 6379
# Beyond the dangerous ones, an application has no business with replication or other clients.
_WITHHELD = "-@admin -@dangerous"
# What client libraries and exporters send by themselves, though Redis counts it as dangerous.
# A name that the server doesn't know (client|setinfo came with 7.2) would keep it from starting.
_GIVEN_BACK = "+info"


def configuration(cache: Cache) -> str:
    """``redis.conf`` without a secret: TLS only, an append-only file, a bound on the data."""
    lines = [
        "port 0",
        f"tls-port {PORT}",
        "tls-cert-file /run/secrets/tls/tls.crt",
        "tls-key-file /run/secrets/tls/tls.key",
        "tls-ca-cert-file /run/secrets/tls/ca.crt",
        "tls-auth-clients no",
        'tls-protocols "TLSv1.2 TLSv1.3"',
        "aclfile /run/secrets/users/users.acl",
        "dir /data",
        "appendonly yes",
        # At most a second of writes is lost with the node; every write would cost a flush.
        "appendfsync everysec",
        'save ""',
        f"maxmemory {cache.memory.bytes}",
        f"maxmemory-policy {cache.policy}",
        "tcp-keepalive 60",
        "timeout 0",
        'logfile ""',
        "daemonize no",
    ]
    return "\n".join(lines) + "\n"


def acl(password: str) -> str:
    """``users.acl``: the application, a user who may only ping, and no default user."""
    lines = [
        "user default off",
        f"user {USER} on >{password} ~* &* +@all {_WITHHELD} {_GIVEN_BACK}",
        "user probe on nopass resetkeys resetchannels -@all +ping",
    ]
    return "\n".join(lines) + "\n"
