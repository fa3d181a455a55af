"""Holds that changed image content always has a new tag.

Running Pods only follow a new name: content that changes under an old tag would
be built, imported, and never run. ``digests.toml`` says which content each tag
stands for; a test compares. After raising a tag in ``infra/settings/versions.py``
(a suffix like ``-2`` will do): ``python -m toolchain.images.digests``. The Go
programs in an image aren't part of it: their versions are the tags.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from toolchain.images.build import content
from toolchain.images.recipes import RECIPES, Recipe

RECORD = Path(__file__).parent / "digests.toml"
COMMAND = "python -m toolchain.images.digests"

Record = Mapping[str, Mapping[str, str]]


def recorded() -> Record:
    """Image name -> its tag and content when the record was written."""
    return tomllib.loads(RECORD.read_text()) if RECORD.exists() else {}


def current(recipes: Iterable[Recipe] = RECIPES.values()) -> Record:
    """The same, as things are now."""
    return {
        recipe.name: {"tag": recipe.reference.rpartition(":")[2], "content": content(recipe)}
        for recipe in recipes
    }


def reused_tags(old: Record, new: Record) -> list[str]:
    """Images whose content changed under the tag they had."""
    return [
        f"image {name!r} changed but its tag is still {now['tag']}: raise it in"
        f" infra/settings/versions.py, then run `{COMMAND}`"
        for name, now in new.items()
        if name in old and old[name]["tag"] == now["tag"] and old[name]["content"] != now["content"]
    ]


def main() -> None:
    """Write the record, unless a tag would stand for two contents."""
    new = current()
    refused = reused_tags(recorded(), new)
    if refused:
        sys.exit("\n".join(refused))
    RECORD.write_text(
        "# Which content each image's tag stands for: toolchain/images/digests.py writes this.\n"
        + "".join(
            f'\n[{name}]\ntag = "{entry["tag"]}"\ncontent = "{entry["content"]}"\n'
            for name, entry in new.items()
        )
    )


if __name__ == "__main__":
    main()
