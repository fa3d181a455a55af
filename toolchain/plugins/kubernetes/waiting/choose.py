"""Which rule an object waits by."""

# ruff: noqa: PLC0415 -- what a start may not need is imported where it is used

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

from ..annotations import SKIP_AWAIT, WAIT_FOR, annotation, is_on
from ..errors import ProviderError
from ..objects import kind_of
from ..values import Obj
from . import network, others, pods, workloads
from .rules import DONE, Rule, Verdict, View

_RULES: dict[tuple[str, str], Rule] = {
    ("apps", "Deployment"): Rule(
        workloads.judge_deployment, workloads.deployment_sources, on_read=True
    ),
    ("apps", "StatefulSet"): Rule(
        workloads.judge_stateful_set, workloads.pod_sources, on_read=True
    ),
    ("apps", "DaemonSet"): Rule(workloads.judge_daemon_set, workloads.pod_sources, on_read=True),
    ("apps", "ReplicaSet"): Rule(workloads.judge_replicas, workloads.pod_sources),
    ("batch", "Job"): Rule(workloads.judge_job, workloads.job_sources, on_read=True),
    ("", "Pod"): Rule(pods.judge_pod, on_read=True),
    ("", "Service"): Rule(network.judge_service, network.service_sources, on_read=True),
    ("networking.k8s.io", "Ingress"): Rule(
        network.judge_ingress, network.ingress_sources, on_read=True
    ),
    ("", "PersistentVolumeClaim"): Rule(others.judge_claim, others.claim_sources, usual=300),
    ("", "PersistentVolume"): Rule(others.judge_volume, usual=300),
    ("", "ReplicationController"): Rule(workloads.judge_replicas, workloads.pod_sources),
    ("", "ResourceQuota"): Rule(others.judge_quota, usual=60),
    ("", "Secret"): Rule(others.judge_secret, usual=30),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Rule(others.judge_crd, usual=60),
}
_BRACES = re.compile(r"\{\s*(.*?)\s*\}")


def rule_for(inputs: Obj, written: Obj) -> Rule | None:
    """The rule, or None where there is nothing to wait for.

    `pulumi.com/skipAwait` switches waiting off, `pulumi.com/waitFor` replaces the kind's rule.
    Raises ProviderError for a `waitFor` that can't be understood.
    """
    if is_on(inputs, SKIP_AWAIT):
        return None
    asked = annotation(written, WAIT_FOR)
    if asked:
        return Rule(_all(list(map(_parse, _expressions(asked)))))
    kind = kind_of(written)
    found = _RULES.get((kind.group, kind.kind))
    if found is None and os.environ.get("PULUMI_K8S_AWAIT_ALL") == "true":
        return Rule(others.judge_generic)
    return found


def rule_for_read(inputs: Obj, live: Obj) -> Rule | None:
    """The rule by which a refresh reports an object that isn't ready."""
    kind = kind_of(live)
    rule = _RULES.get((kind.group, kind.kind))
    usable = rule is not None and rule.on_read and not is_on(inputs, SKIP_AWAIT)
    return rule if usable else None


def _expressions(asked: str) -> list[str]:
    """One expression, or a JSON list of them."""
    try:
        listed = json.loads(asked)
    except ValueError:
        return [asked]
    if not isinstance(listed, list) or not listed:
        raise ProviderError(f"{WAIT_FOR}: give at least one condition")
    return [str(item) for item in listed]


Judge = Callable[[Obj], Verdict]


def _parse(expression: str) -> Judge:
    if expression.startswith("condition="):
        type_, _, status = expression.removeprefix("condition=").partition("=")
        return lambda live: others.judge_condition(type_, status or "True", live)
    if expression.startswith("jsonpath="):
        return _parse_path(expression.removeprefix("jsonpath="))
    raise ProviderError(
        f'{WAIT_FOR}: expected "jsonpath={{.path}}" or "condition=Type", got {expression!r}'
    )


def _parse_path(text: str) -> Judge:
    # `==` belongs to a filter inside the path; a single `=` after it starts the value.
    path, equals, wanted = text.rpartition("}")
    path, wanted = path + equals, wanted.removeprefix("=")
    braces = _BRACES.fullmatch(path)
    if braces is None or (text.endswith("=") and not wanted):
        raise ProviderError(f"{WAIT_FOR}: expected {{.path}} or {{.path}}=value, got {text!r}")
    query = _compile(braces[1])
    return lambda live: others.judge_path(path, query, wanted, live)


def _compile(path: str) -> Any:
    try:
        from jsonpath_rfc9535 import JSONPathError, compile
    except ModuleNotFoundError:
        raise ProviderError(
            f"{WAIT_FOR} with a jsonpath needs the Python package jsonpath-rfc9535; "
            "condition=Type needs nothing"
        ) from None
    try:
        return compile(path if path.startswith("$") else f"${path}")
    except JSONPathError as error:
        raise ProviderError(f"{WAIT_FOR}: {path!r} is not a JSONPath: {error}") from None


def _all(judges: list[Judge]) -> Callable[[View, Obj], Verdict]:
    def judge(_view: View, live: Obj) -> Verdict:
        open_ = [v for v in (one(live) for one in judges) if not v.done]
        if not open_:
            return DONE
        problems = tuple(line for v in open_ for line in v.problems)
        failed = any(v.failed for v in open_)
        return Verdict(progress=open_[0].progress, problems=problems, failed=failed)

    return judge
