"""The one routine that takes a cluster off the machine, after a crash as after ``down``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from toolchain.embedded import baseline, cgroups, firewall, host
from toolchain.embedded.commands import run
from toolchain.embedded.errors import ClusterError, Problem
from toolchain.embedded.layout import Layout
from toolchain.embedded.settings import ClusterSettings

Report = Callable[[str], None]
OWN_LINKS = "alc-"


def leftovers(layout: Layout) -> bool:
    """Whether anything of a cluster is on the machine besides kept data."""
    kept = layout.baseline.exists() or layout.run.exists()
    return bool(kept or cgroups.members() or firewall.marked())


def clean(settings: ClusterSettings, layout: Layout, *, purge: bool) -> None:
    """End our processes and undo what they and we did to the machine.

    Every step is safe to repeat and does nothing when there is nothing to do. With
    ``purge`` the cluster's data goes too (objects, volumes, the encryption key); image
    stores and certificates stay, because they only save time.
    """
    if not cgroups.kill():
        left = ", ".join(str(pid) for pid in sorted(cgroups.members()))
        raise ClusterError(
            Problem(
                "processes-left",
                f"processes {left} do not end",
                f"cgroup {cgroups.TREE}",
                "they wait in the kernel",
                "see what they wait for in /proc/PID/stack, then run the same command again;"
                " a restart of the machine ends them for good",
            )
        )
    _unmount(layout)
    _unlink(settings)
    before = baseline.Baseline.load(layout.baseline) or firewall.assumed()
    if before is not None:
        firewall.clean(before)
        firewall.clean_connections(settings.networks)
        _restore_sysctls(before)
    cgroups.remove()
    _forget(layout, purge=purge)
    if before is not None:
        _remove_made(before)
    layout.baseline.unlink(missing_ok=True)


def own_mounts(mountinfo: str, layout: Layout) -> list[str]:
    """The mounts that a cluster makes, innermost first.

    They are made in a namespace that dies with us; none should be left. A disk that
    somebody mounted as the state directory itself, or under its volumes, is not ours.
    """
    targets = [line.split()[4].encode().decode("unicode_escape") for line in mountinfo.splitlines()]
    ours = (layout.nodes, layout.run)
    return [
        target for target in reversed(targets) if any(Path(target).is_relative_to(o) for o in ours)
    ]


def _unmount(layout: Layout) -> None:
    for target in own_mounts(Path("/proc/self/mountinfo").read_text(), layout):
        run(["umount", "--lazy", target])


def _unlink(settings: ClusterSettings) -> None:
    if host.program("ip") is None:
        return  # a bare machine: no link was ever made here
    for name in baseline.links():
        if name.startswith(OWN_LINKS):
            run(["ip", "link", "delete", name], check=False)
    address = f"{settings.networks.node}/32"
    if f" {address} " in run(["ip", "-o", "address", "show", "dev", "lo"]):
        run(["ip", "address", "delete", address, "dev", "lo"])


def _restore_sysctls(before: baseline.Baseline) -> None:
    now = baseline.read_sysctls()
    for name, value in before.sysctls.items():
        if now.get(name) not in (None, value):
            (baseline.PROC_SYS / name).write_text(value)


def _forget(layout: Layout, *, purge: bool) -> None:
    gone = [layout.run, layout.config]
    gone += [
        path / part for path in _node_roots(layout) for part in ("containerd", "ipam", "netns")
    ]
    if purge:
        gone += [layout.nodes, layout.etcd, layout.volumes, layout.secrets, layout.logs]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _node_roots(layout: Layout) -> list[Path]:
    return sorted(layout.nodes.iterdir()) if layout.nodes.exists() else []


def _remove_made(before: baseline.Baseline) -> None:
    for name in before.made:
        path = Path(name)
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
