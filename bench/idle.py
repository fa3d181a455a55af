"""Resident memory of every part at rest, by the process that holds it."""

from __future__ import annotations

from collections import defaultdict

import psutil

from ops.paths import state_dir

CEILING = 8 * 2**30


def main() -> None:
    """Sum proportional memory by program; ours are those below the supervisor and containerd."""
    used: dict[str, int] = defaultdict(int)
    for process in psutil.process_iter(["name", "cmdline"]):
        try:
            if _ours(process):
                used[_label(process)] += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    total = sum(used.values())
    for label, size in sorted(used.items(), key=lambda item: -item[1]):
        print(f"{size / 2**20:8.0f} MiB  {label}")
    print(f"{total / 2**20:8.0f} MiB  in all, {total / CEILING:.2f} of the ceiling of 8 GiB")


def _ours(process: psutil.Process) -> bool:
    state = str(state_dir())
    family = (process, *process.parents())
    return any(state in " ".join(member.cmdline()) for member in family)


def _label(process: psutil.Process) -> str:
    words = process.cmdline()
    if words and words[0].endswith(("python3", "python")) and "-m" in words:
        return f"python {words[words.index('-m') + 1]}"
    return process.name()


if __name__ == "__main__":
    main()
