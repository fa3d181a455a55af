"""No stack file ends in a traceback: it gives a Platform or a SettingsError."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.settings import stackfile
from infra.settings.errors import SettingsError
from infra.settings.load import from_stack_file, load
from infra.settings.platform import Platform
from infra.settings.quantities import Duration, Quantity, Size
from stacks.systems import SYSTEMS

GOOD: dict[str, Any] = {
    "alicerce:target": "cluster",
    "alicerce:tier": "local",
    "alicerce:systems": ["flow_studio", "blipee"],
    "alicerce:domain": "x.localhost",
    "alicerce:nodes": 3,
    "alicerce:replacements": ["kubernetes:core/v1:PersistentVolumeClaim::redis-data"],
    "alicerce:systemSettings": {
        "flow_studio": {
            "host": "flow.example.com",
            "quota": {"pods": 80, "memory": "20Gi"},
            "database": {"storage": "20Gi", "backupRetention": "10d"},
            "workloads": {
                "intuitivus-flow-app": {
                    "image": "ghcr.io/org/intuitivus-flow:v1.0.0",
                    "replicas": {"minimum": 4, "maximum": 8},
                    "resources": {"cpu": "100m"},
                    "environment": {"LOG_LEVEL": "debug"},
                }
            },
        }
    },
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.binary(max_size=5),
    st.sampled_from(["1Gi", "-1Gi", "5", "15min", "prod", "aws", "{", "[]", "a" * 300, "x.y", "~"]),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), inner, max_size=3),
    ),
    max_leaves=12,
)
keys = st.one_of(
    st.sampled_from([*GOOD, "alicerce:aws", "alicerce:kubeContext", "alicerce:x", "pulumi:tags"]),
    st.text(max_size=12),
)


def outcome(text: str, stack: str = "local") -> Platform | SettingsError:
    """What loading gives; anything else that is raised fails the test."""
    values, problems = stackfile.parse(text, "Pulumi.local.yaml")
    try:
        if problems:
            raise SettingsError(problems)
        return load(stack, values, SYSTEMS)
    except SettingsError as error:
        for problem in error.problems:
            assert problem.file and problem.key and problem.reason and problem.fix
        return error


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in the tree, the root aside."""
    found = [at] if at else []
    if isinstance(tree, Mapping):
        for key, inner in tree.items():
            found += places(inner, (*at, key))
    elif isinstance(tree, list):
        for index, inner in enumerate(tree):
            found += places(inner, (*at, index))
    return found


def test_the_good_one_is_good() -> None:
    assert isinstance(outcome(yaml.safe_dump({"config": GOOD})), Platform)


@given(st.text(max_size=300))
@example("config: {? [a] : 1}")
@example("config: {alicerce:nodes: 1:30, alicerce:tier: =, alicerce:target: <<}")
@example("config: {<<: {alicerce:nodes: 2}}")
@example("config: {<<: 3}")
@example("config: {alicerce:nodes: " + "9" * 5000 + "}")
@example("config: {alicerce:nodes: 1e400, alicerce:systems: .inf}")
@example("config: {alicerce:domain: 2026-02-30}")
@example("\ufeffconfig: {}")
@example("%YAML 9.9\n---\nconfig: {}")
@example("--- a\n--- b")
def test_any_text(text: str) -> None:
    outcome(text)


@given(trees)
def test_any_yaml(tree: Any) -> None:
    outcome(yaml.safe_dump(tree))


@given(st.dictionaries(keys, trees, max_size=6))
def test_any_config(config: dict[str, Any]) -> None:
    outcome(yaml.safe_dump({"config": config}))


@settings(max_examples=300)
@given(st.data())
def test_a_good_file_with_one_place_spoilt(data: st.DataObject) -> None:
    config = copy.deepcopy(GOOD)
    *way, last = data.draw(st.sampled_from(places(config)))
    holder: Any = config
    for step in way:
        holder = holder[step]
    holder[last] = data.draw(trees)
    outcome(yaml.safe_dump({"config": config}))


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=20), st.text(max_size=40)))
def test_any_raw_map_of_any_stack(stack: str, values: dict[str, str]) -> None:
    for given_values in (values, {f"alicerce:{key}": value for key, value in values.items()}):
        try:
            load(stack, given_values, SYSTEMS)
        except SettingsError as error:
            assert error.problems


@given(st.dictionaries(keys, st.text(max_size=40)))
def test_any_raw_values_of_known_keys(values: dict[str, str]) -> None:
    try:
        load("local", {**{key: json.dumps(each) for key, each in GOOD.items()}, **values}, SYSTEMS)
    except SettingsError as error:
        assert error.problems


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "Pulumi.local.yaml"
    path.write_bytes(data)
    with pytest.raises(SettingsError):
        from_stack_file(path, SYSTEMS)


@given(st.integers(1, 20), st.integers(1, 20))
def test_replicas_arrive_or_are_refused(minimum: int, maximum: int) -> None:
    config = copy.deepcopy(GOOD)
    app = config["alicerce:systemSettings"]["flow_studio"]["workloads"]["intuitivus-flow-app"]
    app["replicas"] = {"minimum": minimum, "maximum": maximum}
    result = outcome(yaml.safe_dump({"config": config}))
    if minimum > maximum or minimum < 2:  # fewer than 2 would not survive the loss of a Pod
        assert isinstance(result, SettingsError)
    else:
        assert isinstance(result, Platform)
        replicas = result.system("flow_studio").workload("intuitivus-flow-app").replicas
        assert (replicas.minimum, replicas.maximum) == (minimum, maximum)


@given(
    st.sampled_from([("storage", Size), ("memory", Size), ("backupRetention", Duration)]),
    st.integers(0, 10**6),
    st.sampled_from(["B", "Mi", "Gi", "h", "d", "y", "m", ""]),
)
def test_a_quantity_arrives_as_written_or_is_refused(
    field: tuple[str, type[Quantity]], number: int, unit: str
) -> None:
    name, kind = field
    config = copy.deepcopy(GOOD)
    config["alicerce:systemSettings"]["flow_studio"]["database"] = {name: f"{number}{unit}"}
    result = outcome(yaml.safe_dump({"config": config}))
    if unit not in kind.units:
        assert isinstance(result, SettingsError)
    elif isinstance(result, Platform):
        database = result.system("flow_studio").database
        found = database.backup_retention if name == "backupRetention" else getattr(database, name)
        assert found == kind(f"{number}{unit}")
