"""What can go wrong, in words that name the object, the operation, the reason and the way out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .objects import as_list
from .values import Obj


class ProviderError(Exception):
    """Anything that ends an operation with a message for the person at the terminal."""


class ConfigError(ProviderError):
    """The provider's own settings can't be used."""


class UnreachableError(ProviderError):
    """No connection to the API server."""


class UnknownKindError(ProviderError):
    """The API server doesn't serve this kind, at least not yet."""


class CancelledError(ProviderError):
    """The engine asked to stop."""


class InitError(ProviderError):
    """The object exists, but did not become ready. `live` is its last known state.

    `checkpoint` is what the engine should keep of it, once that is known.
    """

    def __init__(self, message: str, live: Obj, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.live = live
        self.checkpoint: Obj = {}
        self.reasons = list(reasons)


_ADVICE = {
    "Unauthorized": "The credentials in the kubeconfig are refused: renew them.",
    "Forbidden": "Give the kubeconfig's user the right it lacks (a Role or ClusterRole).",
    "RequestEntityTooLarge": "Split the object: the API server refuses objects of this size.",
    "TooManyRequests": "The API server is overloaded: try again in a moment.",
}


# The API server's words for a webhook whose Pods aren't there (apiserver, webhook.ClientManager).
_UNSTAFFED = re.compile(
    r"failed calling webhook.*https://[^/]*\.(?P<namespace>[^./]+)\.svc[:/].*"
    r"no endpoints available for service \"(?P<service>[^\"]+)\"",
    re.DOTALL,
)


class ApiError(ProviderError):
    """A request that the API server answered with a failure.

    `status` is the HTTP code, `reason` and `causes` are those of the server's Status object
    (source: apimachinery meta/v1 Status).
    """

    def __init__(self, status: int, answer: Obj, operation: str) -> None:
        self.status = status
        self.reason = str(answer.get("reason") or "")
        self.message = str(answer.get("message") or f"HTTP {status}")
        raw: Any = answer.get("details")
        details = raw if isinstance(raw, dict) else {}
        self.details: Obj = details
        self.causes: list[Obj] = [c for c in as_list(details.get("causes")) if isinstance(c, dict)]
        self.operation = operation
        super().__init__(self._text())

    def _text(self) -> str:
        head = f"{self.operation} failed ({self.status} {self.reason}): {self.message}".strip()
        told = [line for line in self._cause_lines() if line not in self.message]
        advice = [_ADVICE[self.reason]] if self.reason in _ADVICE else []
        return "\n".join([head, *(f"  - {line}" for line in told), *advice])

    def _cause_lines(self) -> list[str]:
        lines = []
        for cause in self.causes:
            field, message = str(cause.get("field") or ""), str(cause.get("message") or "")
            lines.append(f"{field}: {message}" if field else message)
        return lines

    def cause(self, reason: str) -> Obj:
        """The first cause with this reason, or an empty object."""
        return next((c for c in self.causes if c.get("reason") == reason), {})

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def already_exists(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        return self.status == 409 and self.reason == "Conflict"

    def missing_namespace(self) -> str:
        """The namespace whose absence made the request fail, or ""."""
        if self.not_found and self.details.get("kind") == "namespaces":
            return str(self.details.get("name") or "")
        return ""

    @property
    def namespace_terminating(self) -> bool:
        return self.status == 403 and bool(self.cause("NamespaceTerminating"))

    @property
    def no_dry_run(self) -> bool:
        """Whether a preview must do without: an old server or a webhook refuses dry runs, or a
        webhook doesn't answer, which another step of the same run may be about to start."""
        dry = ("does not support dry run", "dryRun alpha", "dryRun beta")
        refused = self.status == 400 and any(words in self.message for words in dry)
        return refused or (self.status == 500 and "failed calling webhook" in self.message)

    def unstaffed_webhook(self) -> tuple[str, str]:
        """The namespace and the name of the webhook's Service that has no endpoints, or two ""."""
        found = _UNSTAFFED.search(self.message) if self.status == 500 else None
        return (found["namespace"], found["service"]) if found else ("", "")


def conflict_text(error: ApiError, manager: str, described: str) -> str:
    """Explain a server-side apply conflict: who owns which field, and the two ways out."""
    lines = [
        f"Server-side apply field conflict on {described}: "
        f"other field managers own fields that {manager!r} wants to set.",
    ]
    for cause in error.causes:
        lines.append(f"  - {cause.get('field')}: {cause.get('message')}")
    lines += [
        f"The API server's answer: {error.message}",
        "Either leave these fields to their owner (remove them from the program, or list them in "
        'ignoreChanges), or take them over with the annotation pulumi.com/patchForce: "true".',
    ]
    return "\n".join(lines)


ALREADY_EXISTS_ADVICE = """
The resource already exists in the cluster. This can happen when:
  - a Pulumi resource was renamed: give it an alias, or deleteBeforeReplace if it is replaced;
  - it was made by something else: adopt it with `pulumi import` or the `import_` option;
  - it is meant to be taken over: set upsertExistingObjects on the provider, and creates update \
what is there by server-side apply."""


def unreachable_text(server: str, context: str, reason: str) -> str:
    """One message for a cluster that doesn't answer: address, reason, what to do."""
    return (
        f"The Kubernetes API server at {server or '(no address)'} can't be reached: {reason}. "
        f"Check that the cluster is up and that the kubeconfig's context {context!r} is the one "
        "you mean. If the cluster is gone for good, PULUMI_K8S_DELETE_UNREACHABLE=true "
        "`pulumi refresh` removes its resources from the state."
    )
