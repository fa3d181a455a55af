"""`alicerce render`: the same objects as the program's, in the order to apply them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.settings.errors import Refused
from ops.render import ORDER, everything, render
from tests.support import platform, program

LOCAL = platform("local")


@pytest.mark.req("FLO-014", "FLO-015", "FLO-016", "FLO-017", "FLO-018", "FLO-019", "FLO-020")
def test_flow_studio_is_written_in_the_order_of_its_register() -> None:
    found = [(each["kind"], each["metadata"]["name"]) for each in render(LOCAL, "flow_studio")]
    order = ("Namespace", "Secret", "ConfigMap", "Deployment", "Service", "Ingress")
    firsts = [next(i for i, each in enumerate(found) if each[0] == kind) for kind in order]
    assert firsts == sorted(firsts)
    assert found[0] == ("Namespace", "intuitivus-flow")
    assert ("Deployment", "intuitivus-flow-app") in found
    assert ("Service", "intuitivus-flow-app") in found


@pytest.mark.parametrize("slug", [each.slug for each in LOCAL.systems])
def test_a_system_is_all_of_its_objects_and_none_of_another_s(slug: str) -> None:
    found = render(LOCAL, slug)
    label = LOCAL.system(slug).dashed
    whole = [
        each
        for each in program("local").objects()
        if each["metadata"].get("labels", {}).get("alicerce.dev/system") == label
    ]
    assert len(found) == len(whole) > 20
    assert all(each in whole for each in found)


def test_every_kind_has_its_place_in_the_order() -> None:
    """One that is not named would come last, after what needs it."""
    assert {each["kind"] for each in everything(LOCAL)} <= set(ORDER)


def test_what_is_written_is_yaml_with_nothing_of_the_engine_in_it() -> None:
    text = yaml.safe_dump_all(render(LOCAL, "models_3d"), sort_keys=False)
    assert list(yaml.safe_load_all(text)) == render(LOCAL, "models_3d")
    assert "pulumi" not in text
    assert not [each for each in _values(render(LOCAL, "models_3d")) if isinstance(each, float)]


def test_an_unknown_system_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refused, match="flow_studio"):
        render(LOCAL, "flow_studo")


def _values(body: Any) -> Iterator[Any]:
    """Everything in a manifest. The mock engine's numbers are floats, Kubernetes' are not."""
    if isinstance(body, dict):
        for each in body.values():
            yield from _values(each)
    elif isinstance(body, list):
        for each in body:
            yield from _values(each)
    else:
        yield body
