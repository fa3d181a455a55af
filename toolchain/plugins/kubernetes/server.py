"""The resource provider protocol: one method for each call of the engine.

Everything that knows Kubernetes is elsewhere; here requests are unpacked, answers packed, and
failures turned into what the engine understands.
"""

# ruff: noqa: N802, PLC0415 -- the protocol names the methods; imports wait for their first use

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import empty_pb2

from . import VERSION
from .errors import InitError, ProviderError
from .host import Host
from .packing import abort, abort_partly, changes, detailed, failures, run, top_level
from .session import Canceller, Session
from .settings import INSTALL, Settings, read_settings
from .stubs import plugin_pb2, provider_pb2, provider_pb2_grpc
from .values import from_struct, to_struct

_SUCCESS: Any = empty_pb2.Empty()


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one engine. The modules that do the work are loaded when first needed: most starts
    of a plugin in a run only ask for its version or check some inputs."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._canceller = Canceller()
        self._session = Session(Settings(), host, self._canceller)
        self._keep_secrets = True

    # -- about the plugin --------------------------------------------------------------------

    def Handshake(self, request: Any, context: Any) -> Any:
        if request.engine_address:
            self._host.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, context: Any) -> Any:
        self._host.attach(request.address)
        return _SUCCESS

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:
        schema = f'{{"name": "kubernetes", "version": "{VERSION}"}}'
        return provider_pb2.GetSchemaResponse(schema=schema)

    def GetMapping(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        self._canceller.cancel()
        return _SUCCESS

    # -- the provider's configuration ----------------------------------------------------------

    def CheckConfig(self, request: Any, context: Any) -> Any:
        from .configuring import check_config

        found = run(context, lambda: check_config(from_struct(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures(found))

    def DiffConfig(self, request: Any, context: Any) -> Any:
        from .configuring import diff_config

        olds = from_struct(request.old_inputs if request.old_inputs.fields else request.olds)
        found = run(context, lambda: diff_config(olds, from_struct(request.news)))
        return provider_pb2.DiffResponse(
            changes=changes(bool(found.changed)), diffs=found.changed, replaces=found.replaces
        )

    def Configure(self, request: Any, context: Any) -> Any:
        args = from_struct(request.args)
        settings = read_settings(dict(request.variables), args)
        self._keep_secrets = bool(request.acceptSecrets)
        self._session = Session(settings, self._host, self._canceller)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    # -- resources -----------------------------------------------------------------------------

    def Check(self, request: Any, context: Any) -> Any:
        from .checking import Naming, check

        mode = provider_pb2.CheckRequest.AutonamingOptions
        asked = request.autonaming if request.HasField("autonaming") else None
        naming = Naming(
            bytes(request.randomSeed),
            asked.proposed_name if asked else "",
            bool(asked and asked.mode == mode.DISABLE),
        )
        olds, news = (
            from_struct(request.olds),
            run(context, lambda: from_struct(request.news)),
        )
        found = run(context, lambda: check(self._session, request.urn, olds, news, naming))
        return provider_pb2.CheckResponse(
            inputs=self._struct(found.inputs), failures=failures(found.failures)
        )

    def Diff(self, request: Any, context: Any) -> Any:
        from .diffing import diff

        olds, news = from_struct(request.olds), from_struct(request.news)
        found = run(
            context, lambda: diff(self._session, request.urn, olds, news, request.ignoreChanges)
        )
        return provider_pb2.DiffResponse(
            changes=changes(found.changed),
            replaces=found.replaces,
            diffs=top_level(found.paths),
            deleteBeforeReplace=found.delete_before_replace,
            detailedDiff=detailed(found.paths),
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        from .applying import Request
        from .objects import id_of
        from .writing import NoDryRunError, create

        news = from_struct(request.properties)
        wanted = Request(request.urn, news, request.timeout, request.preview)
        try:
            live, properties = create(self._session, wanted)
        except NoDryRunError:
            return provider_pb2.CreateResponse(id="", properties=request.properties)
        except InitError as failed:
            abort_partly(context, failed, id_of(failed.live), self._struct(failed.checkpoint))
        except ProviderError as error:
            abort(context, error)
        id_ = "" if request.preview else id_of(live)
        return provider_pb2.CreateResponse(id=id_, properties=self._struct(properties))

    def Update(self, request: Any, context: Any) -> Any:
        from .applying import Request
        from .writing import NoDryRunError, update

        olds, news = from_struct(request.olds), from_struct(request.news)
        ignored = tuple(request.ignoreChanges)
        wanted = Request(request.urn, news, request.timeout, request.preview, ignored)
        try:
            properties = update(self._session, wanted, olds)
        except NoDryRunError:
            return provider_pb2.UpdateResponse(properties=request.news)
        except InitError as failed:
            abort_partly(context, failed, request.id, self._struct(failed.checkpoint))
        except ProviderError as error:
            abort(context, error)
        return provider_pb2.UpdateResponse(properties=self._struct(properties))

    def Read(self, request: Any, context: Any) -> Any:
        from .reading import read

        properties, inputs = from_struct(request.properties), from_struct(request.inputs)
        found = run(
            context, lambda: read(self._session, request.urn, request.id, properties, inputs)
        )
        if not found.id:
            return provider_pb2.ReadResponse()
        if found.reasons:
            failed = InitError("; ".join(found.reasons), {}, found.reasons[1:])
            abort_partly(
                context,
                failed,
                found.id,
                self._struct(found.properties),
                self._struct(found.inputs),
            )
        return provider_pb2.ReadResponse(
            id=found.id,
            properties=self._struct(found.properties),
            inputs=self._struct(found.inputs),
        )

    def Delete(self, request: Any, context: Any) -> Any:
        from .deleting import delete

        olds = from_struct(request.properties)
        try:
            delete(self._session, request.urn, request.id, olds, request.timeout)
        except InitError as failed:
            # Still there: the state keeps it as it was, with the reason.
            abort_partly(context, failed, request.id, self._struct(olds))
        except ProviderError as error:
            abort(context, error)
        return _SUCCESS

    # -- functions and components --------------------------------------------------------------

    def Invoke(self, request: Any, context: Any) -> Any:
        from .invoking import invoke

        args = from_struct(request.args)
        result = run(context, lambda: invoke(self._session, request.tok, args))
        return provider_pb2.InvokeResponse(**{"return": self._struct(result)})

    def Construct(self, request: Any, context: Any) -> Any:
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"{request.type}: the fallback Kubernetes plugin has no components (yaml/v2, "
            f"kustomize/v2, helm v4). Use kubernetes.yaml.ConfigFile or ConfigGroup. {INSTALL}",
        )

    def Call(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.tok}: no methods are served")

    def _struct(self, properties: dict[str, Any]) -> Any:
        return to_struct(properties, keep_secrets=self._keep_secrets)
