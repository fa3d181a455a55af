"""Imports go one way: infra.settings <- infra.core <- {infra.aws, k8s} <- stacks <- ops."""

from __future__ import annotations

import sys

import pytest

from tests.style.sources import ROOMS, Source, sources

# Room -> the rooms of ours that it may import. The longest name that fits a module is its room.
ALLOWED: dict[str, tuple[str, ...]] = {
    "infra.settings": ("infra.settings",),
    "infra.core": ("infra.settings", "infra.core"),
    "infra.aws": ("infra.settings", "infra.core", "infra.aws"),
    "k8s": ("infra.settings", "infra.core", "k8s"),
    "stacks.systems": ("infra.settings", "stacks.systems"),
    "stacks": ("infra", "k8s", "stacks"),
    # settings is the lowest room: versions stand there once, for all.
    "toolchain": ("infra.settings", "toolchain"),
    "ops": ("infra", "k8s", "stacks", "toolchain", "ops"),
    # An image of its own: it knows nothing of what runs it.
    "workload": ("workload", "reference"),
}
OURS = {room.split(".")[0] for room in ALLOWED}


def within(module: str, room: str) -> bool:
    """Whether a module is the room or in it."""
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> str:
    """The room that a module belongs to."""
    rooms = [room for room in ALLOWED if within(module, room)]
    assert rooms, f"{module} is in no room: design.md, section 2, has them all"
    return max(rooms, key=len)


def forbidden(source: Source) -> list[str]:
    """The imports of ours that the source's room may not have."""
    allowed = ALLOWED[room_of(source.module)]
    return [
        f"{source.path} imports {name}"
        for name in source.imports()
        if name.split(".")[0] in OURS and not any(within(name, room) for room in allowed)
    ]


@pytest.mark.parametrize("room", [room for room in ROOMS if sources(room)])
def test_a_room_imports_only_the_rooms_under_it(room: str) -> None:
    modules = [source for source in sources(room) if source.module != "infra"]
    assert [found for source in modules for found in forbidden(source)] == []


def test_a_system_needs_only_settings_and_the_standard_library() -> None:
    outside = [
        f"{source.path} imports {name}"
        for source in sources("stacks/systems")
        for name in source.imports()
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(within(name, room) for room in ALLOWED["stacks.systems"])
    ]
    assert outside == []


def test_programs_know_no_cloud_client() -> None:
    """What is made, is made by the engine, where previews and policies see it."""
    clients = {"boto3", "botocore", "kubernetes"}
    found = [
        f"{source.path} imports {name}"
        for source in sources("infra", "k8s", "stacks")
        for name in source.imports()
        if name.split(".")[0] in clients
    ]
    assert found == []


@pytest.mark.parametrize(
    ("path", "line", "wrong"),
    [
        ("infra/settings/x.py", "from infra.core import guards", True),
        ("infra/core/x.py", "import infra.settings.tiers", False),
        ("infra/core/x.py", "import k8s.pods", True),
        ("infra/aws/x.py", "from k8s import pods", True),
        ("k8s/data/x.py", "from infra.aws.bucket import Bucket", True),
        ("k8s/data/x.py", "from ..pods import Pod", False),
        ("stacks/systems/y/x.py", "from stacks.exports import Exports", True),
        ("stacks/x.py", "import toolchain.tools", True),
        ("toolchain/x.py", "from ops import engine", True),
        ("ops/x.py", "from toolchain import tools", False),
    ],
)
def test_the_rule_sees_each_kind_of_wrong_import(path: str, line: str, wrong: bool) -> None:
    assert bool(forbidden(Source(path, line))) is wrong
