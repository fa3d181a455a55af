"""`pulumi up` of everything from empty, beside `kubectl apply --server-side` of the same objects.

Both start from a running cluster without any of the objects, on the same machine, one after the
other, and both wait for the same: Deployments and StatefulSets rolled out, Jobs complete. Neither
asks for databases: the workloads are ready only when theirs is. kubectl's side does what its user
would do by hand: definitions first, then the operator, then the rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.timing import seconds, summary
from ops import engine
from ops.paths import ROOT
from ops.salt import without_salt
from ops.stack import LOCAL, stack_file
from toolchain.plugins.kubernetes.checkpoint import to_object

RUNS = 3
PATIENCE = "600s"
# What is waited for, by kind: kubectl's words for what the engine waits for by itself.
WAITS = {
    "Deployment": ["rollout", "status"],
    "StatefulSet": ["rollout", "status"],
    "Job": ["wait", "--for=condition=Complete"],
}
Object = dict[str, Any]


def main(runs: int = RUNS) -> None:
    """Alternate both ways, and print the ratio of their medians."""
    objects = live_objects()
    ours, theirs = [], []
    for number in range(runs):
        run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", LOCAL)
        theirs.append(seconds(lambda: apply(objects)))
        remove(objects)
        ours.append(
            seconds(lambda: run("pulumi", "up", "--yes", "--skip-preview", "--stack", LOCAL))
        )
        print(f"run {number + 1}: pulumi {ours[-1]:.1f} s, kubectl {theirs[-1]:.1f} s", flush=True)
    print(summary("pulumi up", ours))
    print(summary("kubectl apply", theirs))
    print(f"ratio {sorted(ours)[len(ours) // 2] / sorted(theirs)[len(theirs) // 2]:.2f}")


def run(*command: str, stdin: str | None = None) -> str:
    """Run a program in the engine's surroundings; raise with its words when it fails."""
    with without_salt(stack_file()):
        answer = subprocess.run(
            command, cwd=ROOT, env=dict(engine.full_environment()), capture_output=True,
            text=True, input=stdin, check=False,
        )  # fmt: skip
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(command[:3])}: {answer.stderr or answer.stdout}")
    return answer.stdout


def live_objects() -> list[Object]:
    """The stack's Kubernetes objects with their values, in the order they were made."""
    state = json.loads(run("pulumi", "stack", "export", "--show-secrets", "--stack", LOCAL))
    resources = state["deployment"]["resources"]
    kinds = [r for r in resources if r["type"].startswith("kubernetes:") and r.get("custom")]
    return [to_object(plain(r["inputs"])) for r in kinds if "kind" in r["inputs"]]


def plain(value: Any) -> Any:
    """The value without the engine's wrapping of secrets."""
    if isinstance(value, Mapping):
        if "plaintext" in value:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def apply(objects: Sequence[Object]) -> None:
    """Apply in three steps, and wait after each."""
    definitions = [o for o in objects if o["kind"] == "CustomResourceDefinition"]
    rest = [o for o in objects if o not in definitions]
    namespaces = {o["metadata"]["name"] for o in rest if o["kind"] == "Namespace"}
    operators = {n for n in namespaces if n.endswith("-system")}
    first = [o for o in rest if place(o) in operators or not place(o)]
    for step in (definitions, first, [o for o in rest if o not in first]):
        kubectl_apply(step)
        wait(step)


def place(item: Object) -> str:
    """The object's namespace; empty for what has none."""
    return str(item["metadata"].get("namespace", ""))


def kubectl_apply(objects: Iterable[Object]) -> None:
    """Server-side apply, from a file that only we can read."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        Path(file.name).chmod(0o600)
        json.dump({"apiVersion": "v1", "kind": "List", "items": list(objects)}, file)
        file.flush()
        run("kubectl", "apply", "--server-side", "--force-conflicts", "-f", file.name)


def wait(objects: Iterable[Object]) -> None:
    """Wait for each object that the engine would wait for."""
    for item in objects:
        if item["kind"] == "CustomResourceDefinition":
            name = item["metadata"]["name"]
            run("kubectl", "wait", "--for=condition=Established", f"crd/{name}")
        elif item["kind"] in WAITS:
            what = f"{item['kind'].lower()}/{item['metadata']['name']}"
            run("kubectl", *WAITS[item["kind"]], what, "-n", place(item), f"--timeout={PATIENCE}")


def remove(objects: Sequence[Object]) -> None:
    """Delete all, namespaces first: they take most of the rest with them."""
    order = sorted(objects, key=lambda o: (o["kind"] == "CustomResourceDefinition", bool(place(o))))
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(order)})
    run("kubectl", "delete", "--ignore-not-found", "--wait=true", "-f", "-", stdin=items)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
