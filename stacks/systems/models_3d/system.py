"""What the 3D-model platform needs. Ids are rows of docs/requirements/models-3d.md."""

from __future__ import annotations

from infra.settings.model import (
    SECURE_HEADERS,
    Alert,
    Autoscaling,
    Bucket,
    Cache,
    CacheRule,
    Coverage,
    Cpu,
    Dashboard,
    Database,
    Delivery,
    Duration,
    Edge,
    Egress,
    FrontEnd,
    LoadTest,
    Objective,
    Percent,
    Pool,
    Quality,
    Rate,
    RateLimit,
    Replicas,
    Resources,
    Role,
    Schedule,
    Size,
    System,
    Workload,
)

_USERS = 1000  # M3D-037
_UPLOAD_WITHIN = Duration("5s")  # M3D-035
_HIT_RATE = Percent("80%")  # M3D-090

API = Workload(
    name="models-3d-api",  # M3D-023
    role=Role.API,
    routes=("/api",),
    replicas=Replicas(minimum=3, maximum=12),  # M3D-009
    autoscaling=Autoscaling(
        cpu=Percent("70%"), memory=Percent("80%"), requests_per_second=Rate("100/s")
    ),
    resources=Resources(
        cpu=Cpu("250m"), memory=Size("512Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    egress=frozenset({"sentry"}),
    finish=Duration("60s"),  # an upload in flight is finished, not cut
)

WEBSOCKET = Workload(
    name="models-3d-websocket",  # M3D-024
    role=Role.WEBSOCKET,
    routes=("/socket.io", "/ws"),
    replicas=Replicas(minimum=2, maximum=8),
    autoscaling=Autoscaling(cpu=Percent("60%")),
    resources=Resources(
        cpu=Cpu("200m"), memory=Size("512Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    sticky=True,  # Socket.IO's long polling must come back to the Pod that opened the session
    uses=frozenset({"cache"}),
    drain=Duration("10s"),
)

WEB = Workload(
    name="models-3d-web",
    role=Role.WEB,
    routes=("/",),
    replicas=Replicas(minimum=2, maximum=6),
    autoscaling=Autoscaling(cpu=Percent("70%")),
    resources=Resources(
        cpu=Cpu("100m"), memory=Size("256Mi"), cpu_limit=Cpu("1cores"), memory_limit=Size("512Mi")
    ),
    calls=frozenset({"models-3d-api", "models-3d-websocket"}),
)

WORKER = Workload(
    name="models-3d-worker",  # conversions, previews, reports
    role=Role.WORKER,
    replicas=Replicas(minimum=1, maximum=6),
    autoscaling=Autoscaling(cpu=Percent("80%")),
    resources=Resources(
        cpu=Cpu("200m"), memory=Size("1Gi"), cpu_limit=Cpu("4cores"), memory_limit=Size("4Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    egress=frozenset({"sentry", "slack"}),
)

DATABASE = Database(
    name="models_3d",
    major=15,
    instances=3,
    storage=Size("100Gi"),
    memory=Size("8Gi"),  # most of the data in memory: M3D-034 leaves no time for a disk
    cpu=Cpu("2cores"),
    pool=Pool(size=60),  # M3D-046; a pool per process (M3D-075) bounds nothing over replicas
    extensions=("pg_stat_statements",),
    read_replicas=2,  # M3D-025, M3D-097; the register gives no number
    synchronous=True,
    rpo=Duration("15min"),  # not in the register: ISP-106 is the strictest
    rto=Duration("5min"),  # M3D-061, which does not say whether by failover or by restore
    archive_timeout=Duration("5min"),
    backup_schedule="0 4 * * *",  # M3D-088
    backup_retention=Duration("30d"),
    slow_query=Duration("50ms"),
)

CACHE = Cache(
    memory=Size("1Gi"),
    policy="allkeys-lfu",
    topology="cluster",  # M3D-026
    default_ttl=Duration("5min"),
    hit_rate=_HIT_RATE,
    storage=Size("4Gi"),
)

# M3D-113: all of them reached.
OBJECTIVES = (
    Objective(
        name="latency",
        indicator="latency",
        target=Duration("100ms"),  # M3D-032
        percentile=Percent("95%"),  # M3D-032
    ),
    Objective(
        name="websocket-latency",
        indicator="websocket_latency",
        target=Duration("50ms"),  # M3D-033: no percentile, and not said whether one way or both
    ),
    Objective(
        name="query-latency",
        indicator="query_latency",
        target=Duration("10ms"),  # M3D-034
        percentile=Percent("95%"),  # M3D-034
    ),
    Objective(name="upload", indicator="upload_time", target=_UPLOAD_WITHIN),
    Objective(name="uptime", indicator="availability", target=Percent("99.9%")),  # M3D-036
    Objective(name="errors", indicator="error_ratio", target=Percent("0.1%")),  # M3D-060
    Objective(name="page-load", indicator="page_load", target=Duration("3s")),  # M3D-068
    Objective(name="cache-hits", indicator="cache_hit_ratio", target=_HIT_RATE),
    Objective(name="users", indicator="concurrent_users", target=_USERS),
)

SYSTEM = System(
    slug="models_3d",
    title="3D models",
    namespace="models-3d",
    owner="models-3d",
    description="a platform and marketplace of 3D models, with live collaboration",
    workloads=(API, WEBSOCKET, WEB, WORKER),
    database=DATABASE,
    cache=CACHE,
    buckets=(
        Bucket(
            name="models",  # M3D-027
            largest_upload=Size("500MB"),  # M3D-035
            upload_within=_UPLOAD_WITHIN,
            keep_old_versions=Duration("30d"),
        ),
    ),
    schedules=(
        Schedule(
            name="daily-metrics",  # M3D-110
            what="posts the day's metrics to Slack",
            cron="0 8 * * *",
            deadline=Duration("10min"),
        ),
        Schedule(
            name="weekly-report",  # M3D-111
            what="brings the weekly dashboard up to date",
            cron="0 8 * * 1",
            deadline=Duration("30min"),
        ),
    ),
    edge=Edge(
        host="models-3d.alicerce.example",  # the register names none: set it in the stack file
        rate_limits=(RateLimit(path="/api", limit=Rate("600/min"), burst=200),),
        headers=SECURE_HEADERS,
        compression=True,  # M3D-043
        cache_rules=(CacheRule(path="/static", ttl=Duration("365d")),),  # M3D-044
        cdn=True,  # M3D-008, M3D-028: for what is static; uploads go past it
        minimum_tls="1.2",  # M3D-064
    ),
    egress=(
        Egress(
            name="sentry",  # M3D-030
            host="sentry.io",
            timeout=Duration("2s"),
            credential="sentry-dsn",
        ),
        Egress(
            name="slack",  # M3D-110
            host="hooks.slack.com",
            timeout=Duration("5s"),
            credential="slack-webhook",
        ),
    ),
    objectives=OBJECTIVES,
    # M3D-015: "intelligent" is taken as what is grouped and burns budget: the objectives' alerts.
    alerts=(
        Alert(
            name="NewErrors",  # M3D-053
            metric="new_errors",
            comparison=">",
            threshold=0,
            window=Duration("5min"),
            severity="ticket",
        ),
    ),
    notifications=("email", "slack"),  # M3D-079
    dashboards=(
        Dashboard(  # M3D-014, M3D-031
            title="3D models",
            panels=("Users", "Uploads", "WebSocket latency", "API latency", "Errors"),
        ),
    ),
    load_tests=(LoadTest(name="users", path="/api/models", users=_USERS),),
    delivery=Delivery(strategy="blue-green", automatic_rollback=True),  # M3D-099
    quality=Quality(
        coverage=Coverage(
            overall=Percent("85%"),  # M3D-062
            workflows=Percent("100%"),  # M3D-063; M3D-091 asks for critical ones only
        ),
        front_end=FrontEnd(accessibility="WCAG 2.1 AA"),  # M3D-093
        critical_vulnerabilities=0,  # M3D-092
        security_grade="A+",  # M3D-064
        performance_grade="A",  # M3D-065
    ),
)
