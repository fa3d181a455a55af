"""Property values: what the engine sends, and what it gets back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from toolchain.plugins.kubernetes.checkpoint import (
    mark_secrets,
    read_state,
    to_object,
    to_properties,
    write_state,
)
from toolchain.plugins.kubernetes.values import (
    SIGNATURE,
    UNKNOWN,
    Secret,
    from_struct,
    has_secret,
    has_unknown,
    plain,
    to_struct,
)

SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def sent(value: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, True, None, "x", {"b": {}}, []]},
        {"secret": Secret({"deep": ["x"]}), "unknown": UNKNOWN},
        {"nested": {"list": [Secret(1), UNKNOWN]}},
    ],
)
def test_round_trip(value: dict[str, Any]) -> None:
    assert from_struct(to_struct(value)) == value


def test_numbers_arrive_as_doubles() -> None:
    decoded = from_struct(sent({"whole": 3.0, "half": 0.5, "yes": True}))
    assert decoded == {"whole": 3, "half": 0.5, "yes": True}
    types = {key: type(value) for key, value in decoded.items()}
    assert types == {"whole": int, "half": float, "yes": bool}


def test_wire_form_of_secrets_and_unknowns() -> None:
    encoded = json_format.MessageToDict(to_struct({"s": Secret("x"), "u": UNKNOWN}))
    assert encoded == {"s": {SIGNATURE: SECRET, "value": "x"}, "u": UNKNOWN_STRING}


def test_secrets_are_sent_plain_to_an_engine_that_knows_none() -> None:
    encoded = json_format.MessageToDict(to_struct({"s": Secret({"a": "x"})}, keep_secrets=False))
    assert encoded == {"s": {"a": "x"}}


def test_output_values() -> None:
    output = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    known = {**output, "value": "x", "secret": True}
    assert from_struct(sent({"known": known, "unknown": output})) == {
        "known": Secret("x"),
        "unknown": UNKNOWN,
    }


def test_assets_are_refused() -> None:
    with pytest.raises(ValueError, match="asset"):
        from_struct(sent({"a": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}}))


def test_secrets_never_show_in_text() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {[Secret({'a': 'hunter2'})]!r}"


def test_looking_inside() -> None:
    value = {"a": [{"b": Secret([UNKNOWN])}]}
    assert has_unknown(value) and has_secret(value)
    assert plain(value) == {"a": [{"b": [UNKNOWN]}]}
    assert not has_unknown({"a": [1]}) and not has_secret({"a": [1]})


def test_unknown_is_one() -> None:
    assert copy.deepcopy({"a": UNKNOWN})["a"] is UNKNOWN


def test_dashed_keys() -> None:
    properties = {"schema": {"x_kubernetes_int_or_string": Secret(True), "x_other": 1}}
    obj = to_object(properties)
    assert obj == {"schema": {"x-kubernetes-int-or-string": True, "x_other": 1}}
    assert to_properties(obj) == {"schema": {"x_kubernetes_int_or_string": True, "x_other": 1}}


def test_secrets_are_marked_as_narrowly_as_can_be() -> None:
    properties: dict[str, Any] = {"a": {"b": 1, "c": 2}, "list": [1, 2], "gone": 1}
    mark_secrets(properties, {"a": {"b": Secret(1), "x": Secret(1)}, "list": [1, Secret(2)]})
    # A list may come back in another order: any secret in it makes all of it secret.
    assert properties == {"a": {"b": Secret(1), "c": 2}, "list": Secret([1, 2]), "gone": 1}


def test_checkpoint_of_a_secret() -> None:
    inputs = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}}
    live = {**inputs, "metadata": {"uid": "1"}}
    written = write_state(inputs, live, inputs, "v1", "manager")
    assert written["data"] == written["__inputs"]["data"] == Secret({"a": "eA=="})
    state = read_state(written)
    assert (state.inputs, state.live) == (inputs, live)
    assert (state.api_version, state.manager) == ("v1", "manager")


def test_a_checkpoint_has_no_managed_fields_but_the_live_object_keeps_them() -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    live = {**inputs, "metadata": {"name": "a", "managedFields": [{"manager": "alicerce"}]}}
    written = write_state(inputs, live, inputs, "v1", "manager")
    assert written["metadata"] == {"name": "a"}
    assert live["metadata"]["managedFields"], "who waits for the object may still look at them"


def test_checkpoint_of_nothing() -> None:
    state = read_state({})
    assert (state.inputs, state.live, state.api_version, state.manager) == ({}, {}, "", "")
