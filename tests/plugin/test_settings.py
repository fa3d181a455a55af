"""The provider's configuration, kubeconfigs, errors, and a cheap start."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from toolchain.plugins.kubernetes.configuring import check_config, diff_config
from toolchain.plugins.kubernetes.errors import ApiError, ConfigError, conflict_text
from toolchain.plugins.kubernetes.host import Host
from toolchain.plugins.kubernetes.invoking import decode_yaml
from toolchain.plugins.kubernetes.kubeconfig import connection, load
from toolchain.plugins.kubernetes.session import Canceller, Session
from toolchain.plugins.kubernetes.settings import Settings, read_settings
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj, Secret

UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def kubeconfig(**user: object) -> Obj:
    return {
        "current-context": "main",
        "clusters": [
            {"name": "c1", "cluster": {"server": "https://one:6443/"}},
            {"name": "c2", "cluster": {"server": "https://two", "insecure-skip-tls-verify": True}},
        ],
        "contexts": [
            {"name": "main", "context": {"cluster": "c1", "user": "u", "namespace": "shop"}},
            {"name": "other", "context": {"cluster": "c2", "user": "u"}},
        ],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
    }


def test_contexts_and_overrides() -> None:
    main = connection(kubeconfig(), Path())
    assert (main.server, main.namespace, main.verify) == ("https://one:6443", "shop", True)
    other = connection(kubeconfig(), Path(), context="other", namespace="x")
    assert (other.server, other.namespace, other.verify) == ("https://two", "x", False)
    assert connection(kubeconfig(), Path(), cluster="c2").server == "https://two"
    assert connection(kubeconfig(), Path(), context="other").namespace == "default"


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [({"context": "none"}, "it has main, other"), ({"cluster": "none"}, "no server address")],
)
def test_missing_parts_are_named(kwargs: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        connection(kubeconfig(), Path(), **kwargs)


def test_key_material_from_data_and_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2")
    data = base64.b64encode(b"public").decode()
    config = kubeconfig(**{"client-certificate-data": data, "client-key": "key"})
    found = connection(config, tmp_path)
    assert (found.certificate, found.key) == (b"public", b"hunter2")
    assert "hunter2" not in repr(found)
    with pytest.raises(ConfigError, match="client-key can't be read"):
        connection(config, tmp_path / "elsewhere")


def test_helper_programs_are_refused() -> None:
    with pytest.raises(ConfigError, match="official plugin"):
        connection(kubeconfig(exec={"command": "aws"}), Path())


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = yaml.safe_dump(kubeconfig())
    path = tmp_path / "config"
    path.write_text(text)
    assert load(text)[0] == load(str(path))[0] == load(json.dumps(kubeconfig()))[0] == kubeconfig()
    assert load(str(path))[1] == tmp_path
    second = tmp_path / "second"
    second.write_text(yaml.safe_dump({**kubeconfig(), "current-context": "other"}))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{path}:{second}")
    assert load("")[0]["current-context"] == "main"
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    with pytest.raises(ConfigError, match=r"no kubeconfig.*missing"):
        load("")
    with pytest.raises(ConfigError, match="neither the path"):
        load("/no/such/file")


def test_broken_kubeconfig_is_not_quoted() -> None:
    with pytest.raises(ConfigError) as error:
        load("token: hunter2\n  bad: [")
    assert "hunter2" not in str(error.value)


def test_settings_from_variables_arguments_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_settings(
        {"kubernetes:config:deleteUnreachable": "true"}, {"enablePatchForce": True}
    )
    assert found.delete_unreachable and found.patch_force and not found.upsert_existing
    monkeypatch.setenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true")
    assert read_settings({}, {}).upsert_existing
    assert not read_settings(
        {"kubernetes:config:upsertExistingObjects": "false"}, {}
    ).upsert_existing
    secret = read_settings({}, {"kubeconfig": Secret({"clusters": []})})
    assert json.loads(secret.kubeconfig) == {"clusters": []}
    assert "clusters" not in repr(secret)


@pytest.mark.parametrize(
    "found",
    [
        read_settings({"kubernetes:config:kubeconfig": UNKNOWN_STRING}, {}),
        read_settings({}, {"context": UNKNOWN}),
        read_settings({}, {"kubeconfig": Secret({"clusters": [UNKNOWN]})}),
    ],
)
def test_unknown_cluster_defers(found: Settings) -> None:
    assert found.deferred
    session = Session(found, Host(), Canceller())
    assert not session.reachable()
    assert session.default_namespace == "default"


def test_check_config() -> None:
    assert check_config({"kubeconfig": Secret(json.dumps(kubeconfig()))}) == []
    assert check_config({"kubeconfig": UNKNOWN}) == []
    assert check_config({"kubeconfig": "nonsense"})[0][0] == "kubeconfig"
    assert check_config({"renderYamlToDirectory": "x"})[0][0] == "renderYamlToDirectory"
    assert check_config({"enableServerSideApply": "false"})[0][0] == "enableServerSideApply"


def test_another_cluster_replaces() -> None:
    old = {"kubeconfig": json.dumps(kubeconfig())}
    renewed = {"kubeconfig": json.dumps(kubeconfig(token="new"))}
    assert diff_config(old, renewed).replaces == []
    assert diff_config(old, renewed).changed == ["kubeconfig"]
    assert diff_config(old, {**old, "context": "other"}).replaces == ["context"]
    assert diff_config(old, {**old, "context": UNKNOWN}).replaces == ["context"]
    assert diff_config(old, old).changed == []


def test_api_errors_say_everything_once() -> None:
    causes = [
        {"field": "spec.a", "message": "Required value", "reason": "FieldValueRequired"},
        {"field": "spec.b", "message": "told already"},
    ]
    answer = {
        "reason": "Invalid",
        "message": "x is invalid: spec.b: told already",
        "details": {"causes": causes},
    }
    text = str(ApiError(422, answer, "creating Thing n/a (e.x/v1)"))
    assert text.startswith("creating Thing n/a (e.x/v1) failed (422 Invalid): x is invalid")
    assert "spec.a: Required value" in text
    assert text.count("told already") == 1


def test_conflicts_name_owner_field_and_ways_out() -> None:
    cause = {"reason": "FieldManagerConflict", "field": ".spec.a", "message": 'conflict with "hpa"'}
    answer = {"reason": "Conflict", "message": "m", "details": {"causes": [cause]}}
    error = ApiError(409, answer, "applying")
    assert error.conflict and not error.already_exists
    text = conflict_text(error, "me", "Thing n/a")
    for words in ("hpa", ".spec.a", "Thing n/a", "patchForce", "ignoreChanges", "'me'"):
        assert words in text


UNSTAFFED = (
    'Internal error occurred: failed calling webhook "mcluster.cnpg.io": failed to call webhook: '
    'Post "https://hook.operators.svc:443/mutate?timeout=10s": no endpoints available for service '
    '"hook"'
)


@pytest.mark.parametrize(
    ("status", "message", "dry", "service"),
    [
        (500, UNSTAFFED, True, ("operators", "hook")),
        (500, 'failed calling webhook "x": connection refused', True, ("", "")),
        (500, "etcd is gone", False, ("", "")),
        (400, 'admission webhook "x" does not support dry run', True, ("", "")),
        (403, 'admission webhook "x" denied the request: no', False, ("", "")),
    ],
)
def test_a_webhook_that_is_away_is_told_from_one_that_refuses(
    status: int, message: str, dry: bool, service: tuple[str, str]
) -> None:
    error = ApiError(status, {"message": message}, "applying")
    assert (error.no_dry_run, error.unstaffed_webhook()) == (dry, service)


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    text = "apiVersion: v1\nkind: A\nd: 2026-01-01\n80: x\n---\n---\nnot: an object\n"
    session = Session(Settings(deferred=True), Host(), Canceller())
    (found,) = decode_yaml(session, text, "")
    assert found["d"] == "2026-01-01" and found["80"] == "x"


def test_start_loads_neither_the_sdk_nor_http() -> None:
    """The engine starts a plugin several times a run: this is what keeps that cheap."""
    script = (
        "import sys, toolchain.plugins.kubernetes.serve\n"
        "heavy = {'pulumi', 'urllib3', 'yaml', 'kubernetes', 'jsonpath_rfc9535'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "import pulumi; print(pulumi.Output)\n"
    )
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told[0] == "[]"
    assert "pulumi.output.Output" in told[1]
