"""What Prometheus scrapes, in a registry of its own so that tests can make many."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from reference.settings import Settings

# The objectives of the five systems lie between 100 ms and 5 s; a bound is needed on each.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 3, 5, 10, 30)


class Metrics:
    """Every metric of the process; times are seconds, sizes are bytes."""

    def __init__(self, settings: Settings) -> None:
        # A second series beside each counter, which nothing reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        info = Gauge(
            "alicerce_info", "What runs here.", ["system", "role", "version"], registry=registry
        )
        info.labels(settings.system, settings.role.value, settings.version).set(1)
        self._requests(registry)
        self._parts(registry)

    def _requests(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "http_requests_total",
            "Requests answered.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.duration = Histogram(
            "http_request_duration_seconds",
            "From the first byte asked to the last answered.",
            ["route", "method"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight", "Requests being answered.", registry=registry
        )
        self.sockets = Gauge("websocket_connections", "Open WebSockets.", registry=registry)
        self.socket_messages = Counter(
            "websocket_messages_total", "Messages echoed.", registry=registry
        )

    def _parts(self, registry: CollectorRegistry) -> None:
        self.cache_reads = Counter(
            "cache_reads_total", "Reads by result: hit, miss, error.", ["result"], registry=registry
        )
        self.pool_size = Gauge("database_pool_connections", "Connections open.", registry=registry)
        self.pool_free = Gauge(
            "database_pool_free_connections", "Open and idle.", registry=registry
        )
        self.pool_limit = Gauge("database_pool_limit", "Most there may be.", registry=registry)
        self.upload_bytes = Counter(
            "upload_bytes_total", "Bytes received in uploads.", registry=registry
        )
        self.uploads = Counter("uploads_total", "Uploads by result.", ["result"], registry=registry)
        self.dependency_up = Gauge(
            "dependency_up", "Last check: 1 passed, 0 failed.", ["dependency"], registry=registry
        )
        self.jobs = Counter(
            "worker_jobs_total", "Jobs by result: done, refused.", ["result"], registry=registry
        )
        self.job_seconds = Histogram(
            "worker_job_duration_seconds", "Time of a job.", buckets=_SECONDS, registry=registry
        )
        self.queue = Gauge("worker_queue_jobs", "Jobs waiting or in work.", registry=registry)
        self.fault = Gauge("fault_active", "1 while injected.", ["kind"], registry=registry)
