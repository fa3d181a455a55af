"""Drives the plugin as the engine does: a process of its own, spoken to over gRPC."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from google.protobuf import empty_pb2

from toolchain.plugins.kubernetes.stubs import (
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj, from_struct, to_struct

EXECUTABLE = Path(__file__).parents[3] / "toolchain/plugins/kubernetes/pulumi-resource-kubernetes"
_OPTIONS = [("grpc.enable_http_proxy", 0)]


class EngineLog(engine_pb2_grpc.EngineServicer):
    """The engine's half of the conversation: collects what the plugin says."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self._news = threading.Condition()

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        with self._news:
            self.messages.append(request)
            self._news.notify_all()
        return empty_pb2.Empty()

    @property
    def texts(self) -> list[str]:
        return [m.message for m in self.messages]

    def wait_for(self, words: str, seconds: float = 30.0) -> str:
        """The first message with these words; fails the test if none comes."""

        def found() -> str:
            return next((text for text in self.texts if words in text), "")

        with self._news:
            assert self._news.wait_for(found, seconds), f"no {words!r} in {self.texts}"
            return found()


class PartialError(Exception):
    """ErrorResourceInitFailed, unpacked."""

    def __init__(self, detail: Any) -> None:
        super().__init__("\n".join(detail.reasons))
        self.id = detail.id
        self.properties = from_struct(detail.properties)
        self.inputs = from_struct(detail.inputs)


class CallError(Exception):
    """Any other error of a call: its message."""


def _raise(error: grpc.RpcError) -> None:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            detail = provider_pb2.ErrorResourceInitFailed()
            assert status.details[0].Unpack(detail)
            raise PartialError(detail) from None
    raise CallError(error.details()) from None


@dataclass
class Made:
    """A resource as the engine would keep it in the state."""

    urn: str
    id: str
    inputs: Obj
    state: Obj = field(default_factory=dict)


class Plugin:
    """One plugin process with a fake engine behind it. Use as a context manager."""

    def __init__(self, kubeconfig: str | Path | None, **config: Any) -> None:
        self.engine = EngineLog()
        self._server = grpc.server(ThreadPoolExecutor(4))
        engine_pb2_grpc.add_EngineServicer_to_server(self.engine, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        # Several at once must not make each other slow: no bytecode races, own environment.
        env = {k: v for k, v in os.environ.items() if not k.startswith("PULUMI_K8S_")}
        env |= {"ALICERCE_PYTHON": sys.executable, "KUBECONFIG": "/nowhere"}
        env |= config.pop("env", {})
        self.process = subprocess.Popen(
            [str(EXECUTABLE), f"127.0.0.1:{port}"], stdout=subprocess.PIPE, env=env
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options=_OPTIONS)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        if kubeconfig is not None:
            self.configure(kubeconfig=str(kubeconfig), **config)

    def __enter__(self) -> Plugin:
        return self

    def __exit__(
        self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None
    ) -> None:
        self._channel.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._server.stop(None)

    def call(self, name: str, request: Any) -> Any:
        try:
            return getattr(self.stub, name)(request, timeout=120)
        except grpc.RpcError as error:
            return _raise(error)

    def configure(self, **config: Any) -> Any:
        variables = {
            f"kubernetes:config:{key}": str(value).lower() if isinstance(value, bool) else value
            for key, value in config.items()
            if value is not UNKNOWN  # sent as an argument only, as the engine does
        }
        return self.call(
            "Configure",
            provider_pb2.ConfigureRequest(
                variables=variables, args=to_struct(config), acceptSecrets=True
            ),
        )

    # -- resources -----------------------------------------------------------------------------

    def check(self, urn: str, news: Obj, olds: Obj | None = None, **more: Any) -> Any:
        return self.call(
            "Check",
            provider_pb2.CheckRequest(
                urn=urn, news=to_struct(news), olds=to_struct(olds or {}), **more
            ),
        )

    def checked(self, urn: str, news: Obj, olds: Obj | None = None, **more: Any) -> Obj:
        answer = self.check(urn, news, olds, **more)
        assert not answer.failures, answer.failures
        return from_struct(answer.inputs)

    def create(self, obj: Obj, *, name: str = "thing", timeout: float = 0, **more: Any) -> Made:
        """Check and create, as the engine does."""
        urn = urn_of(obj, name)
        inputs = self.checked(urn, obj)
        answer = self.call(
            "Create",
            provider_pb2.CreateRequest(
                urn=urn, properties=to_struct(inputs), timeout=timeout, **more
            ),
        )
        return Made(urn, answer.id, inputs, from_struct(answer.properties))

    def diff(self, made: Made, obj: Obj, ignore: tuple[str, ...] = ()) -> Any:
        inputs = self.checked(made.urn, obj, made.inputs)
        return self.call(
            "Diff",
            provider_pb2.DiffRequest(
                id=made.id,
                urn=made.urn,
                olds=to_struct(made.state),
                news=to_struct(inputs),
                old_inputs=to_struct(made.inputs),
                ignoreChanges=ignore,
            ),
        )

    def update(self, made: Made, obj: Obj, *, timeout: float = 0, **more: Any) -> Made:
        inputs = self.checked(made.urn, obj, made.inputs)
        answer = self.call(
            "Update",
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=made.urn,
                olds=to_struct(made.state),
                news=to_struct(inputs),
                old_inputs=to_struct(made.inputs),
                timeout=timeout,
                **more,
            ),
        )
        return Made(made.urn, made.id, inputs, from_struct(answer.properties))

    def read(self, made: Made) -> Made | None:
        """Refresh; None when the object is gone."""
        return self._read(made.urn, made.id, made.state, made.inputs)

    def import_(self, obj: Obj, id_: str) -> Made | None:
        """Read with nothing but an id, as `pulumi import` does."""
        return self._read(urn_of(obj), id_, {}, {})

    def _read(self, urn: str, id_: str, state: Obj, inputs: Obj) -> Made | None:
        answer = self.call(
            "Read",
            provider_pb2.ReadRequest(
                id=id_, urn=urn, properties=to_struct(state), inputs=to_struct(inputs)
            ),
        )
        if not answer.id:
            return None
        return Made(urn, answer.id, from_struct(answer.inputs), from_struct(answer.properties))

    def delete(self, made: Made, timeout: float = 0) -> None:
        self.call(
            "Delete",
            provider_pb2.DeleteRequest(
                id=made.id, urn=made.urn, properties=to_struct(made.state), timeout=timeout
            ),
        )

    def cancel(self) -> None:
        self.call("Cancel", empty_pb2.Empty())


def urn_of(obj: Obj, name: str = "thing") -> str:
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    type_ = f"kubernetes:{group or 'core'}/{version}:{obj['kind']}"
    return f"urn:pulumi:stack::project::{type_}::{name}"


def in_background(work: Any, *args: Any, **kwargs: Any) -> Any:
    """Run on a thread; `.result()` gives what it returned or raised."""
    return ThreadPoolExecutor(1).submit(work, *args, **kwargs)


def fresh(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"
