"""What one configured provider has at hand: settings, the cluster, the engine, and the brake."""

# ruff: noqa: PLC0415 -- what a start may not need is imported where it is used

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from .errors import ConfigError, ProviderError, UnreachableError
from .host import Host
from .objects import Kind
from .scopes import namespaced_by_table
from .settings import Settings

if TYPE_CHECKING:
    from .client import Client


class Canceller:
    """Set once by the Cancel call; wakes whoever waits."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._wakers: set[Callable[[], None]] = set()
        self._lock = threading.Lock()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        with self._lock:
            self._event.set()
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def on_cancel(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` when cancelled (at once if it was); returns how to take it back."""
        with self._lock:
            self._wakers.add(wake)
            late = self._event.is_set()
        if late:
            wake()
        return lambda: self._wakers.discard(wake)


class Session:
    """The cluster is contacted on first need and its answer kept: yes, or why not."""

    def __init__(self, settings: Settings, host: Host, canceller: Canceller) -> None:
        self.settings = settings
        self.host = host
        self.canceller = canceller
        #: Scope of kinds whose CRD this program makes: previews need it before it is there.
        self.planned_scopes: dict[tuple[str, str], bool] = {}
        self._client: Client | None = None
        self._failure: ProviderError | None = None
        self._lock = threading.Lock()

    def client(self) -> Client:
        """Raises UnreachableError or ConfigError; the same one for every resource of a run."""
        with self._lock:
            if self._client is None and self._failure is None:
                try:
                    self._client = self._connect()
                except ProviderError as error:
                    self._failure = error
            if self._client is None:
                raise self._failure or UnreachableError("the cluster can't be reached")
            return self._client

    def _connect(self) -> Client:
        if self.settings.deferred:
            raise UnreachableError(
                "the provider's kubeconfig isn't known yet: its cluster doesn't exist"
            )
        # Loaded here: a start that never talks to a cluster needs neither TLS nor HTTP.
        from .client import Client
        from .kubeconfig import connection, load
        from .transport import Transport

        config, folder = load(self.settings.kubeconfig)
        transport = Transport(
            connection(
                config,
                folder,
                context=self.settings.context,
                cluster=self.settings.cluster,
                namespace=self.settings.namespace,
            )
        )
        transport.request("GET", "/version", operation="connecting to the cluster")
        return Client(transport)

    def reachable(self) -> bool:
        return self.unreachable_reason() == ""

    def unreachable_reason(self) -> str:
        """Why the cluster can't be used, or "" if it can."""
        try:
            self.client()
        except ProviderError as error:
            return str(error)
        return ""

    @cached_property
    def default_namespace(self) -> str:
        """For namespaced objects without one: the setting, the context's, else "default"."""
        if self.settings.namespace:
            return self.settings.namespace
        if self.settings.deferred:
            return "default"
        from .kubeconfig import connection, load

        try:
            config, folder = load(self.settings.kubeconfig)
            return connection(
                config, folder, context=self.settings.context, cluster=self.settings.cluster
            ).namespace
        except ConfigError:
            return "default"

    def namespaced(self, kind: Kind) -> bool:
        """Whether a kind lives in namespaces; assumed so where nothing can tell (a coming CRD)."""
        known = namespaced_by_table(kind)
        if known is None:
            known = self.planned_scopes.get((kind.group, kind.kind))
        if known is not None:
            return known
        try:
            return self.client().resource(kind).namespaced
        except ProviderError:
            return True

    def serves(self, kind: Kind) -> bool:
        """Whether a dry run of this kind can be asked for at all."""
        try:
            return self.client().knows(kind)
        except ProviderError:
            return False
