"""``python -m k8s.vendor releases/cnpg-1.30.0.yaml``: takes over CloudNativePG's definitions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

from k8s.vendor import FOLDER, slimmed


def main(source: Path) -> None:
    """Writes one JSON file for each CustomResourceDefinition in ``source``."""
    folder = FOLDER / "cloudnative_pg"
    for old in folder.glob("*.json"):
        old.unlink()
    for document in yaml.safe_load_all(source.read_text(encoding="utf-8")):
        if document and document["kind"] == "CustomResourceDefinition":
            name = document["spec"]["names"]["plural"]
            text = json.dumps(slimmed(document), sort_keys=True, separators=(",", ":"))
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
