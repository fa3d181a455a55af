"""Labels and protection, stamped in one place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra.core.guards import NAME, OWNER, PART_OF, SYSTEM, TIER, Guard, label_value

GUARD = Guard(part_of="alicerce", owner="platform", tier="prod", protect=True, retains=True)


def test_labels_are_on_the_object_and_on_the_pods_that_it_makes() -> None:
    manifest = {
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"template": {"metadata": {"labels": {NAME: "a"}}}},
    }
    stamped = GUARD.of("sms-ao", "team").stamp(manifest)
    wanted = {NAME: "a", PART_OF: "sms-ao", OWNER: "team", TIER: "prod", SYSTEM: "sms-ao"}
    assert stamped["metadata"]["labels"] == wanted
    assert stamped["spec"]["template"]["metadata"]["labels"] == wanted
    assert "labels" not in manifest["metadata"]  # what was given stays as it was


def test_a_label_of_the_manifest_s_own_wins() -> None:
    manifest = {"kind": "Service", "metadata": {"name": "a", "labels": {NAME: "other"}}}
    assert GUARD.stamp(manifest)["metadata"]["labels"][NAME] == "other"


def test_what_belongs_to_no_system_says_so_by_having_no_label() -> None:
    assert SYSTEM not in GUARD.labels


def test_only_the_named_resource_loses_its_protection() -> None:
    guard = Guard("a", "b", "prod", protect=True, replaceable=frozenset({"x:y:Z::one"}))
    assert guard.protects("x:y:Z", "two")
    assert not guard.protects("x:y:Z", "one")
    assert guard.protects("x:y:Q", "one")
    assert not Guard("a", "b", "local").protects("x:y:Z", "one")


@given(st.text(max_size=100))
def test_any_owner_becomes_a_label_that_kubernetes_takes(text: str) -> None:
    value = label_value(text)
    assert len(value) <= 63
    assert value == "" or (value[0].isalnum() and value[-1].isalnum())
    assert all(c.isascii() and (c.isalnum() or c in "-_.") for c in value)
