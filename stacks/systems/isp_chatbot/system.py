"""What the ISP customer chatbot needs. Ids are rows of docs/requirements/isp-chatbot.md."""

from __future__ import annotations

from infra.settings.model import (
    SECURE_HEADERS,
    Autoscaling,
    Bucket,
    Cache,
    Cpu,
    Dashboard,
    Database,
    Delivery,
    Duration,
    Edge,
    Egress,
    KeyTtl,
    LoadTest,
    Metric,
    Percent,
    Pool,
    Rate,
    RateLimit,
    Replicas,
    Resources,
    Restriction,
    Role,
    Size,
    System,
    Workload,
)
from stacks.systems.isp_chatbot.promises import (
    ALERTS,
    CLIENT_LIMIT,
    ERRORS,
    FREE,
    HIT_RATE,
    LATENCY,
    OBJECTIVES,
    QUALITY,
    THROUGHPUT,
)

API = Workload(
    name="isp-chatbot-api",
    role=Role.API,
    routes=("/",),
    # 50 Pods at 100 requests a second are ISP-070's throughput. ISP-103: scaling is horizontal.
    replicas=Replicas(minimum=3, maximum=50),
    autoscaling=Autoscaling(
        cpu=Percent("70%"), memory=Percent("80%"), requests_per_second=Rate("100/s")
    ),
    resources=Resources(
        cpu=Cpu("250m"), memory=Size("512Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    egress=frozenset({"sgp", "whatsapp", "gemini"}),
)

WORKER = Workload(
    name="isp-chatbot-worker",  # campaigns, media, and answers that wait for Gemini
    role=Role.WORKER,
    replicas=Replicas(minimum=2, maximum=10),
    autoscaling=Autoscaling(cpu=Percent("80%")),
    resources=Resources(
        cpu=Cpu("100m"), memory=Size("512Mi"), cpu_limit=Cpu("1cores"), memory_limit=Size("1Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    egress=frozenset({"sgp", "whatsapp", "gemini"}),
)

DATABASE = Database(
    name="isp_chatbot",
    major=15,
    instances=3,
    storage=Size("100Gi"),
    memory=Size("4Gi"),
    cpu=Cpu("2cores"),
    pool=Pool(size=60, alert_free_below=FREE),
    extensions=("pg_stat_statements",),
    synchronous=True,  # a payment promise that was confirmed must not be lost
    rpo=Duration("15min"),  # ISP-106
    rto=Duration("1h"),  # ISP-105
    archive_timeout=Duration("5min"),
    backup_schedule="0 3 * * *",  # ISP-004
    backup_retention=Duration("30d"),
    restore_drill_every=Duration("30d"),  # ISP-104 gives no interval
    slow_query=Duration("250ms"),
)

CACHE = Cache(
    memory=Size("1Gi"),
    # The least used key goes first: rate limit counters, which are used all the time, stay.
    policy="allkeys-lfu",
    topology="sentinel",  # ISP-001
    keys=(  # ISP-052
        KeyTtl(pattern="user:*", ttl=Duration("3600s"), invalidate_on_write=True),  # ISP-056
        KeyTtl(pattern="conversation:*", ttl=Duration("86400s")),  # ISP-057
        KeyTtl(pattern="sgp_cliente:*", ttl=Duration("1800s")),  # ISP-058
        KeyTtl(pattern="dashboard:metrics", ttl=Duration("300s")),  # ISP-059
        KeyTtl(pattern="rate_limit:*", ttl=Duration("900s")),  # ISP-060
    ),
    hit_rate=HIT_RATE,
    warmed=True,  # ISP-054
    storage=Size("4Gi"),
)

SYSTEM = System(
    slug="isp_chatbot",
    title="ISP chatbot",
    namespace="isp-chatbot",
    owner="isp-chatbot",
    description="answers an internet provider's customers on WhatsApp and the web",
    workloads=(API, WORKER),
    database=DATABASE,
    cache=CACHE,
    # Images and PDFs for WhatsApp, which itself takes documents of up to 100 MB.
    buckets=(Bucket(name="media", largest_upload=Size("100MB")),),  # ISP-042
    edge=Edge(
        host="isp-chatbot.alicerce.example",  # the register names none: set it in the stack file
        # Not on /webhooks, where WhatsApp's confirmations come in bursts (ISP-044).
        rate_limits=(RateLimit(path="/api", limit=CLIENT_LIMIT, burst=50),),
        headers=SECURE_HEADERS,
        # The register's list of allowed addresses can't hold for the public webhook as well.
        restricted=(Restriction(path="/api/admin"),),  # ISP-086
    ),
    egress=(
        Egress(
            name="sgp",  # ISP-005
            host="sgp.alicerce.example",
            timeout=Duration("5s"),
            credential="sgp-api",
        ),
        Egress(
            name="whatsapp",  # ISP-043
            host="graph.facebook.com",
            timeout=Duration("10s"),
            credential="whatsapp-api",
        ),
        Egress(
            name="gemini",  # ISP-076
            host="generativelanguage.googleapis.com",
            timeout=Duration("20s"),
            credential="gemini-api",
        ),
    ),
    objectives=OBJECTIVES,
    alerts=ALERTS,
    notifications=("email", "slack"),  # ISP-027
    metrics=(
        Metric(name="active_conversations", kind="gauge"),  # ISP-025
        Metric(name="intents", kind="counter", labels=("intent",)),  # ISP-026
    ),
    dashboards=(
        Dashboard(
            title="ISP chatbot",  # ISP-020
            panels=(
                "Request rate",  # ISP-021
                "Latency P50, P95, P99",  # ISP-022
                "Error rate by endpoint",  # ISP-023
                "Cache hit rate",  # ISP-024, ISP-055
                "Active conversations",
                "Most common intents",
            ),
        ),
    ),
    load_tests=(
        LoadTest(
            name="users",
            path="/api/conversations",
            users=1000,  # ISP-069
            latency_below=LATENCY,
            errors_below=ERRORS,
        ),
        # Arrivals at a fixed rate: 5 requests a second from each of 1000 users is no chat.
        LoadTest(
            name="throughput",
            path="/api/conversations",
            rate=THROUGHPUT,
            latency_below=LATENCY,
            errors_below=ERRORS,
        ),
    ),
    delivery=Delivery(strategy="rolling", automatic_rollback=True),
    quality=QUALITY,
)
