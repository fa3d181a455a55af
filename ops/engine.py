"""The Pulumi engine's surroundings: what a plain ``pulumi up`` needs to work.

`alicerce env` prints these variables and `alicerce up` runs with the same, so
there is one way to run the engine, not two.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.settings.versions import PULUMI_KUBERNETES
from ops.paths import ROOT, kubeconfig, state_dir
from ops.stack import kube_context
from toolchain import gobuild, tools

PLUGINS = ROOT / "toolchain" / "plugins"
FALLBACK = PLUGINS / "kubernetes"
POLICY_PACK = ROOT / "stacks" / "policy" / "pack"
VENV = ROOT / ".venv"

# The engine's default is four operations a core. Most operations only wait for
# Pods; on two cores eight of them would keep back the very Pods they wait for.
PARALLEL = "256"
PLUGIN = "pulumi-resource-kubernetes"
# It writes its whole state at every step, and would collect the garbage of that as often.
GARBAGE_PERCENT = "400"
# It keeps a log of each run under its home, encrypted, 15 MB each.
LOGS_MB = "100"


@dataclass(frozen=True)
class KubernetesPlugin:
    """Which resource provider serves ``pulumi_kubernetes``."""

    official: bool
    place: str

    def __str__(self) -> str:
        if self.official:
            return f"official Kubernetes plugin ({self.place})"
        return "built-in Kubernetes plugin (fallback: no official one is installed)"


def kubernetes_plugin() -> KubernetesPlugin:
    """The official plugin of a fitting version if one is installed, else ours."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    fitting = [
        (version, folder)
        for folder in (home / "plugins").glob("resource-kubernetes-v*")
        if (version := _fitting(folder)) is not None
    ]
    if fitting:
        return KubernetesPlugin(True, max(fitting)[1].name)
    on_path = shutil.which(PLUGIN)
    if on_path and _is_program(Path(on_path)):
        return KubernetesPlugin(True, on_path)
    return KubernetesPlugin(False, str(FALLBACK))


def _fitting(folder: Path) -> tuple[int, ...] | None:
    """The version of an installed plugin that the engine would take for the pinned one."""
    match = re.fullmatch(r"resource-kubernetes-v(\d+)\.(\d+)\.(\d+)", folder.name)
    unfinished = folder.with_name(f"{folder.name}.partial").exists()
    if match is None or unfinished or not (folder / PLUGIN).exists():
        return None
    version = tuple(map(int, match.groups()))
    wanted = tuple(map(int, PULUMI_KUBERNETES.split(".")))
    return version if version[0] == wanted[0] and version >= wanted else None


def _is_program(path: Path) -> bool:
    """Whether it is compiled, as the official plugin is; ours, of any checkout, is a script."""
    with path.open("rb") as file:
        return file.read(2) != b"#!"


def environment() -> dict[str, str]:
    """The variables with which a plain ``pulumi up -s local`` works."""
    plugin = kubernetes_plugin()
    variables = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        "PULUMI_PARALLEL": PARALLEL,
        "PULUMI_LOG_ROTATION_MAX_TOTAL_MB": LOGS_MB,
        "GOGC": GARBAGE_PERCENT,
        "PATH": _path(plugin),
    }
    if not plugin.official:
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    variables |= _backend()
    if kube_context() is None and kubeconfig().exists():
        variables["KUBECONFIG"] = str(kubeconfig())
    return variables


def _path(plugin: KubernetesPlugin) -> str:
    folders = [str(VENV / "bin")]
    if not plugin.official:
        folders.append(str(FALLBACK))
    folders.append(str(PLUGINS / "policy_runner"))
    for name in (*tools.ENGINE_TOOLS, "kubectl"):
        if tools.on_path(name) is None:
            folders.append(str(gobuild.output(tools.TOOLS[name].module)))
    existing = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(dict.fromkeys([*folders, *existing]))


def _backend() -> dict[str, str]:
    """The local stack's state: a file backend beside the cluster it describes."""
    if "PULUMI_BACKEND_URL" in os.environ:
        return {}
    return {
        "PULUMI_BACKEND_URL": f"file://{local_backend()}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(state_dir() / "passphrase"),
    }


def local_backend() -> Path:
    """Where the local stack's state is unless the environment names another backend."""
    return state_dir() / "pulumi"


def backend_folder() -> Path | None:
    """Where the state is when it is in files of this machine."""
    url = os.environ.get("PULUMI_BACKEND_URL") or f"file://{local_backend()}"
    return Path(url.removeprefix("file://")) if url.startswith("file:///") else None


def prepare_backend() -> None:
    """Make the folder and the passphrase of the local stack's state, once."""
    local_backend().mkdir(parents=True, exist_ok=True, mode=0o700)
    passphrase = state_dir() / "passphrase"
    if passphrase.exists():
        return
    # Whole or not at all: half a passphrase would lock its state for good.
    with tempfile.NamedTemporaryFile("w", dir=state_dir(), prefix=".passphrase-") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        try:
            os.link(file.name, passphrase)
        except FileExistsError:
            return  # another run was faster, and its is as good


def forget_backend() -> None:
    """Remove the local stack's state: what it described is gone."""
    shutil.rmtree(local_backend(), ignore_errors=True)
    (state_dir() / "passphrase").unlink(missing_ok=True)


def full_environment() -> Mapping[str, str]:
    """This process's variables with the engine's on top."""
    return os.environ | environment()
