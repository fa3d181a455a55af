"""House rules that the linter doesn't know."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.style.sources import ROOMS, ROOT, Source, files, sources

LONGEST = 220  # lines: more than one thing lives in a longer file
LONGEST_TEST = 300  # and more than one subject is tested in one
# Path -> how long it may be, and why it isn't divided.
LONG_FOR_A_REASON: dict[str, tuple[int, str]] = {
    "toolchain/plugins/kubernetes/server.py": (300, "the protocol's one class, a method a call"),
    "infra/settings/quantities.py": (230, "every unit beside the others, so that all parse alike"),
    **dict.fromkeys(
        (f"stacks/systems/{name}/system.py" for name in ("blipee", "models_3d", "sms_ao")),
        (260, "what a product needs is one file to read"),
    ),
}
# Programs of their own inside these rooms, with no settings object to be given.
PROCESSES = {
    "infra/settings/load.py": "the one reader",
    "infra/core/generation.py": "the plugin process that makes keys, and renews them in time",
    "stacks/policy/pack/__main__.py": "the engine starts it, and tells it the stack this way",
}

Finder = Callable[[Source], Iterator[ast.AST]]


def found(finder: Finder, *rooms: str) -> list[str]:
    """Where the finder finds something in these rooms."""
    return [source.at(node) for source in sources(*rooms) for node in finder(source)]


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call under a node, with the dotted name that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def config_readers(source: Source) -> Iterator[ast.AST]:
    """Calls of Pulumi's configuration."""
    for name, node in calls(source.tree):
        if name in ("Config", "pulumi.Config") or name.startswith(
            ("pulumi.runtime.config.", "runtime.CONFIG", "runtime.get_config")
        ):
            yield node


def silent_handlers(source: Source) -> Iterator[ast.AST]:
    """Handlers of everything: bare ones, and broad ones that pass over what they caught."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            does_nothing = all(
                isinstance(line, ast.Pass | ast.Continue) or ast.unparse(line) == "..."
                for line in node.body
            )
            if node.type is None or (broad and does_nothing):
                yield node


def unexplained_sleeps(source: Source) -> Iterator[ast.AST]:
    """Sleeps without a comment beside or right above them."""
    lines = source.text.splitlines()
    for name, node in calls(source.tree):
        if name in ("sleep", "time.sleep"):
            near = lines[max(0, node.lineno - 2) : node.lineno]
            if not any("#" in line for line in near):
                yield node


def environment_readers(source: Source) -> Iterator[ast.AST]:
    """Reads of the environment, the clock or chance: a component has settings instead."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "os.environ", "os.getenv", "time.time", "datetime.now", "uuid.uuid4", "random.random",
        ):  # fmt: skip
            yield node


