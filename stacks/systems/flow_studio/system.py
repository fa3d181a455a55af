"""What Intuitivus Flow Studio needs. Ids are rows of docs/requirements/flow-studio.md."""

from __future__ import annotations

from infra.settings.model import (
    SECURE_HEADERS,
    Autoscaling,
    Bucket,
    Cache,
    CacheRule,
    Cpu,
    Dashboard,
    Database,
    Delivery,
    Duration,
    Edge,
    Incidents,
    Metric,
    Percent,
    Pool,
    Rate,
    RateLimit,
    Replicas,
    Resources,
    Role,
    Size,
    System,
    Table,
    Tracing,
    Workload,
)
from stacks.systems.flow_studio.promises import (
    ALERTS,
    APP_NAME,
    BUDGETS,
    CHAOS,
    FORECAST,
    HOST,
    LOAD_TESTS,
    OBJECTIVES,
    POOL_USED,
    QUALITY,
    SUBSCRIPTIONS,
    WORKER_NAME,
)

APP = Workload(
    name=APP_NAME,
    role=Role.API,
    health_path="/health",  # FLO-022
    routes=("/",),
    replicas=Replicas(
        minimum=3,  # FLO-076
        maximum=20,  # FLO-077
        fixed=True,
    ),
    autoscaling=Autoscaling(
        name="intuitivus-flow-hpa",  # FLO-076
        cpu=Percent("70%"),  # FLO-078
        memory=Percent("80%"),  # FLO-079
        requests_per_second=Rate("100/s"),  # FLO-080
        requests_metric="custom_requests_per_second",  # FLO-080
        respond_within=Duration("30s"),  # FLO-122, FLO-133
    ),
    resources=Resources(
        cpu=Cpu("250m"), memory=Size("512Mi"), cpu_limit=Cpu("2cores"), memory_limit=Size("1Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
    product_image="ghcr.io/org/intuitivus-flow:v1.0.0",  # FLO-012, FLO-013
    survives_pod_loss=True,  # FLO-120: available while Pods are deleted
)

WORKER = Workload(
    name=WORKER_NAME,  # predictive alerts and business metrics
    role=Role.WORKER,
    replicas=Replicas(minimum=1, maximum=2),
    autoscaling=Autoscaling(cpu=Percent("80%")),
    resources=Resources(
        cpu=Cpu("200m"), memory=Size("1Gi"), cpu_limit=Cpu("2cores"), memory_limit=Size("2Gi")
    ),
    uses=frozenset({"database", "cache", "bucket"}),
)

DATABASE = Database(
    name="intuitivus_flow",  # FLO-067
    major=15,  # FLO-067 says 13, which left support in November 2025
    instances=3,
    storage=Size("100Gi"),
    memory=Size("4Gi"),
    cpu=Cpu("2cores"),
    pool=Pool(size=50, alert_used=POOL_USED),
    extensions=("pg_stat_statements",),  # FLO-052
    synchronous=True,  # payments: no acknowledged one may be lost
    # A nightly dump alone would lose a day (FLO-067); the archive keeps to ISP-106's 15 minutes.
    rpo=Duration("15min"),
    rto=Duration("1h"),
    archive_timeout=Duration("5min"),
    backup_schedule="0 2 * * *",  # FLO-067
    backup_retention=Duration("30d"),
    restore_database="intuitivus_flow_test",  # FLO-068
    service_alias="postgres-service",  # FLO-067
    slow_query=Duration("250ms"),
    tables=(
        Table(name="users", indexes=1),  # FLO-053: idx_users_email_active
        Table(name="metrics", partition_every="year"),  # FLO-054
    ),
)

CACHE = Cache(
    memory=Size("512Mi"),
    policy="allkeys-lfu",
    topology="cluster",  # FLO-010
    default_ttl=Duration("5min"),
    warmed=True,  # FLO-134
    storage=Size("2Gi"),
)

SYSTEM = System(
    slug="flow_studio",
    title="Intuitivus Flow Studio",
    namespace="intuitivus-flow",  # FLO-015
    owner="flow-studio",
    description="campaign automation with payments, users, data exchange and agents",
    workloads=(APP, WORKER),
    database=DATABASE,
    cache=CACHE,
    buckets=(Bucket(name="exports", largest_upload=Size("100MB"), expire_after=Duration("90d")),),
    edge=Edge(
        host=HOST,
        rate_limits=(RateLimit(path="/api", limit=Rate("600/min"), burst=200),),
        headers=SECURE_HEADERS,
        cache_rules=(CacheRule(path="/static", ttl=Duration("30d")),),
    ),
    objectives=OBJECTIVES,
    alerts=ALERTS,
    notifications=("on-call",),  # FLO-130
    metrics=(  # FLO-089
        Metric(name="conversion_rate", kind="gauge"),
        Metric(name="customer_lifetime_value", kind="gauge"),
        Metric(name="churn_rate", kind="gauge"),
        Metric(name="revenue_per_user", kind="gauge"),
        Metric(name="feature_adoption_rate", kind="gauge"),
    ),
    dashboards=(
        Dashboard(title="Traces", panels=("Span rate", "Span errors", "Slowest")),  # FLO-027
    ),
    budgets=BUDGETS,
    subscriptions=SUBSCRIPTIONS,
    load_tests=LOAD_TESTS,
    chaos=(CHAOS,),
    forecasts=(FORECAST,),
    delivery=Delivery(
        strategy="blue-green",  # FLO-124
        automatic_rollback=True,  # FLO-129
        success=Percent("100%"),  # FLO-114
        # FLO-014
        apply_order=("namespace", "secrets", "configmap", "deployment", "service", "ingress"),
    ),
    quality=QUALITY,
    incidents=Incidents(post_mortem=True),  # FLO-132
    tracing=Tracing(
        namespace="monitoring",  # FLO-024
        deployment="jaeger",  # FLO-024
        zipkin_port=9411,  # FLO-025
    ),
)
