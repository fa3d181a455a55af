"""Server parameters from a database's memory, its promises and its clients.

Shares of memory follow the PostgreSQL manual (19.4) and its wiki: a quarter for shared buffers,
and about two thirds in all that the planner may expect to be cached.
"""

from __future__ import annotations

from infra.settings.system import System

_MIB = 2**20
# CloudNativePG preloads the library when it finds a parameter of it; the extension alone has a
# view that fails. Utility statements stay out: ALTER ROLE has the password's verifier in it.
_STATEMENTS = {
    "pg_stat_statements.max": "10000",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_utility": "off",
}
_RESERVED = 15  # superuser, operator, replication, monitoring and a person at a terminal


def connections_per_pod(system: System) -> int:
    """Connections that one Pod of a workload keeps, so that all of them share the pool."""
    return max(2, min(100, system.database.pool.size // _client_pods(system)))


def max_connections(system: System) -> int:
    """Enough for every Pod that autoscaling may bring, one more each for its health check."""
    needed = _client_pods(system) * (connections_per_pod(system) + 1)
    return max(system.database.pool.size, needed) + _RESERVED


def parameters(system: System) -> dict[str, str]:
    """``postgresql.conf`` as CloudNativePG takes it: every value a text."""
    database = system.database
    memory = database.memory.bytes
    shared = memory // 4
    # A query can sort several times at once, and every connection can run one.
    work = max(2 * _MIB, (memory - shared) // (max_connections(system) * 2))
    return {
        "max_connections": str(max_connections(system)),
        "shared_buffers": _mib(shared),
        "effective_cache_size": _mib(memory * 2 // 3),
        "maintenance_work_mem": _mib(max(16 * _MIB, min(memory // 16, 1024 * _MIB))),
        "work_mem": _mib(min(work, 64 * _MIB)),
        "archive_timeout": f"{int(database.archive_timeout.seconds)}s",
        "log_min_duration_statement": f"{int(database.slow_query.seconds * 1000)}ms",
        "log_lock_waits": "on",
        "log_temp_files": "10MB",
        "wal_compression": "on",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",  # volumes are not spinning disks
        "idle_in_transaction_session_timeout": "60s",
        "password_encryption": "scram-sha-256",
        "track_io_timing": "on",
        **_STATEMENTS,
    }


def _client_pods(system: System) -> int:
    users = [each for each in system.workloads if "database" in each.uses]
    return max(1, sum(each.replicas.maximum for each in users))


def _mib(amount: int) -> str:
    return f"{max(amount // _MIB, 1)}MB"
