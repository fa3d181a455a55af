"""Talking back to the engine: messages that the person at the terminal sees."""

# ruff: noqa: PLC0415 -- what a start may not need is imported where it is used

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from .stubs import engine_pb2, engine_pb2_grpc


class Host:
    """The engine's log. Without an address (tests, a bare start) messages go nowhere."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._stub: Any = None
        self._lock = threading.Lock()

    def attach(self, address: str) -> None:
        """Use another engine from now on (the handshake and Attach name it)."""
        with self._lock:
            self._address, self._stub = address, None

    def status(self, urn: str, message: str) -> None:
        """What is going on now: shown beside the resource until the next message."""
        self._log(engine_pb2.INFO, urn, message, ephemeral=True)

    def info(self, urn: str, message: str) -> None:
        self._log(engine_pb2.INFO, urn, message)

    def warning(self, urn: str, message: str) -> None:
        self._log(engine_pb2.WARNING, urn, message)

    def _log(self, severity: Any, urn: str, message: str, ephemeral: bool = False) -> None:
        stub = self._connect()
        if stub is None:
            return
        import grpc

        # The engine may be going away; an operation must not fail for a message lost.
        with suppress(grpc.RpcError):
            stub.Log(
                engine_pb2.LogRequest(
                    severity=severity, message=message, urn=urn, ephemeral=ephemeral
                ),
                timeout=5.0,
            )

    def _connect(self) -> Any:
        with self._lock:
            if self._stub is None and self._address:
                import grpc

                # No retry dance and no proxy: the engine is on this machine.
                options = [("grpc.enable_http_proxy", 0)]
                channel = grpc.insecure_channel(self._address, options=options)
                self._stub = engine_pb2_grpc.EngineStub(channel)
            return self._stub
