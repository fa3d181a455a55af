"""What Flow Studio promises, how it is tried, and what it may cost."""

from __future__ import annotations

from infra.settings.model import (
    Alert,
    Budget,
    Chaos,
    Coverage,
    Duration,
    Forecast,
    FrontEnd,
    Lighthouse,
    LoadTest,
    Money,
    Objective,
    Percent,
    Quality,
    Stage,
    Subscription,
)

APP_NAME = "intuitivus-flow-app"  # FLO-018
WORKER_NAME = "intuitivus-flow-worker"
POOL_USED = Percent("80%")  # FLO-034
HOST = "intuitivus-flow.com"  # FLO-005

OBJECTIVES = (
    # FLO-045, FLO-050: the two below are what "optimized" means.
    Objective(
        name="latency",
        indicator="latency",
        target=Duration("500ms"),  # FLO-117
        percentile=Percent("95%"),  # FLO-117
    ),
    Objective(name="errors", indicator="error_ratio", target=Percent("0.1%")),  # FLO-119
    Objective(
        name="first-week",
        indicator="availability",
        target=Percent("99.5%"),  # FLO-113
        window=Duration("7d"),  # FLO-113
        condition="first-week",
    ),
)

# The register's thresholds are four to fifty times looser than its objectives: the burn rates of
# those wake people up, these are kept besides. It names no windows.
ALERTS = (
    Alert(
        name="ResponseTimeP95",
        metric="latency_p95",
        comparison=">",
        threshold=Duration("2000ms"),  # FLO-029
        window=Duration("5min"),
        severity="page",
    ),
    Alert(
        name="ErrorRate",
        metric="error_ratio",
        comparison=">",
        threshold=Percent("5%"),  # FLO-030
        window=Duration("5min"),
        severity="page",
    ),
    Alert(
        name="CpuUsage",
        metric="cpu_used",
        comparison=">",
        threshold=Percent("80%"),  # FLO-031
        window=Duration("10min"),
        severity="ticket",
    ),
    Alert(
        name="MemoryUsage",
        metric="memory_used",
        comparison=">",
        threshold=Percent("85%"),  # FLO-032
        window=Duration("10min"),
        severity="ticket",
    ),
    Alert(
        name="DiskUsage",
        metric="disk_used",
        comparison=">",
        threshold=Percent("90%"),  # FLO-033
        window=Duration("10min"),
        severity="page",
    ),
    Alert(
        name="DatabaseConnections",
        metric="database_pool_used",
        comparison=">",
        threshold=POOL_USED,
        window=Duration("5min"),
        severity="ticket",
    ),
)

LOAD_TESTS = (
    LoadTest(
        name="dashboard",  # FLO-058
        path="/api/dashboard",  # FLO-060
        stages=(  # FLO-059
            Stage(duration=Duration("2min"), users=100),
            Stage(duration=Duration("5min"), users=100),
            Stage(duration=Duration("2min"), users=200),
            Stage(duration=Duration("5min"), users=200),
            Stage(duration=Duration("2min"), users=0),
        ),
        expected_status=200,  # FLO-061
        latency_below=Duration("500ms"),  # FLO-062
    ),
    # FLO-059 peaks at 200 users, FLO-118 asks for 1000: the stricter is tested too (FLO-126).
    LoadTest(name="thousand-users", path="/api/dashboard", users=1000),  # FLO-118
)

CHAOS = Chaos(
    name="nginx-chaos",  # FLO-064; the name is the register's, the target is the application
    experiment="pod-delete",  # FLO-064
    duration=Duration("60s"),  # FLO-065
    interval=Duration("10s"),  # FLO-066
    workload=APP_NAME,
    availability=Percent("99.9%"),  # FLO-120
)

FORECAST = Forecast(
    name="predictive-alerts",  # FLO-070
    metrics=("latency_p95", "error_ratio", "cpu_used", "memory_used"),
    changepoint_prior_scale=0.05,  # FLO-071
    seasonality_prior_scale=10.0,  # FLO-072
    holidays_prior_scale=10.0,  # FLO-073
    daily_seasonality=True,  # FLO-074
    weekly_seasonality=True,  # FLO-074
    yearly_seasonality=False,  # FLO-074
    periods=1,  # FLO-075
    period=Duration("1h"),  # FLO-075
    precision=Percent("85%"),  # FLO-121
    workload=WORKER_NAME,
)

BUDGETS = (
    Budget(name="cloud", monthly=Money("2000USD"), three_months=Money("6000USD")),  # FLO-097
    Budget(
        name="saas", monthly=Money("500USD"), three_months=Money("1500USD"), covers="tools"
    ),  # FLO-098
    Budget(
        name="licences", monthly=Money("300USD"), three_months=Money("900USD"), covers="licences"
    ),  # FLO-099
    Budget(
        name="training",  # FLO-100
        monthly=Money("1000USD"),
        three_months=Money("1000USD"),
        recurring=False,
        covers="training",
    ),
    Budget(
        name="consulting",  # FLO-101
        monthly=Money("2000USD"),
        three_months=Money("6000USD"),
        covers="consulting",
    ),
    Budget(
        name="total", monthly=Money("5800USD"), three_months=Money("15400USD"), covers="total"
    ),  # FLO-102
)

SUBSCRIPTIONS = (
    Subscription(name="grafana-cloud-pro", monthly=Money("50USD")),  # FLO-103
    Subscription(name="k6-cloud", monthly=Money("99USD")),  # FLO-107
    Subscription(name="artillery-pro", monthly=Money("49USD")),  # FLO-108
    Subscription(name="google-cloud-ml", monthly=Money("200USD")),  # FLO-109
    Subscription(name="datadog-apm", monthly=Money("15USD"), per="host"),  # FLO-110
    Subscription(name="snyk", monthly=Money("98USD")),  # FLO-111
)

QUALITY = Quality(
    coverage=Coverage(overall=Percent("90%")),  # FLO-055
    front_end=FrontEnd(
        lighthouse=Lighthouse(
            url_host=HOST,  # FLO-081
            runs=5,  # FLO-081
            performance=0.9,  # FLO-082
            accessibility=0.9,  # FLO-083
            best_practices=0.9,  # FLO-084
            seo=0.9,  # FLO-085
            server="lighthouse-server.com",  # FLO-086
        )
    ),
)
