"""Rules about secrets: they are referred to, never written down."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stacks.policy.resource import Resource, at, containers

_TELLING = re.compile(
    r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|DSN)", re.I
)
# Names that speak of where a secret is, or how one is used, and not of the secret.
_HARMLESS = re.compile(r"(_FILE|_PATH|_DIR|_NAME|_TTL|_SECONDS|_HEADER)$", re.I)
_CONTENT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|://[^/\s:@]+:[^/\s:@]+@"  # a URL with a password
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."  # a JSON web token
)


def no_plain_secrets(resource: Resource) -> Iterator[str]:
    """No secret in an environment value, an argument or a ConfigMap."""
    pod = resource.pod
    for container in containers(pod) if pod is not None else ():
        name = container.get("name")
        for variable in container.get("env") or []:
            if _is_secret(str(variable.get("name")), variable.get("value")):
                yield (
                    f"container {name!r} has the value of {variable.get('name')} in its manifest;"
                    " refer to a Secret (valueFrom.secretKeyRef) or mount it"
                )
        for argument in [*(container.get("command") or []), *(container.get("args") or [])]:
            if isinstance(argument, str) and _CONTENT.search(argument):
                yield f"container {name!r} has a secret among its arguments; mount it as a file"
    if resource.type == "kubernetes:core/v1:ConfigMap":
        for key, value in (at(resource.props, "data") or {}).items():
            if _is_secret(str(key), value):
                yield f"key {key!r} holds a secret in a ConfigMap; move it to a Secret"


def _is_secret(name: str, value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    told = bool(_TELLING.search(name)) and not _HARMLESS.search(name)
    return told or bool(_CONTENT.search(value))
