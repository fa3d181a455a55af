#!/usr/bin/env bash
# Makes the project's Python environment from the lock file. Needs only Python
# and pip; uv itself comes from PyPI into a folder of ours when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${ALICERCE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/alicerce}"
uv="$(command -v uv || true)"
if [ -z "$uv" ]; then
    uv="$cache/uv/bin/uv"
    if [ ! -x "$uv" ]; then
        if ! python3 -m venv "$cache/uv" 2>/dev/null; then
            # Debian keeps venv in a package of its own.
            apt-get update -qq && apt-get install -y -qq python3-venv
            python3 -m venv --clear "$cache/uv"
        fi
        "$cache/uv/bin/pip" install --quiet uv
    fi
fi
exec "$uv" sync --quiet --locked "$@"
