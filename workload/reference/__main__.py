"""`python3 -m reference`: reads the environment, serves until told to leave."""

from __future__ import annotations

import asyncio
import sys

import structlog
import uvloop
from pydantic import ValidationError

from reference import logs
from reference.app import Application
from reference.mounts import MountError
from reference.server import make
from reference.settings import Settings

_BAD_SETTINGS = 2
_log = structlog.stdlib.get_logger("reference")


def main() -> int:
    """Serves; 0 after a drain, 2 if the environment or a mounted secret isn't right."""
    logs.configure()
    try:
        settings = Settings.read()
    except ValidationError as error:
        for wrong in error.errors(include_input=False, include_url=False):
            name = "ALICERCE_" + "_".join(map(str, wrong["loc"])).upper()
            _log.error("setting refused", setting=name, reason=wrong["msg"])
        return _BAD_SETTINGS
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except MountError as error:
        _log.error("secret refused", reason=str(error))
        return _BAD_SETTINGS
    return 0


async def _serve(settings: Settings) -> None:
    application = Application(settings)
    server = make(application.web, settings, application.drain, application.sockets)
    await server.serve()
    _log.info("stopped")


if __name__ == "__main__":
    sys.exit(main())
