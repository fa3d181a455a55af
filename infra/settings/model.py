"""The typed description: what a platform and its systems are.

Pure data, frozen, unknown keys refused. Nothing here knows Pulumi, AWS or
Kubernetes objects: a target turns it into resources. A number that a register
gives stands once, in the system's own ``system.py``, with its id beside it.

The types live in the modules imported here; take them from this one.
"""

from __future__ import annotations

from infra.settings.base import (
    Count,
    DnsName,
    HostName,
    ImageReference,
    Port,
    Settings,
    Slug,
    SqlName,
    UrlPath,
)
from infra.settings.data import (
    Bucket,
    Cache,
    Database,
    KeyTtl,
    Pool,
    Retention,
    Schedule,
    Table,
    View,
)
from infra.settings.edge import SECURE_HEADERS, CacheRule, Edge, Egress, RateLimit, Restriction
from infra.settings.operations import (
    Chaos,
    Delivery,
    Forecast,
    Incidents,
    Lighthouse,
    LoadTest,
    Severity,
    Stage,
    Tracing,
    Vitals,
)
from infra.settings.promises import BURN_RATES, Alert, BurnRate, Dashboard, Metric, Objective
from infra.settings.quality import Coverage, FrontEnd, Quality
from infra.settings.quantities import Cpu, Duration, Money, Percent, Rate, Size
from infra.settings.system import System
from infra.settings.workload import (
    Autoscaling,
    Budget,
    Quota,
    Replicas,
    Resources,
    Role,
    Subscription,
    Workload,
)

__all__ = [
    "BURN_RATES",
    "SECURE_HEADERS",
    "Alert",
    "Autoscaling",
    "Bucket",
    "Budget",
    "BurnRate",
    "Cache",
    "CacheRule",
    "Chaos",
    "Count",
    "Coverage",
    "Cpu",
    "Dashboard",
    "Database",
    "Delivery",
    "DnsName",
    "Duration",
    "Edge",
    "Egress",
    "Forecast",
    "FrontEnd",
    "HostName",
    "ImageReference",
    "Incidents",
    "KeyTtl",
    "Lighthouse",
    "LoadTest",
    "Metric",
    "Money",
    "Objective",
    "Percent",
    "Pool",
    "Port",
    "Quality",
    "Quota",
    "Rate",
    "RateLimit",
    "Replicas",
    "Resources",
    "Restriction",
    "Retention",
    "Role",
    "Schedule",
    "Settings",
    "Severity",
    "Size",
    "Slug",
    "SqlName",
    "Stage",
    "Subscription",
    "System",
    "Table",
    "Tracing",
    "UrlPath",
    "View",
    "Vitals",
    "Workload",
]  # fmt: skip
