"""A state folder of its own for each test, and the real engine from the cache."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from ops import engine, locks
from ops.deploy import Program
from tests.remembered import forget
from toolchain import tools

STACK = "tiny"
PATIENCE = 60.0  # seconds; what is waited for takes a second or two


@retry(
    retry=retry_if_result(lambda found: not found),
    stop=stop_after_delay(PATIENCE),
    wait=wait_fixed(0.02),
)
def eventually(condition: Callable[[], object]) -> object:
    """Wait until the condition holds; raises ``RetryError`` when it never does."""
    return condition()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty state folder, no cluster of the user's, and no engine settings of theirs."""
    folder = tmp_path / "state"
    monkeypatch.setenv("ALICERCE_STATE", str(folder))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi-home"))
    for name in ("PULUMI_BACKEND_URL", "ALICERCE_KUBE_CONTEXT", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    forget()
    yield folder
    locks.end_orphans(engine.local_backend())
    forget()


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with an empty cache and an empty PATH; gives the one folder that is on it."""
    monkeypatch.setenv("ALICERCE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    forget()
    yield folder
    forget()


# The program holds on while making its one object, for as long as a file is there.
SOURCE = """
import os
from pathlib import Path

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Holding(ResourceProvider):
    def create(self, props):
        import time
        from pathlib import Path

        folder = Path(props["folder"])
        with (folder / "made").open("a") as made:
            made.write(props["name"] + "\\n")
        while (folder / "hold").exists():
            time.sleep(0.05)
        return CreateResult(props["name"], props)


class Held(Resource):
    def __init__(self, name):
        super().__init__(Holding(), name, {"name": name, "folder": str(FOLDER)})


FOLDER = Path(__file__).parent
for name in (FOLDER / "objects").read_text().split():
    Held(name)
pulumi.export("alicerce", {"greeting": "hello"})
pulumi.export("hidden", pulumi.Output.secret("canary-of-the-state"))
"""


@dataclass
class Tiny:
    """A small program, and how to run the engine on it as a person would."""

    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def program(self) -> Program:
        """For ``ops.deploy``."""
        return Program(self.folder)

    def report(self, words: str) -> None:
        """Remember what was said."""
        self.said.append(words)

    def objects(self, *names: str) -> None:
        """What the program wants."""
        (self.folder / "objects").write_text("\n".join(names))

    def made(self) -> list[str]:
        """What was made so far, in order."""
        made = self.folder / "made"
        return made.read_text().split() if made.exists() else []

    def hold(self) -> None:
        """Make the next creation wait."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        """Let creations end."""
        (self.folder / "hold").unlink(missing_ok=True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a plain `pulumi` with nothing but what `alicerce env` prints."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self.folder, env=os.environ | engine.environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def pulumi(self, *arguments: str) -> str:
        """Run a plain `pulumi`; what it printed."""
        with self.start(*arguments) as process:
            output, _ = process.communicate()
        assert process.returncode == 0, output
        return output


@pytest.fixture
def tiny(state: Path, tmp_path: Path) -> Iterator[Tiny]:
    """The small program, in a project of its own, with the real engine."""
    tools.ensure(tools.ENGINE_TOOLS, lambda words: None)
    engine.prepare_backend()
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (folder / "__main__.py").write_text(SOURCE)
    made = Tiny(folder)
    made.objects("one")
    yield made
    made.let_go()
