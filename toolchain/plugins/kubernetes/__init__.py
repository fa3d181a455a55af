"""Fallback for pulumi-resource-kubernetes: the same resource types, over plain HTTP.

The official plugin is a Go binary that can only be downloaded. Where it can't be, this package
serves the same tokens with the same behaviour: programs, state files and previews don't change
when one takes the other's place. The behaviour is that of pulumi-kubernetes 4.34.
"""

#: The version this plugin answers with: that of the SDK whose tokens it serves.
VERSION = "4.34.2"
