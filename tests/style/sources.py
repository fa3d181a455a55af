"""The repository's own sources, read once."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("infra", "k8s", "stacks", "ops", "toolchain", "workload")


@dataclass(frozen=True)
class Source:
    """One Python file: its path under the root, its text and its tree."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        """The dotted name that others import it by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """What its relative imports start from."""
        return self.module if self.path.endswith("__init__.py") else self.module.rpartition(".")[0]

    def imports(self) -> Iterator[str]:
        """Every module that it imports, anywhere in the file; relative ones made whole."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = self.package.split(".")
                    above = ".".join(parts[: len(parts) - node.level + 1])
                    base = f"{above}.{base}".rstrip(".")
                # `from k8s import pods` imports the module k8s.pods.
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def at(self, node: ast.AST) -> str:
        """Where a finding is, as editors understand it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@cache
def files() -> tuple[str, ...]:
    """Every file that is, or is about to be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(path for path in listed.stdout.splitlines() if (ROOT / path).is_file())


@cache
def sources(*rooms: str) -> tuple[Source, ...]:
    """The Python files under these folders (or in this very file)."""
    return tuple(
        Source(path, (ROOT / path).read_text())
        for path in files()
        if path.endswith(".py") and any(path == r or path.startswith(f"{r}/") for r in rooms)
    )
