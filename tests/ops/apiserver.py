"""An API server on loopback that knows a few objects, and remembers what it was asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Obj = dict[str, Any]
# Group and version -> plural -> kind.
KINDS = {
    "v1": {
        "pods": "Pod", "events": "Event", "nodes": "Node", "secrets": "Secret",
        "configmaps": "ConfigMap",
    },
    "apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
    "batch/v1": {"jobs": "Job"},
}  # fmt: skip


def discovery(path: str) -> Obj | None:
    """What the server says of itself, for the paths that ask for that."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [version.split("/") for version in KINDS if "/" in version]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
            {"name": name, "versions": [{"groupVersion": f"{name}/{v}", "version": v}],
             "preferredVersion": {"groupVersion": f"{name}/{v}", "version": v}}
            for name, v in groups
        ]}  # fmt: skip
    version = path.removeprefix("/apis/").removeprefix("/api/")
    if version not in KINDS:
        return None
    resources = [
        {"name": plural, "singularName": "", "namespaced": kind != "Node", "kind": kind,
         "verbs": ["get", "list"]}
        for plural, kind in KINDS[version].items()
    ]  # fmt: skip
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def objects(path: str, canary: str) -> Obj | None:
    """One object of each kind, with the canary wherever an object may hold a secret."""
    version, _, rest = path.removeprefix("/apis/").removeprefix("/api/").rpartition("v1/")
    version += "v1"
    plural, _, name = rest.partition("/")
    kind = KINDS.get(version, {}).get(plural)
    if kind is None:
        return None
    pod = {"containers": [{"name": "app", "env": [{"name": "KEY", "value": canary}]}]}
    one = {
        "apiVersion": version, "kind": kind,
        "metadata": {"name": f"the-{kind.lower()}", "namespace": "" if kind == "Node" else "shop"},
        "spec": pod if kind == "Pod" else {"template": {"spec": pod}},
        "data": {"key": canary}, "status": {},
    }  # fmt: skip
    return one if name else {"apiVersion": version, "kind": f"{kind}List", "items": [one]}


@contextmanager
def serving(canary: str, asked: list[str]) -> Iterator[str]:
    """The server's address; ``asked`` gets the path of every request."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            found = discovery(path) or objects(path, canary)
            body = json.dumps(found or {"kind": "Status", "status": "Failure", "code": 404})
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