def resources_made_in_apply(source: Source) -> Iterator[ast.AST]:
    """Calls that look like resources inside what is given to ``apply``.

    A resource is anything called with ``opts=``, or a capitalised name with
    ``pulumi`` or ``k8s`` somewhere in its module path. Functions are followed
    by name within the file.
    """
    functions = {
        node.name: node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for name, node in calls(source.tree):
        if not name.endswith(".apply"):
            continue
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            target = functions.get(ast.unparse(argument).rpartition(".")[2], argument)
            yield from (
                call for _, call in calls(target) if any(k.arg == "opts" for k in call.keywords)
            )


def unregistered_components(source: Source) -> Iterator[ast.AST]:
    """Components whose ``__init__`` doesn't end with its one ``self.register_outputs``."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and any(
            ast.unparse(base).split(".")[-1].split("[")[0] in ("Component", "ComponentResource")
            for base in node.bases
        ):
            inits = [
                x for x in node.body if isinstance(x, ast.FunctionDef) and x.name == "__init__"
            ]
            if node.name == "Component":
                continue  # the base of all: it has no outputs of its own
            ends = [ast.unparse(init.body[-1]) for init in inits]
            counts = [ast.unparse(init).count("self.register_outputs(") for init in inits]
            if counts != [1] or not ends[0].startswith("self.register_outputs("):
                yield node


@pytest.mark.parametrize("room", [room for room in ROOMS if sources(room)])
def test_a_file_is_about_one_thing(room: str) -> None:
    long = {
        source.path: lines
        for source in sources(room)
        if (lines := len(source.text.splitlines()))
        > LONG_FOR_A_REASON.get(source.path, (LONGEST, ""))[0]
    }
    assert long == {}


def test_a_test_file_is_about_one_subject() -> None:
    lengths = {source.path: len(source.text.splitlines()) for source in sources("tests", "bench")}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_TEST} == {}


def test_exceptions_are_still_needed() -> None:
    lengths = {source.path: len(source.text.splitlines()) for source in sources(*ROOMS)}
    assert [path for path in LONG_FOR_A_REASON if lengths.get(path, 0) <= LONGEST] == []


def test_only_load_reads_the_configuration() -> None:
    readers = found(config_readers, "infra", "k8s", "stacks", "ops")
    assert [place for place in readers if not place.startswith("infra/settings/load.py")] == []


def test_programs_read_no_environment_and_no_clock() -> None:
    """They would plan something else each time, or on each machine."""
    readers = found(environment_readers, "infra", "k8s", "stacks")
    assert [place for place in readers if place.split(":")[0] not in PROCESSES] == []


def test_nothing_caught_is_passed_over() -> None:
    assert found(silent_handlers, *ROOMS) == []


def test_a_sleep_says_why_nothing_can_be_waited_for() -> None:
    assert found(unexplained_sleeps, *ROOMS, "tests", "bench") == []


def test_nothing_is_made_inside_apply() -> None:
    assert found(resources_made_in_apply, "infra", "k8s", "stacks") == []


def test_every_component_registers_its_outputs_last() -> None:
    assert found(unregistered_components, "infra", "k8s", "stacks") == []


def test_the_engine_is_started_in_ops_alone() -> None:
    """The Automation API, or a `pulumi` process, anywhere else would be a second way to run it."""
    users = [
        source.path
        for source in sources("infra", "k8s", "stacks", "toolchain", "workload")
        for name in source.imports()
        if name.startswith("pulumi.automation")
    ]
    assert users == []


@pytest.mark.parametrize(
    ("finder", "wrong", "right"),
    [
        (config_readers, "pulumi.Config('x')", "Config = 1"),
        (silent_handlers, "try:\n f()\nexcept:\n raise", "try:\n f()\nexcept Exception:\n raise"),
        (silent_handlers, "try:\n f()\nexcept Exception:\n pass", "try:\n f()\nexcept A:\n pass"),
        (unexplained_sleeps, "x = 1\n\ntime.sleep(1)", "# only a poll is possible\ntime.sleep(1)"),
        (environment_readers, "x = os.environ['A']", "x = settings.a"),
        (
            resources_made_in_apply,
            "def make(v):\n    Bucket(v, opts=o)\nname.apply(make)",
            "Bucket(name.apply(str.lower), opts=o)",
        ),
        (resources_made_in_apply, "name.apply(lambda v: Bucket(v, opts=o))", "name.apply(len)"),
        (
            unregistered_components,
            "class A(Component):\n    def __init__(self):\n        self.x = 1",
            "class A(Component):\n    def __init__(self):\n        self.register_outputs({})",
        ),
        (
            unregistered_components,
            "class A(Component):\n    def __init__(self):\n"
            "        self.register_outputs({})\n        self.x = 1",
            "class A(Settings):\n    x: int",
        ),
    ],
)  # fmt: skip
def test_each_rule_sees_what_it_forbids_and_nothing_else(
    finder: Finder, wrong: str, right: str
) -> None:
    assert list(finder(Source("k8s/x.py", wrong)))
    assert not list(finder(Source("k8s/x.py", right)))


# Places of the machine that this was written on: nobody else has them. The
# account root's home may stand where a container or a node is meant.
MACHINE_PATHS = re.compile(r"(?<![\w.}/])/(?:work|root|home/\w+)/")


def test_no_file_names_a_place_of_its_authors_machine() -> None:
    this = "tests/style/test_rules.py"
    named = [
        f"{path}:{number}"
        for path in files()
        if path != this and not path.endswith((".sum", ".lock", ".png", ".ico"))
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert named == []


def test_locked_packages_come_from_the_public_registry() -> None:
    """A lock file made behind a mirror would name a host that nobody else reaches."""
    hosts = set(re.findall(r'https?://([^/"]+)', (ROOT / "uv.lock").read_text()))
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}
