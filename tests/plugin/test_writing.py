"""Writing and deleting with a cluster that is made up: races and faults."""

from __future__ import annotations

from typing import Any, cast

import pytest

from toolchain.plugins.kubernetes import writing
from toolchain.plugins.kubernetes.applying import Request, on_fresh
from toolchain.plugins.kubernetes.client import Client
from toolchain.plugins.kubernetes.errors import ApiError, InitError, ProviderError
from toolchain.plugins.kubernetes.host import Host
from toolchain.plugins.kubernetes.session import Canceller, Session
from toolchain.plugins.kubernetes.settings import Settings
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj
from toolchain.plugins.kubernetes.writing import create, without_made_up

URN = "urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::web"


def config_map(version: str = "1") -> Obj:
    metadata = {"name": "a", "namespace": "n", "resourceVersion": version, "uid": "u"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def outdated() -> ApiError:
    return ApiError(409, {"reason": "Conflict", "message": "modified"}, "changing")


class Busy:
    """An object that others change every time before we do, so many times."""

    def __init__(self, changes: int) -> None:
        self.left = changes
        self.version = 1

    def get(self, *_args: object) -> Obj:
        self.version += 1
        return config_map(str(self.version))

    def create(self, obj: Obj, **_options: object) -> Obj:
        return {**obj, "metadata": {**obj["metadata"], "uid": "u"}}

    def write(self, live: Obj) -> Obj:
        assert live["metadata"]["resourceVersion"] == str(self.version)
        if self.left:
            self.left -= 1
            raise outdated()
        return live


def test_outdated_writes_are_tried_on_a_newer_version() -> None:
    busy = Busy(changes=3)
    written = on_fresh(cast(Client, busy), config_map(), busy.write)
    assert written["metadata"]["resourceVersion"] == "4"


def test_outdated_writes_are_not_tried_for_ever() -> None:
    busy = Busy(changes=100)
    with pytest.raises(ApiError, match="modified"):
        on_fresh(cast(Client, busy), config_map(), busy.write)
    assert busy.left > 90


def test_other_refusals_are_not_tried_again() -> None:
    def write(_live: Obj) -> Obj:
        raise ApiError(422, {"reason": "Invalid", "message": "no"}, "changing")

    with pytest.raises(ApiError, match="Invalid"):
        on_fresh(cast(Client, Busy(0)), config_map(), write)


@pytest.mark.parametrize("fault", [KeyError("bug"), ProviderError("watch refused")])
def test_whatever_fails_after_the_write_the_object_is_kept(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    session = Session(Settings(deferred=True), Host(), Canceller())
    monkeypatch.setattr(session, "client", lambda: Busy(0))

    def broken(*_args: Any) -> None:
        raise fault

    monkeypatch.setattr(writing, "rule_for", broken)
    with pytest.raises(InitError, match="was written, but") as error:
        create(session, Request(URN, config_map()))
    kept = error.value.checkpoint
    assert kept["metadata"]["uid"] == "u"
    assert kept["__inputs"]["metadata"]["name"] == "a"


def test_dry_runs_promise_nothing_they_made_up() -> None:
    spec = {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "ClusterIP"}
    service = {**config_map(), "kind": "Service", "spec": spec, "status": {}}
    found = without_made_up(service, {})
    assert found["metadata"]["uid"] is UNKNOWN
    assert found["spec"] == {"clusterIP": UNKNOWN, "clusterIPs": UNKNOWN, "type": "ClusterIP"}
    assert "status" not in found
    chosen = without_made_up(service, {"spec": {"clusterIP": "10.0.0.1"}})
    assert chosen["spec"]["clusterIP"] == "10.0.0.1"
