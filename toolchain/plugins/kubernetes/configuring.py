"""CheckConfig and DiffConfig: is the provider's configuration usable, and is it another cluster?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigError
from .kubeconfig import active_cluster, load
from .settings import unsupported_reason
from .values import Obj, Unknown, plain

_IDENTITY = ("kubeconfig", "context", "cluster")
_IDENTIFIER = "clusterIdentifier"


def check_config(news: Obj) -> list[tuple[str, str]]:
    """Property and reason of each setting that can't work. Unknown values pass."""
    found = unsupported_reason(news)
    failures = [found] if found else []
    source = plain(news).get("kubeconfig")
    if isinstance(source, dict) or (isinstance(source, str) and source):
        try:
            _parse(source)
        except ConfigError as error:
            failures.append(("kubeconfig", str(error)))
    return failures


@dataclass(frozen=True)
class ConfigDiff:
    """Changed settings, and those whose change means another cluster."""

    changed: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)


def diff_config(olds: Obj, news: Obj) -> ConfigDiff:
    """A new kubeconfig for the same cluster is no reason to replace everything in it.

    The cluster is taken for another one when its entry in the kubeconfig differs, or, where
    `clusterIdentifier` is given, when that differs (source: DiffConfig in provider.go of 4.34).
    """
    old, new = plain(olds), plain(news)
    keys = sorted(set(old) | set(new))
    changed = [key for key in keys if old.get(key) != new.get(key)]
    if not changed:
        return ConfigDiff()
    identifier = new.get(_IDENTIFIER)
    if identifier and old.get(_IDENTIFIER) == identifier:
        return ConfigDiff(changed)
    replaces = [_IDENTIFIER] if identifier and old.get(_IDENTIFIER) else []
    if _IDENTIFIER not in changed:
        replaces = []
    unknown = [key for key in _IDENTITY if isinstance(new.get(key), Unknown)]
    if unknown:
        # What can't be known may be another cluster: a plan must not promise less than it does.
        return ConfigDiff(changed, [*replaces, unknown[0]])
    if _is_other_cluster(old, new):
        replaces += [key for key in _IDENTITY if key in changed]
    return ConfigDiff(changed, replaces)


def _is_other_cluster(old: Obj, new: Obj) -> bool:
    before, after = _cluster(old), _cluster(new)
    return before is not None and after is not None and before != after


def _cluster(settings: Obj) -> Obj | None:
    source = settings.get("kubeconfig")
    if not isinstance(source, str | dict) or not source:
        return None
    try:
        config = _parse(source)
    except ConfigError:
        return None
    return active_cluster(
        config, str(settings.get("context") or ""), str(settings.get("cluster") or "")
    )


def _parse(source: Any) -> Obj:
    return load(json.dumps(source) if isinstance(source, dict) else source)[0]
