"""What an operator may write under ``alicerce:`` in a stack file.

Keys are camelCase, as Pulumi's are. A field's description is the fix that an
error about it prints.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from infra.settings.base import Count, EnvironmentName, HostName, ImageReference, Slug
from infra.settings.errors import refuse_disorder
from infra.settings.quantities import Cpu, Duration, Size

Replacement = Annotated[
    str, StringConstraints(pattern=r"^[^:\s]+:[^:\s]*:[^:\s]+::[^\s]+$", max_length=512)
]

BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


class Written(BaseModel):
    """The base of what is written in a stack file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True
    )


class ReplicasSetting(Written):
    """How many Pods, from and to."""

    minimum: Count = Field(description="write a whole number of at least 1")
    maximum: Count = Field(description="write a whole number of at least the minimum")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        refuse_disorder(self.minimum, self.maximum)
        return self


class ResourcesSetting(Written):
    """What one Pod asks for and may take; what isn't named stays."""

    cpu: Cpu | None = Field(None, description='write cpu like "250m" or "2cores"')
    memory: Size | None = Field(None, description='write a size like "256Mi"')
    cpu_limit: Cpu | None = Field(None, description='write cpu like "250m" or "2cores"')
    memory_limit: Size | None = Field(None, description='write a size like "256Mi"')


class WorkloadSetting(Written):
    """What differs about one workload in this stack."""

    image: ImageReference | None = Field(
        None, description='write a reference with a tag or digest, like "ghcr.io/org/app:v1.2.3"'
    )
    replicas: ReplicasSetting | None = Field(
        None, description="write {minimum: 2, maximum: 4}, whole numbers"
    )
    resources: ResourcesSetting | None = Field(
        None, description='write {cpu: "100m", memory: "256Mi"}'
    )
    environment: dict[EnvironmentName, str] = Field(
        default_factory=dict, description='write {NAME: "value"}, the values in quotes'
    )


class QuotaSetting(Written):
    """A namespace's quota; what isn't named is worked out from the tier."""

    pods: Count | None = Field(None, description="write a whole number of at least 1")
    cpu: Cpu | None = Field(None, description='write cpu like "4cores"')
    memory: Size | None = Field(None, description='write a size like "8Gi"')
    storage: Size | None = Field(None, description='write a size like "100Gi"')


class DatabaseSetting(Written):
    """What differs about a system's database in this stack."""

    storage: Size | None = Field(None, description='write a size like "20Gi"')
    memory: Size | None = Field(None, description='write a size like "2Gi"')
    cpu: Cpu | None = Field(None, description='write cpu like "500m"')
    instances: Count | None = Field(None, description="write a whole number of at least 1")
    backup_retention: Duration | None = Field(None, description='write a duration like "14d"')


class SystemSetting(Written):
    """What differs about one system in this stack."""

    host: HostName | None = Field(
        None, description='write a host name in lower case, like "app.example.com"'
    )
    quota: QuotaSetting | None = Field(None, description='write {pods: 40, memory: "8Gi"}')
    database: DatabaseSetting | None = Field(None, description='write {storage: "20Gi"}')
    workloads: dict[str, WorkloadSetting] = Field(
        default_factory=dict, description="write a workload's name, and under it what differs"
    )


class Aws(Written):
    """The account that a stack lives in."""

    account: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")] = Field(
        description='write the 12 digits of the account in quotes, like "123456789012"'
    )
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] = Field(
        description='write a region like "eu-west-1"'
    )
    state_bucket: BucketName = Field(
        description="write the name of the bucket that holds the Pulumi state"
    )

    @property
    def backend(self) -> str:
        """The URL of the Pulumi backend."""
        return f"s3://{self.state_bucket}?region={self.region}&awssdk=v2"


class StackFile(Written):
    """Everything that ``alicerce:`` may say."""

    target: Literal["cluster", "aws"] = Field(description='write "cluster" or "aws"')
    tier: Literal["ephemeral", "local", "staging", "prod"] = Field(
        description='write "ephemeral", "local", "staging" or "prod"'
    )
    systems: tuple[Slug, ...] | None = Field(
        None, description="write a list of slugs, or leave it out for all five"
    )
    domain: HostName | None = Field(
        None, description='write a domain in lower case, like "staging.example.com"'
    )
    kube_context: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        None, description="write the name of a context of your kubeconfig"
    )
    nodes: Annotated[int, Field(ge=1, le=9)] = Field(
        1, description="write a whole number from 1 to 9"
    )
    replacements: tuple[Replacement, ...] = Field(
        (),
        description='write a list of "<type>::<name>", like'
        ' "kubernetes:core/v1:PersistentVolumeClaim::redis-data"',
    )
    system_settings: dict[str, SystemSetting] = Field(
        default_factory=dict, description="write a system's slug, and under it what differs"
    )
    aws: Aws | None = Field(
        None,
        description='write {account: "123456789012", region: eu-west-1, stateBucket: my-state}',
    )
