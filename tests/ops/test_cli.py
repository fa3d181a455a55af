"""The command: exit codes, and one clear error instead of a traceback."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import cli, cluster, engine, stack
from ops import up as bring_up
from ops.doctor.problems import Problem
from ops.errors import OpsError
from toolchain.embedded import ClusterError
from toolchain.embedded import Problem as ClusterProblem

Run = Callable[..., tuple[int, str, str]]

OBSTACLE = Problem("not-root", "no rights", "use sudo")
MENDED = Problem("go-missing", "no Go", "up fetches it", mended_by_up=True)


@pytest.fixture
def run(state: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> object:
    """Runs `alicerce` with these words; gives its exit code, its output and its errors."""

    def alicerce(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["alicerce", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return alicerce


@pytest.mark.parametrize(
    ("problems", "code"), [([], 0), ([MENDED], 0), ([OBSTACLE], 1), ([MENDED, OBSTACLE], 1)]
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_doctors_exit_code_says_whether_up_can_go_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, problems: list[Problem], code: int, form: list[str]
) -> None:
    monkeypatch.setattr(cli, "diagnose", lambda context: problems)
    assert run("doctor", *form)[0] == code


def test_wrong_usage_has_a_code_of_its_own(run: Run) -> None:
    code, _, error = run("doctor", "--jsn")
    assert code == 2
    assert "--jsn" in error


def test_the_doctors_json_has_one_entry_a_problem(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "diagnose", lambda context: [OBSTACLE, MENDED])
    document = json.loads(run("doctor", "--json")[1])
    assert document[0] == {
        "id": "not-root",
        "reason": "no rights",
        "fix": "use sudo",
        "mended_by_up": False,
    }
    assert document[1]["mended_by_up"] is True


def test_the_doctor_says_id_reason_and_fix(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "diagnose", lambda context: [OBSTACLE])
    _, output, _ = run("doctor")
    assert output == "not-root (must be mended)\n  why: no rights\n  fix: use sudo\n"


def test_the_real_doctor_answers(run: Run) -> None:
    code, output, _ = run("doctor", "--json")
    assert code in (0, 1)
    assert "check-failed" not in {problem["id"] for problem in json.loads(output)}


def test_env_prints_what_a_shell_takes_and_no_secret(run: Run, state: Path) -> None:
    code, output, error = run("env")
    assert code == 0
    assert all(line.startswith("export ") for line in output.splitlines())
    assert (state / "passphrase").read_text() not in output + error


@pytest.mark.parametrize("command", ["up", "render flow_studio"])
def test_a_broken_stack_file_is_one_clear_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  alicerce:nodes: many\n")
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    code, _, error = run(*command.split())
    assert code == 1
    assert "Pulumi.local.yaml: alicerce:nodes" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("content", [b"", b"[", b"\xff\xfe", b"config: 3", None])
def test_no_stack_file_ends_in_a_traceback(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "Pulumi.local.yaml").write_bytes(content)
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    code, _, error = run("up")
    assert code == 1
    assert "fix" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OpsError("x", what="it [broke]", where="here", why="so", fix="mend it"), "it [broke]"),
        (ClusterError(ClusterProblem("lock-busy", "busy", "lock", "two", "wait")), "[lock-busy]"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "No space left on device"),
    ],
)
def test_a_failing_up_keeps_evidence_and_says_what_is_wrong(
    run: Run, state: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, said: str
) -> None:
    def fail(phases: object) -> None:
        raise raised

    monkeypatch.setattr(bring_up, "up", fail)
    code, _, error = run("up")
    assert code == 1
    assert said in error
    assert "Traceback" not in error
    (folder,) = (state / "evidence").iterdir()
    assert str(folder) in error
    assert said in (folder / "error.txt").read_text()


def test_a_full_disk_does_not_hide_the_first_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(phases: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bring_up, "up", fail)
    monkeypatch.setenv("ALICERCE_STATE", "/proc/nothing/can/be/made/here")
    code, _, error = run("up")
    assert code == 1
    assert "no evidence could be kept" in error
    assert "No space left on device" in error


def test_down_forgets_the_state_of_what_is_gone(
    run: Run, state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Running:
        def down(self, report: object) -> None:
            assert engine.local_backend().exists()

    monkeypatch.setenv("ALICERCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cluster, "existing_cluster", Running)
    engine.prepare_backend()
    code, _, error = run("down")
    assert (code, "done" in error) == (0, True)
    assert list(state.iterdir()) == []
