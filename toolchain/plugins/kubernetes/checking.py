"""Check: what is wrong with an object before any cluster sees it, and the names it gets."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field
from typing import Any

from .annotations import AUTONAMED, MANAGED_BY, annotation, put_in_metadata
from .checkpoint import mark_secrets, to_object, to_properties
from .errors import ProviderError
from .naming import NamingError, adopt_autoname, autoname, is_generate_name, name_faults
from .objects import Kind, as_map, kind_of, kind_of_type, logical_name_of, pluck, type_of
from .projection import is_crd, normalized
from .session import Session
from .settings import INSTALL
from .values import Obj, Unknown

_HELM = "kubernetes:helm.sh/"


@dataclass
class Checked:
    """Inputs as they go into the state, and what is wrong with them (property, reason)."""

    inputs: Obj
    failures: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Naming:
    """The engine's say on names: a seed for stable ones, its own proposal, or none at all."""

    seed: bytes = b""
    proposed: str = ""
    disabled: bool = False


def check(session: Session, urn: str, olds: Obj, news: Obj, naming: Naming) -> Checked:
    """Raises ProviderError for resource types that this plugin can't serve."""
    token = type_of(urn)
    _refuse_type(token)
    if session.settings.skip_update_unreachable and not session.reachable():
        session.host.warning(urn, "The cluster is unreachable; skipUpdateUnreachable: skipped")
        return Checked(olds)
    if annotation(to_object(news), AUTONAMED):
        session.host.warning(urn, f"{AUTONAMED} is set by the provider: yours is ignored")
    obj = normalized(to_object(news))
    failures = list(_faults(obj, kind_of_type(token)))
    if isinstance(pluck(obj, "metadata", default={}), dict):
        failures += _name(obj, normalized(to_object(olds)), urn, naming)
        _place(session, obj, kind_of_type(token))
    if is_crd(obj):
        _plan_scope(session, obj)
    inputs = to_properties(obj)
    mark_secrets(inputs, news)
    return Checked(inputs, failures)


def _refuse_type(token: str) -> None:
    kind = token.rpartition(":")[2]
    if token.startswith(_HELM):
        raise ProviderError(
            f"{token}: the fallback Kubernetes plugin has no Helm. Render the chart with "
            f"`helm template` and give the result to kubernetes.yaml.ConfigFile. {INSTALL}"
        )
    if kind.endswith("Patch"):
        raise ProviderError(
            f"{token}: the fallback Kubernetes plugin serves no Patch resources. Import the "
            f"object and manage it whole, or change it with kubectl. {INSTALL}"
        )
    if kind.endswith("List") and kind != "List":
        raise ProviderError(
            f"{token}: list resources can't be created; use the type of the items instead"
        )


def _faults(obj: Obj, kind: Kind) -> list[tuple[str, str]]:
    failures = []
    for key in ("apiVersion", "kind"):
        if not isinstance(obj.get(key), str | Unknown) or not obj[key]:
            failures.append((key, f"`{key}` must be a string"))
    said = kind_of(obj)
    if not failures and not isinstance(obj["apiVersion"], Unknown) and said != kind:
        failures.append(("kind", f"the object is a {said}, the resource's type says {kind}"))
    obj.setdefault("metadata", {})
    return failures + list(name_faults(obj, kind.group))


def _name(obj: Obj, old: Obj, urn: str, naming: Naming) -> list[tuple[str, str]]:
    if old:
        adopt_autoname(obj, old)
        _keep_managed_by(obj, old)
    else:
        try:
            autoname(
                obj,
                logical_name_of(urn),
                naming.seed,
                proposed=naming.proposed,
                disabled=naming.disabled,
            )
        except NamingError as error:
            return [("metadata.name", str(error))]
    if is_generate_name(obj):
        reason = "generateName can't be used with server-side apply: leave it out to get a name"
        return [("metadata.generateName", reason)]
    # A logical name may hold what an object's name can't, e.g. capitals.
    if not pluck(old, "metadata", "name") and annotation(obj, AUTONAMED):
        return list(
            name_faults({"metadata": {"name": obj["metadata"]["name"]}}, kind_of(obj).group)
        )
    return []


def _keep_managed_by(obj: Obj, old: Obj) -> None:
    """The label stays on objects that have it (made by client-side apply); new ones get none."""
    ours = os.environ.get("PULUMI_KUBERNETES_MANAGED_BY_LABEL", "pulumi")
    label = as_map(pluck(old, "metadata", "labels")).get(MANAGED_BY)
    if label == ours:
        put_in_metadata(obj, "labels", MANAGED_BY, ours)


def _place(session: Session, obj: Obj, kind: Kind) -> None:
    """Spell out the default namespace, as the state must say where the object is."""
    metadata: Any = obj["metadata"]
    if isinstance(metadata, dict) and not metadata.get("namespace") and session.namespaced(kind):
        metadata["namespace"] = session.default_namespace


def _plan_scope(session: Session, crd: Obj) -> None:
    spec = copy.deepcopy(as_map(crd.get("spec")))
    group, kind, scope = spec.get("group"), pluck(spec, "names", "kind"), spec.get("scope")
    if isinstance(group, str) and isinstance(kind, str) and isinstance(scope, str):
        session.planned_scopes[(group, kind)] = scope == "Namespaced"
