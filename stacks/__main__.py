"""What ``pulumi up`` runs: read the stack, build it, say what was built."""

from infra.settings.load import from_pulumi
from stacks.build import build
from stacks.exports import publish
from stacks.systems import SYSTEMS

platform = from_pulumi(SYSTEMS)
publish(platform, build(platform))
