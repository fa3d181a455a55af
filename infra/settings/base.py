"""The base of every settings type, and the words that many of them share."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# RFC 1123: what Kubernetes takes as the name of a namespace or a Service. The
# limit is shorter than its 63 so that suffixes of ours ("-pooler-rw") still fit.
DnsName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=40)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=30)]
# Each label at most 63 characters (RFC 1035), the whole at most 253.
HostName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
        max_length=253,
    ),
]
# No suffix of ours follows a namespace, so Kubernetes' own limit holds.
Namespace = Annotated[
    str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=63)
]
SqlName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*$")]
EnvironmentName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)
]
# A reference to a container image: registry, path, and a tag or a digest. Without either it
# would mean "latest", which is another image tomorrow.
ImageReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$",
        max_length=255,
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s]*$")]


class Settings(BaseModel):
    """The base of every settings type: immutable, and strict about keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def changed(self, **values: Any) -> Self:
        """A copy with other values, checked again as a whole (``model_copy`` checks nothing)."""
        # Not dict(self): a field named "keys" (the cache's) would make it look like a mapping.
        return type(self)(**{**self.__dict__, **values})
