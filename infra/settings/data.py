"""What is kept: databases, caches and buckets, with their promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.base import Count, DnsName, Settings, SqlName
from infra.settings.cron import CronExpression, expression_for, longest_gap, shortest_gap
from infra.settings.errors import Refused
from infra.settings.quantities import Cpu, Duration, Percent, Size


class Pool(Settings):
    """Connections between the workloads and the database."""

    size: Count  # server connections of the pooler
    alert_used: Percent | None = None
    alert_free_below: Count | None = None

    @model_validator(mode="after")
    def _alert_can_be_quiet(self) -> Self:
        if self.alert_free_below is not None and self.alert_free_below >= self.size:
            raise Refused(
                f"alert_free_below {self.alert_free_below} is not below the pool's size"
                f" {self.size}, so it would always fire",
                "raise size or lower alert_free_below",
            )
        return self


class Table(Settings):
    """A table that a register names, with what it asks of it."""

    name: SqlName
    indexes: Count | None = None
    kind: Literal["data", "audit"] = "data"
    partition_every: Literal["month", "year"] | None = None  # by range of its time column


class View(Settings):
    """A materialized view and how often it is refreshed."""

    name: SqlName
    refresh: CronExpression


class Database(Settings):
    """A PostgreSQL database with its promises."""

    name: SqlName
    major: Annotated[int, Field(ge=15, le=18)]
    instances: Count = 2  # primary and those that can take its place; the tier may ask for less
    storage: Size
    memory: Size
    cpu: Cpu
    pool: Pool
    extensions: tuple[str, ...] = ()
    read_replicas: Annotated[int, Field(ge=0)] = 0
    synchronous: bool = False  # no acknowledged write may be lost
    row_level_security: bool = False
    rpo: Duration
    rto: Duration
    archive_timeout: Duration
    backup_schedule: CronExpression  # CloudNativePG's has a sixth field before, for seconds
    backup_name: DnsName = "postgres-backup"  # FLO-067 calls it so; one name serves all
    backup_retention: Duration
    recovery_window: Duration = Duration("7d")  # how far back a point in time can be recovered
    restore_drill_every: Duration = Duration("90d")
    restore_database: SqlName | None = None  # the name a restore test uses
    service_alias: DnsName | None = None  # a second name of its Service that a register gives
    slow_query: Duration
    indexes: Count | None = None  # over all tables
    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()

    @model_validator(mode="after")
    def _promises_can_hold(self) -> Self:
        if self.rpo < self.archive_timeout:
            raise Refused(
                f"rpo {self.rpo} cannot be kept: the archive is only written every"
                f" archive_timeout {self.archive_timeout}",
                "shorten archive_timeout to at most the rpo",
            )
        gap = longest_gap(self.backup_schedule)
        window = timedelta(seconds=self.recovery_window.seconds)
        if gap > window:
            raise Refused(
                f"backup_schedule {self.backup_schedule!r} leaves {gap} between base backups,"
                f" more than the recovery_window {self.recovery_window}",
                "back up more often or promise a longer window",
            )
        if timedelta(seconds=self.backup_retention.seconds) < window:
            raise Refused(
                f"backup_retention {self.backup_retention} is shorter than the recovery_window"
                f" {self.recovery_window}, whose first days could not be recovered",
                "raise backup_retention to at least the recovery_window",
            )
        if self.synchronous and self.instances < 2:
            raise Refused(
                "synchronous replication needs a second instance to wait for",
                "raise instances to 2, or leave synchronous out",
            )
        counted = sum(table.indexes or 0 for table in self.tables)
        if self.indexes is not None and counted > self.indexes:
            raise Refused(
                f"the tables have {counted} indexes, more than the {self.indexes} in all",
                "correct the counts",
            )
        return self


class KeyTtl(Settings):
    """How long keys of a pattern live in the cache."""

    pattern: str
    ttl: Duration
    invalidate_on_write: bool = False  # a stale answer would be wrong, not only old


class Cache(Settings):
    """A Redis with what is kept in it, and for how long."""

    memory: Size
    policy: Literal[
        "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl", "noeviction"
    ]
    topology: Literal["standalone", "sentinel", "cluster"]
    keys: tuple[KeyTtl, ...] = ()
    default_ttl: Duration | None = None
    hit_rate: Percent | None = None
    warmed: bool = False  # filled by a Job before traffic arrives
    storage: Size = Size("1Gi")

    @model_validator(mode="after")
    def _keys_are_told_apart(self) -> Self:
        patterns = [key.pattern for key in self.keys]
        for pattern in patterns:
            if patterns.count(pattern) > 1:
                raise Refused(f"cache key {pattern!r} has two TTLs", "keep the one that is meant")
        # An append-only file is rewritten beside the old one, so it needs about twice the memory.
        if self.storage.base < 2 * self.memory.base:
            raise Refused(
                f"storage {self.storage} is less than twice the memory {self.memory}: a rewrite"
                " of the append-only file would fill the volume",
                "raise storage to at least twice the memory",
            )
        return self


class Bucket(Settings):
    """An S3 bucket of a system."""

    name: DnsName
    versioned: bool = True
    largest_upload: Size
    upload_within: Duration | None = None  # of the largest, on the platform's own side
    expire_after: Duration | None = None
    keep_old_versions: Duration | None = None

    @model_validator(mode="after")
    def _versions(self) -> Self:
        if self.keep_old_versions is not None and not self.versioned:
            raise Refused(
                f"bucket {self.name!r} keeps old versions, but is not versioned",
                "set versioned, or leave keep_old_versions out",
            )
        return self


class Schedule(Settings):
    """Work that runs by the clock, in UTC."""

    name: DnsName
    what: str
    every: Duration | None = None
    cron: CronExpression | None = None
    deadline: Duration  # a run that takes longer has failed

    @property
    def expression(self) -> str:
        """The schedule as five cron fields."""
        if self.cron is not None:
            return self.cron
        assert self.every is not None  # _one_clock has seen to it
        return expression_for(self.every)

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise Refused(
                f"schedule {self.name!r} needs either every or cron, and not both", "keep one"
            )
        gap = shortest_gap(self.expression)
        if timedelta(seconds=self.deadline.seconds) > gap:
            raise Refused(
                f"schedule {self.name!r} may take {self.deadline}, but runs again after {gap}",
                "shorten the deadline or run it less often",
            )
        return self


class Retention(Settings):
    """How long data of a kind is kept."""

    what: str
    keep: Duration
    table: SqlName | None = None
