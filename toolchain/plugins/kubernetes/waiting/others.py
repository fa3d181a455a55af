"""Storage, CRDs, quotas, token Secrets, and what a `waitFor` annotation or kstatus asks for."""

from __future__ import annotations

from typing import Any

from ..objects import Kind, as_list, condition, is_true, observed, pluck
from ..values import Obj
from ..watching import Source
from .rules import DONE, Verdict, View

_STORAGE_CLASS = Kind("storage.k8s.io", "v1", "StorageClass")


def claim_sources(obj: Obj) -> tuple[Source, ...]:
    name = pluck(obj, "spec", "storageClassName")
    return (Source(_STORAGE_CLASS, namespace="", name=str(name)),) if name else ()


def judge_claim(view: View, live: Obj) -> Verdict:
    """Bound; Pending is enough where the storage class binds only once a Pod uses the claim."""
    phase = pluck(live, "status", "phase")
    if phase == "Bound":
        return DONE
    classes = [c for source in claim_sources(live) for c in view.around(source)]
    late = any(c.get("volumeBindingMode") == "WaitForFirstConsumer" for c in classes)
    if late and phase == "Pending":
        return DONE
    name = pluck(live, "spec", "storageClassName") or "none"
    problem = f"the claim is {phase or 'not bound'} (storage class: {name})"
    return Verdict(progress="waiting for a volume to be bound", problems=(problem,))


def judge_volume(_view: View, live: Obj) -> Verdict:
    """Available or bound."""
    phase = pluck(live, "status", "phase")
    if phase in ("Available", "Bound"):
        return DONE
    return Verdict(progress=f"waiting for the volume to be available (is {phase})")


def judge_quota(_view: View, live: Obj) -> Verdict:
    """The controller has taken up the limits."""
    if pluck(live, "spec", "hard", default={}) == pluck(live, "status", "hard", default={}):
        return DONE
    return Verdict(progress="waiting for the quota controller to take up the limits")


def judge_secret(_view: View, live: Obj) -> Verdict:
    """A service account's token is filled in by a controller; other Secrets are ready at once."""
    if live.get("type") != "kubernetes.io/service-account-token" or live.get("data"):
        return DONE
    problem = "the token was not filled in: does the service account exist?"
    return Verdict(progress="waiting for the token", problems=(problem,))


def judge_crd(_view: View, live: Obj) -> Verdict:
    """Established. The official plugin doesn't wait here, but retries the custom resources."""
    if is_true(live, "Established"):
        return DONE
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        problem = f"{names.get('reason')}: {names.get('message')}"
        return Verdict(failed=True, problems=(problem,))
    return Verdict(progress="waiting for the API server to serve the new kind")


def judge_generic(_view: View, live: Obj) -> Verdict:
    """What kstatus asks of any object: seen by its controller, not stalled, Ready if it says.

    Only used with PULUMI_K8S_AWAIT_ALL=true, as by the official plugin.
    """
    if pluck(live, "status", "observedGeneration") is not None and not observed(live):
        return Verdict(progress="waiting for the controller to take up the object")
    if is_true(live, "Stalled"):
        return Verdict(failed=True, problems=(str(condition(live, "Stalled").get("message")),))
    ready = condition(live, "Ready")
    if is_true(live, "Reconciling") or (ready and ready.get("status") != "True"):
        told = str(ready.get("message") or condition(live, "Reconciling").get("message") or "")
        return Verdict(progress="waiting for readiness", problems=(told,) if told else ())
    return DONE


# -- pulumi.com/waitFor ----------------------------------------------------------------------------


def judge_condition(type_: str, status: str, live: Obj) -> Verdict:
    """`condition=Type` or `condition=Type=Status`, once the controller has seen the object."""
    if not _fresh(live):
        return Verdict(progress="waiting for the controller to take up the object")
    found = condition(live, type_)
    if found.get("status") == status:
        return DONE
    told = f"condition {type_} is {found.get('status') or 'not there'}"
    reason = ": ".join(str(found[key]) for key in ("reason", "message") if found.get(key))
    told = f"{told} ({reason})" if reason else told
    return Verdict(progress=f"waiting for condition {type_}={status}", problems=(told,))


def _fresh(live: Obj) -> bool:
    return pluck(live, "status", "observedGeneration") is None or observed(live)


def judge_path(path: str, query: Any, wanted: str, live: Obj) -> Verdict:
    """`jsonpath={.path}` exists, or `jsonpath={.path}=value` holds the value."""
    if not _fresh(live):
        return Verdict(progress="waiting for the controller to take up the object")
    found = as_list(query.find(live).values())
    goal = f"waiting for {path}" + (f"={wanted}" if wanted else "")
    if not found:
        return Verdict(progress=goal, problems=(f"{path} selects nothing",))
    if not wanted:
        return DONE
    if isinstance(found[0], dict | list):
        return Verdict(failed=True, problems=(f"{path} is not a plain value",))
    if _text(found[0]) == wanted:
        return DONE
    return Verdict(progress=goal, problems=(f"{path} is {_text(found[0])!r}",))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
