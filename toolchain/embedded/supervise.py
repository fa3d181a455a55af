"""supervisord: its configuration, its start, and talking to it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from toolchain.embedded import cgroups
from toolchain.embedded.commands import wait_for, write
from toolchain.embedded.control_plane import Program
from toolchain.embedded.errors import Problem, StartError
from toolchain.embedded.host import SEARCH_PATH
from toolchain.embedded.layout import Layout

GROUP = "supervisor"
LOG_MEGABYTES = 10
START_SECONDS = 10.0
# Machine directories whose paths are compiled into containerd, libcni and the kubelet:
# our processes see a directory of ours in their place, in a mount namespace of theirs.
SHADOWS = {
    "containerd": Path("/run/containerd"),
    "cni": Path("/var/lib/cni"),
    "container-logs": Path("/var/log/containers"),
    "kubelet": Path("/var/lib/kubelet"),
}

HEAD = """\
[supervisord]
nodaemon=true
logfile={logs}/supervisord.log
logfile_maxbytes={size}MB
logfile_backups=2
pidfile={pid}
minfds=4096
user=root
umask=077
[unix_http_server]
file={socket}
chmod=0600
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """\
[program:{name}]
command={command}
autostart=false
autorestart=true
startsecs=1
startretries=1000
stopwaitsecs=5
stopasgroup=false
killasgroup=false
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes={size}MB
stdout_logfile_backups=2
"""


@dataclass(frozen=True)
class Running:
    """What the supervisor knows of one program."""

    name: str
    state: str
    pid: int


class Supervisor:
    """The supervisor of one state directory."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def configure(self, programs: Iterable[Program]) -> None:
        """Write the configuration and one launch script per program."""
        logs, parts = self.layout.logs, []
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        for program in programs:
            script = self.layout.launch / program.name
            write(script, self._launch(program), 0o700)
            parts.append(
                PROGRAM.format(name=program.name, command=script, logs=logs, size=LOG_MEGABYTES)
            )
        head = HEAD.format(
            logs=logs,
            size=LOG_MEGABYTES,
            pid=self.layout.supervisor_pid,
            socket=self.layout.supervisor_socket,
        )
        write(self.layout.supervisor_config, head + "".join(parts))

    def _launch(self, program: Program) -> str:
        words = list(program.command)
        if program.node is not None and not program.node.on_host:
            words = ["nsenter", f"--net={self.layout.node(program.node).netns}", *words]
        command = " \\\n  ".join(shlex.quote(word) for word in words)
        return f"{_enter(program.group)}exec {command}\n"

    def start(self) -> int:
        """Start supervisord apart from this process and give its id."""
        inner = self.layout.launch / "inside"
        outer = self.layout.launch / "outside"
        write(inner, self._inside(), 0o700)
        write(
            outer,
            f"{_enter(GROUP)}exec unshare --mount --propagation private {inner}\n",
            0o700,
        )
        log = self.layout.logs / "supervisord.out"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(outer)], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, cwd="/",
            )  # fmt: skip
        if not wait_for(lambda: self.alive() or process.poll() is not None, START_SECONDS, 0.02):
            process.kill()
        if not self.alive():
            raise StartError(Problem(
                "supervisor-start", "the supervisor did not start", str(log),
                _last_line(log), "read that log, then run up again"))  # fmt: skip
        return process.pid

    def _inside(self) -> str:
        lines = ["#!/bin/sh", "set -e"]
        for name, target in SHADOWS.items():
            source = self.layout.shadow(name)
            source.mkdir(parents=True, exist_ok=True)
            lines.append(f"mount --bind {shlex.quote(str(source))} {target}")
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c",
                   str(self.layout.supervisor_config)]  # fmt: skip
        return "\n".join([*lines, f"exec {shlex.join(command)}", ""])

    def alive(self) -> bool:
        """Whether supervisord answers on its socket."""
        try:
            self._call("getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def pid(self) -> int:
        """supervisord's process id, by which its mount namespace is reached."""
        return int(self._call("getPID"))

    def programs(self) -> list[Running]:
        """Every program with its state, as the supervisor sees it."""
        return [
            Running(entry["name"], entry["statename"], entry["pid"])
            for entry in self._call("getAllProcessInfo")
        ]

    def start_program(self, name: str) -> None:
        """Start a program without waiting: its own readiness check tells more."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise

    def stop_program(self, name: str) -> None:
        """Tell a program to end, and the supervisor not to start it again."""
        try:
            self._call("stopProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.layout.supervisor_socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def _enter(group: str) -> str:
    """The start of a launch script: join the group in every hierarchy."""
    lines = ["#!/bin/sh", "set -e", f"export PATH={SEARCH_PATH}", "umask 022"]
    lines += [f"echo $$ > {shlex.quote(str(door))}" for door in cgroups.doors(group)]
    return "\n".join(lines) + "\n"


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it said nothing"
