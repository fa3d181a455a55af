"""What the cleanup may take away, and what it must leave to its owner."""

from __future__ import annotations

from pathlib import Path

from toolchain.embedded.cleanup import own_mounts
from toolchain.embedded.layout import Layout

MOUNTS = """\
20 1 0:1 / / rw - ext4 /dev/vda rw
21 20 0:2 / /srv/state rw - ext4 /dev/vdb rw
22 21 0:3 / /srv/state/volumes/node-1/full rw - ext4 /dev/loop0 rw
23 21 0:4 / /srv/state/nodes/node-2/netns rw - nsfs nsfs rw
24 21 0:5 / /srv/state/nodes/node-1/kubelet/pods/a\\040b rw - tmpfs tmpfs rw
25 21 0:6 / /srv/state/run/shadow/cni rw - ext4 /dev/vdb rw
26 20 0:7 / /srv/state-of-others/nodes/node-1 rw - tmpfs tmpfs rw
"""


def test_only_what_a_cluster_makes_is_unmounted_innermost_first() -> None:
    assert own_mounts(MOUNTS, Layout(Path("/srv/state"))) == [
        "/srv/state/run/shadow/cni",
        "/srv/state/nodes/node-1/kubelet/pods/a b",
        "/srv/state/nodes/node-2/netns",
    ]
