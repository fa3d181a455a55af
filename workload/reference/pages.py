"""The page of the web role: small, readable by all, light or dark as the reader likes."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from reference.health import Health

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { max-width: 40rem; margin: 0 auto; padding: 2rem 1rem;
  color: light-dark(#1b1f23, #e6e9ec); background: light-dark(#fff, #14181b); }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem 1rem .4rem 0; text-align: left;
  border-bottom: 1px solid light-dark(#d5dade, #39424a); }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def render(report: dict[str, Any]) -> str:
    """The page of a health report."""
    title = f"{escape(report['system'])} is {escape(report['status'])}"
    facts = {
        "System": report["system"],
        "Role": report["role"],
        "Version": report["version"],
        "Health": report["status"],
    }
    facts |= {
        name.capitalize(): f"{check['status']}, {check['latency_ms']} ms"
        for name, check in report["checks"].items()
    }
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="description" content="State of {escape(report["system"])}">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1><table><caption>What runs here</caption>"
        f"<tbody>{rows}</tbody></table></main></body></html>"
    )


def router(health: Health) -> APIRouter:
    """The page."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        _able, report = await health.report()
        return HTMLResponse(render(report), headers=_HEADERS)

    return routes
