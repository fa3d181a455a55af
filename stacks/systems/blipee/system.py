"""What Blipee needs. Ids are rows of docs/requirements/blipee.md."""

from __future__ import annotations

from infra.settings.model import (
    Autoscaling,
    Bucket,
    Budget,
    Cache,
    CacheRule,
    Cpu,
    Dashboard,
    Database,
    Delivery,
    Duration,
    Edge,
    Egress,
    Forecast,
    KeyTtl,
    Metric,
    Money,
    Percent,
    Pool,
    Rate,
    RateLimit,
    Replicas,
    Resources,
    Restriction,
    Role,
    Schedule,
    Size,
    System,
    Table,
    View,
    Workload,
)
from stacks.systems.blipee.promises import (
    ALERTS,
    BUSINESS_METRICS,
    HIT_RATE,
    HOST,
    INCIDENTS,
    OBJECTIVES,
    QUALITY,
    SLOW_QUERY,
)

WEB = Workload(
    name="blipee-web",  # Next.js
    role=Role.WEB,
    routes=("/",),
    replicas=Replicas(minimum=2, maximum=6),
    autoscaling=Autoscaling(cpu=Percent("70%")),
    resources=Resources(
        cpu=Cpu("200m"), memory=Size("512Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    uses=frozenset({"cache", "bucket"}),  # BLP-107, BLP-100: pages and images kept over replicas
    egress=frozenset({"supabase-auth", "sentry"}),
    calls=frozenset({"blipee-api"}),
)

API = Workload(
    name="blipee-api",  # the /api routes, apart so that they scale and are limited apart
    role=Role.API,
    # BLP-135 names one path for all; it is readiness here, and liveness asks the process only.
    health_path="/api/health",  # BLP-135
    routes=("/api",),
    replicas=Replicas(minimum=2, maximum=8),
    autoscaling=Autoscaling(cpu=Percent("70%"), memory=Percent("80%")),
    resources=Resources(
        cpu=Cpu("250m"), memory=Size("512Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    egress=frozenset({"openai", "supabase-auth", "sentry"}),
)

WORKER = Workload(
    name="blipee-worker",  # autonomous agents and the Prophet job (BLP-025)
    role=Role.WORKER,
    replicas=Replicas(minimum=1, maximum=3),
    autoscaling=Autoscaling(cpu=Percent("80%")),
    resources=Resources(
        cpu=Cpu("200m"), memory=Size("1Gi"), cpu_limit=Cpu("2cores"), memory_limit=Size("2Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    egress=frozenset({"openai", "sentry"}),
)

DATABASE = Database(
    name="blipee",
    major=15,
    instances=2,
    storage=Size("50Gi"),
    memory=Size("2Gi"),
    cpu=Cpu("1cores"),
    # 8 API and 3 worker Pods share it: each has room for a page's 3 parallel queries (BLP-106,
    # BLP-046, BLP-050).
    pool=Pool(size=33, alert_free_below=1),
    extensions=("pg_stat_statements", "pg_trgm"),
    synchronous=True,
    row_level_security=True,  # BLP-151
    # BLP-175 gives no numbers; the strictest of the five registers hold (ISP-106, ISP-105).
    rpo=Duration("15min"),
    rto=Duration("1h"),
    archive_timeout=Duration("5min"),
    backup_schedule="30 2 * * *",  # BLP-175
    backup_retention=Duration("30d"),
    slow_query=SLOW_QUERY,
    indexes=48,  # BLP-057; the tables below have 42, the register doesn't name the other six
    tables=(
        Table(name="conversations", indexes=14),  # BLP-070
        Table(name="messages", indexes=10),  # BLP-071
        Table(name="ai_conversation_analytics", indexes=5),  # BLP-072
        Table(name="ml_predictions", indexes=9),  # BLP-073
        Table(name="agent_task_executions", indexes=4),  # BLP-074
        Table(name="agent_cost_initiatives"),  # BLP-045
    ),
    views=(  # BLP-068 gives no interval: often enough for a dashboard, cheap enough for the budget
        View(name="agent_performance", refresh="*/15 * * * *"),  # BLP-065
        View(name="conversation_quality", refresh="5-59/15 * * * *"),  # BLP-066
    ),
)

CACHE = Cache(
    memory=Size("256Mi"),
    policy="allkeys-lfu",
    topology="sentinel",  # BLP-176: the register's cache is per process; replicas need one store
    keys=(
        KeyTtl(
            pattern="conversations:*",
            ttl=Duration("5min"),  # BLP-079
            invalidate_on_write=True,
        ),
    ),
    default_ttl=Duration("5min"),  # BLP-083
    hit_rate=HIT_RATE,
    storage=Size("1Gi"),
)

EDGE = Edge(
    host=HOST,
    rate_limits=(RateLimit(path="/api", limit=Rate("60/min"), burst=30),),  # BLP-082
    headers={
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",  # BLP-158
        "X-Frame-Options": "SAMEORIGIN",  # BLP-159
        "X-Content-Type-Options": "nosniff",  # BLP-160
        # The filter that it once switched on was itself a way in; "0" is today's advice.
        "X-XSS-Protection": "0",  # BLP-161
        "Referrer-Policy": "strict-origin-when-cross-origin",  # BLP-162
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",  # BLP-163
        # In no row, but without it the claim of BLP-156 (no cross-site scripting) has no guard.
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; object-src 'none'",
    },
    compression=True,  # BLP-055
    cache_rules=(CacheRule(path="/_next/static", ttl=Duration("365d")),),  # names carry a hash
    cdn=True,  # BLP-177
    restricted=(
        Restriction(path="/api/performance/metrics", methods=("POST",)),  # BLP-092, BLP-093
    ),
)

SYSTEM = System(
    slug="blipee",
    title="Blipee",
    namespace="blipee",
    owner="blipee",
    description="agents, forecasts and conversations for organizations' sustainability",
    workloads=(WEB, API, WORKER),
    database=DATABASE,
    cache=CACHE,
    buckets=(Bucket(name="assets", largest_upload=Size("100MB")),),
    schedules=(
        Schedule(
            name="forecasts",  # BLP-025
            what="writes Prophet's forecasts into ml_predictions",
            cron="0 4 * * *",
            deadline=Duration("2h"),
        ),
        Schedule(
            name="analyze",  # BLP-069
            what="ANALYZE of every table",
            cron="30 3 * * *",
            deadline=Duration("30min"),
        ),
    ),
    edge=EDGE,
    egress=(
        Egress(
            name="openai",  # BLP-018
            host="api.openai.com",
            timeout=Duration("20s"),  # BLP-019: a reply's time is no part of the API's 200 ms
            credential="openai-api",
        ),
        Egress(
            name="supabase-auth",  # BLP-150
            host="supabase.co",
            timeout=Duration("5s"),
            credential="supabase-auth",
        ),
        Egress(
            name="sentry",  # BLP-144
            host="sentry.io",
            timeout=Duration("2s"),
            credential="sentry-dsn",
        ),
    ),
    objectives=OBJECTIVES,
    alerts=ALERTS,
    notifications=("slack",),  # BLP-169
    metrics=(
        Metric(name="api.requests", kind="counter", labels=("endpoint",)),  # BLP-129
        Metric(name="api.response_time", kind="histogram"),  # BLP-130
        Metric(name="api.active_connections", kind="gauge"),  # BLP-131
        Metric(name="agents.executions", kind="counter", labels=("status",)),  # BLP-132
        Metric(name="conversations.active", kind="gauge"),  # BLP-133
        Metric(name="system.memory_usage_mb", kind="gauge"),  # BLP-134
        *(Metric(name=name, kind="gauge") for name in BUSINESS_METRICS),
    ),
    dashboards=(  # BLP-142
        Dashboard(title="System overview", panels=("Uptime", "Errors", "CPU", "Memory")),
        Dashboard(
            title="API performance", panels=("Requests", "P50, P95, P99", "Cache hit rate")
        ),  # BLP-086
        Dashboard(title="Agent metrics", panels=("Executions", "Success rate", "Savings")),
    ),
    budgets=(Budget(name="infrastructure", monthly=Money("500USD")),),  # BLP-201
    forecasts=(
        Forecast(
            name="prophet",  # BLP-025
            metrics=("totalSavingsIdentified", "avgCostUsd"),
            periods=30,  # BLP-027
            period=Duration("1d"),  # BLP-027
            workload=WORKER.name,
        ),
    ),
    delivery=Delivery(strategy="rolling", automatic_rollback=True),  # BLP-173
    quality=QUALITY,
    incidents=INCIDENTS,
)
