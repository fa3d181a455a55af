"""Deployments, StatefulSets, DaemonSets, Jobs and the bare replica controllers."""

from __future__ import annotations

from ..objects import Kind, as_int, as_map, condition, is_true, observed, owned_by, pluck
from ..values import Obj
from ..watching import Source
from .pods import POD, problems_of, selected_pods, selector_text
from .rules import DONE, Verdict, View, beside

_REVISION = "deployment.kubernetes.io/revision"
_REPLICA_SET = Kind("apps", "v1", "ReplicaSet")
_JOB_NAME = "batch.kubernetes.io/job-name"


def _status(obj: Obj, key: str) -> int:
    return as_int(pluck(obj, "status", key))


def _wanted(obj: Obj) -> int:
    return as_int(pluck(obj, "spec", "replicas", default=1))


def _pod_problems(view: View, source: Source, owner: Obj | None) -> tuple[str, ...]:
    if owner is None:
        return ()
    pods = [pod for pod in view.around(source) if owned_by(pod, owner)]
    return tuple(line for pod in pods for line in problems_of(pod))


# -- Deployment ------------------------------------------------------------------------------------


def _replica_sets(obj: Obj) -> Source:
    labels = selector_text(as_map(pluck(obj, "spec", "selector")))
    return beside(obj, _REPLICA_SET, labels)


def deployment_sources(obj: Obj) -> tuple[Source, ...]:
    return (_replica_sets(obj), selected_pods(obj))


def _revision(obj: Obj) -> str:
    return str(pluck(obj, "metadata", "annotations", _REVISION, default=""))


def _current_replica_set(view: View, live: Obj) -> Obj | None:
    owned = (rs for rs in view.around(_replica_sets(live)) if owned_by(rs, live))
    return next((rs for rs in owned if _revision(rs) == _revision(live)), None)


def judge_deployment(view: View, live: Obj) -> Verdict:
    """Available, and the ReplicaSet of this revision has all its Pods ready.

    From the second revision on the controller must also say that the rollout is finished. A
    passed progressDeadlineSeconds is told, but does not end the wait: the rollout may still come
    through (as with the official plugin).
    """
    if not _revision(live) or not observed(live):
        return Verdict(progress="[1/2] waiting for the controller to take up the Deployment")
    replica_set = _current_replica_set(view, live)
    problems = _not_rolling(live) + _pod_problems(view, selected_pods(live), replica_set)
    if replica_set is None:
        return Verdict(progress="[1/2] waiting for the new ReplicaSet", problems=problems)
    wanted, ready = _wanted(replica_set), _status(replica_set, "readyReplicas")
    if ready < wanted:
        text = f"[1/2] waiting for {wanted - ready} of {wanted} replicas to be ready"
        return Verdict(progress=text, problems=problems)
    rolled_out = _revision(live) == "1" or _finished(live)
    if is_true(live, "Available") and rolled_out:
        return DONE
    return Verdict(progress="[2/2] waiting for the rollout to finish", problems=problems)


def _finished(live: Obj) -> bool:
    return is_true(live, "Progressing") and (
        condition(live, "Progressing").get("reason") == "NewReplicaSetAvailable"
    )


def _not_rolling(live: Obj) -> tuple[str, ...]:
    problems = []
    for type_ in ("Progressing", "Available", "ReplicaFailure"):
        found = condition(live, type_)
        bad = "True" if type_ == "ReplicaFailure" else "False"
        if found.get("status") == bad and found.get("message"):
            problems.append(f"{found.get('reason')}: {found['message']}")
    return tuple(problems)


# -- StatefulSet -----------------------------------------------------------------------------------


def pod_sources(obj: Obj) -> tuple[Source, ...]:
    return (selected_pods(obj),)


def judge_stateful_set(view: View, live: Obj) -> Verdict:
    """All replicas there, ready, and of the current revision (unless updated only on delete)."""
    problems = _pod_problems(view, selected_pods(live), live)
    if not pluck(live, "status", "observedGeneration") or not observed(live):
        return Verdict(progress="[1/2] waiting for the controller to take up the StatefulSet")
    wanted, ready = _wanted(live), _status(live, "readyReplicas")
    complete = _status(live, "replicas") == wanted and ready == wanted
    on_delete = pluck(live, "spec", "updateStrategy", "type") == "OnDelete"
    if on_delete and as_int(pluck(live, "metadata", "generation")) > 1:
        revised = True
    else:
        complete = complete and _status(live, "currentReplicas") == wanted
        current = pluck(live, "status", "currentRevision", default="")
        revised = bool(current) and current == pluck(live, "status", "updateRevision")
    if complete and revised:
        return DONE
    if ready < wanted:
        text = f"[1/2] waiting for {wanted - ready} of {wanted} replicas to be ready"
    else:
        updated = _status(live, "updatedReplicas")
        text = f"[2/2] waiting for the update to roll through ({updated} of {wanted} replicas)"
    return Verdict(progress=text, problems=problems)


# -- DaemonSet -------------------------------------------------------------------------------------


def judge_daemon_set(view: View, live: Obj) -> Verdict:
    """On every node that should run it: there, updated, available and ready (kstatus's rule)."""
    problems = _pod_problems(view, selected_pods(live), live)
    known = pluck(live, "status", "desiredNumberScheduled") is not None
    if not known or not pluck(live, "status", "observedGeneration") or not observed(live):
        return Verdict(progress="[1/2] waiting for the controller to take up the DaemonSet")
    wanted = _status(live, "desiredNumberScheduled")
    counts = {
        "scheduled": _status(live, "currentNumberScheduled"),
        "updated": _status(live, "updatedNumberScheduled"),
        "available": _status(live, "numberAvailable"),
        "ready": _status(live, "numberReady"),
    }
    if pluck(live, "spec", "updateStrategy", "type") == "OnDelete":
        counts.pop("updated")  # old Pods stay until someone deletes them: nothing to wait for
    for word, count in counts.items():
        if count < wanted:
            text = f"[2/2] waiting for {wanted - count} of {wanted} Pods to be {word}"
            return Verdict(progress=text, problems=problems)
    return DONE


# -- Job -------------------------------------------------------------------------------------------


def job_sources(obj: Obj) -> tuple[Source, ...]:
    name = pluck(obj, "metadata", "name")
    return (beside(obj, POD, f"{_JOB_NAME}={name}"),)


def judge_job(view: View, live: Obj) -> Verdict:
    """Complete; a Failed condition ends the wait."""
    if is_true(live, "Complete"):
        return DONE
    problems = _pod_problems(view, job_sources(live)[0], live)
    if is_true(live, "Failed"):
        failed = condition(live, "Failed")
        told = f"{failed.get('reason')}: {failed.get('message')}"
        return Verdict(failed=True, problems=(told, *problems))
    if not pluck(live, "status", "startTime"):
        return Verdict(progress="[1/2] waiting for the Job to start", problems=problems)
    counts = f"{_status(live, 'active')} active, {_status(live, 'succeeded')} succeeded, "
    text = f"[2/2] waiting for the Job to complete ({counts}{_status(live, 'failed')} failed)"
    return Verdict(progress=text, problems=problems)


# -- ReplicaSet, ReplicationController -------------------------------------------------------------


def judge_replicas(view: View, live: Obj) -> Verdict:
    """All replicas available. The official plugin waits for the ReplicationController only."""
    wanted, available = _wanted(live), _status(live, "availableReplicas")
    if observed(live) and available == wanted:
        return DONE
    text = f"waiting for {max(wanted - available, 0)} of {wanted} replicas to be available"
    return Verdict(progress=text, problems=_pod_problems(view, selected_pods(live), live))
