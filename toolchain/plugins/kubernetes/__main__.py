"""Entry point: `python __main__.py [ENGINE_ADDRESS]` prints its port and serves until stopped."""

import sys
from pathlib import Path


def _make_importable() -> None:
    """Put the checkout first on the path, so that the plugin runs without being installed."""
    root = str(Path(__file__).resolve().parents[3])
    if root not in sys.path:
        sys.path.insert(0, root)


if __name__ == "__main__":
    _make_importable()
    from toolchain.plugins.kubernetes.serve import serve

    serve(sys.argv[1:])
