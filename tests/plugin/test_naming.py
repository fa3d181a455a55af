"""Names: given, kept, refused."""

from __future__ import annotations

import pytest

from toolchain.plugins.kubernetes.checking import Naming, check
from toolchain.plugins.kubernetes.errors import ProviderError
from toolchain.plugins.kubernetes.host import Host
from toolchain.plugins.kubernetes.naming import unique_name
from toolchain.plugins.kubernetes.objects import kind_of_type, logical_name_of, split_id, type_of
from toolchain.plugins.kubernetes.session import Canceller, Session
from toolchain.plugins.kubernetes.settings import Settings
from toolchain.plugins.kubernetes.values import UNKNOWN, Obj, Secret

URN = "urn:pulumi:s::p::a:b:C$kubernetes:core/v1:ConfigMap::web::tail"


@pytest.fixture
def session() -> Session:
    """Without a cluster, as in a preview before there is one."""
    return Session(Settings(deferred=True, namespace="shop"), Host(), Canceller())


def config_map(**metadata: object) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": dict(metadata)}


def checked(session: Session, obj: Obj, olds: Obj | None = None, **naming: object) -> Obj:
    found = check(session, URN, olds or {}, obj, Naming(**naming))  # type: ignore[arg-type]
    assert not found.failures, found.failures
    return found.inputs


def test_urn() -> None:
    assert type_of(URN) == "kubernetes:core/v1:ConfigMap"
    assert logical_name_of(URN) == "web::tail"
    assert str(kind_of_type("kubernetes:core/v1:ConfigMap")) == "v1/ConfigMap"
    assert str(kind_of_type("kubernetes:a.example.com/v1:B")) == "a.example.com/v1/B"
    with pytest.raises(ValueError, match="not a Kubernetes resource type"):
        kind_of_type("kubernetes:Broken")
    assert split_id("ns/name") == ("ns", "name") and split_id("name") == ("", "name")


def test_names_follow_the_seed() -> None:
    assert unique_name("a-", b"seed") == unique_name("a-", b"seed")
    assert unique_name("a-", b"seed") != unique_name("a-", b"other")
    assert unique_name("a-", b"") != unique_name("a-", b"")
    assert len(unique_name("a-", b"")) == len("a-") + 8


URN_WEB = URN.replace("::tail", "")


def test_unnamed_object_is_named(session: Session) -> None:
    found = check(session, URN_WEB, {}, config_map(), Naming(seed=b"1")).inputs["metadata"]
    assert found["name"] == unique_name("web-", b"1")
    assert found["annotations"] == {"pulumi.com/autonamed": "true"}
    assert found["namespace"] == "shop"


def test_the_engines_proposal_is_taken(session: Session) -> None:
    found = checked(session, config_map(), proposed="web-prod")
    assert found["metadata"]["name"] == "web-prod"


def test_autonaming_can_be_switched_off(session: Session) -> None:
    found = check(session, URN, {}, config_map(), Naming(disabled=True))
    assert found.failures[0][0] == "metadata.name"
    assert "disabled" in found.failures[0][1]
    checked(session, config_map(name="a"), disabled=True)


def test_autoname_is_kept_on_update(session: Session) -> None:
    old = checked(session, config_map(), proposed="web-1")
    assert checked(session, config_map(), old, seed=b"2") == old
    # Another name is another name, and no longer ours.
    renamed = checked(session, config_map(name="mine"), old)
    assert renamed["metadata"] == {"name": "mine", "namespace": "shop"}


def test_logical_names_that_make_no_name(session: Session) -> None:
    found = check(session, URN_WEB.replace("web", "Web"), {}, config_map(), Naming())
    assert found.failures[0][0] == "metadata.name"


def test_unknown_values_pass(session: Session) -> None:
    for metadata in ({"name": UNKNOWN}, {"labels": UNKNOWN, "name": "a"}, {"annotations": UNKNOWN}):
        found = checked(session, config_map(**metadata), proposed="p")
        assert UNKNOWN in found["metadata"].values()
    assert checked(session, {**config_map(), "metadata": UNKNOWN})["metadata"] is UNKNOWN


def test_managed_by_label_is_kept_but_not_given(session: Session) -> None:
    assert "labels" not in checked(session, config_map(name="a"))["metadata"]
    old = config_map(name="a", labels={"app.kubernetes.io/managed-by": "pulumi"})
    kept = checked(session, config_map(name="a"), old)
    assert kept["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "pulumi"}


@pytest.mark.parametrize(
    ("obj", "property_", "words"),
    [
        (config_map(name="Not_Valid"), "metadata.name", "not a valid name"),
        (config_map(name="a" * 254), "metadata.name", "253"),
        (config_map(name=7), "metadata.name", "must be a string"),
        (config_map(name="a", labels={"a": 1}), 'metadata.labels["a"]', "quotes"),
        (config_map(name="a", labels={"a": "x y"}), 'metadata.labels["a"]', "label value"),
        (config_map(name="a", labels={"-a": "x"}), 'metadata.labels["-a"]', "valid key"),
        (config_map(name="a", annotations={"a": True}), 'metadata.annotations["a"]', "bool"),
        (config_map(name="a", labels=["a"]), "metadata.labels", "object of strings"),
        ({**config_map(name="a"), "kind": "Secret"}, "kind", "type says"),
        ({"kind": "ConfigMap", "metadata": {"name": "a"}}, "apiVersion", "must be a string"),
        ({**config_map(), "metadata": "a"}, "metadata", "must be an object"),
        (config_map(generateName="a-"), "metadata.generateName", "server-side apply"),
    ],
)
def test_faults_are_named(session: Session, obj: Obj, property_: str, words: str) -> None:
    failures = dict(check(session, URN, {}, obj, Naming()).failures)
    assert words in failures[property_]


def test_looser_names_of_roles(session: Session) -> None:
    urn = "urn:pulumi:s::p::kubernetes:rbac.authorization.k8s.io/v1:ClusterRole::r"
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    found = check(session, urn, {}, {**role, "metadata": {"name": "system:Nodes"}}, Naming())
    assert not found.failures
    assert "namespace" not in found.inputs["metadata"]


def test_secret_data_is_encoded_and_secret(session: Session) -> None:
    urn = URN.replace("ConfigMap", "Secret")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    full = {**secret, "data": {"a": "eA==\n", "b": "eA=="}, "stringData": {"b": "y"}}
    found = check(session, urn, {}, full, Naming()).inputs
    assert found["data"] == Secret({"a": "eA==", "b": "eQ=="})
    assert "stringData" not in found
    partly = check(session, urn, {}, {**secret, "stringData": {"a": UNKNOWN}}, Naming()).inputs
    assert partly["stringData"] == Secret({"a": UNKNOWN})


def test_scope_of_a_planned_definition(session: Session) -> None:
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    spec = {"group": "e.example.com", "scope": "Cluster", "names": {"kind": "Thing"}}
    urn = "urn:pulumi:s::p::kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::c"
    check(session, urn, {}, {**crd, "metadata": {"name": "c"}, "spec": spec}, Naming())
    thing = {"apiVersion": "e.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}
    found = check(
        session, "urn:pulumi:s::p::kubernetes:e.example.com/v1:Thing::a", {}, thing, Naming()
    )
    assert "namespace" not in found.inputs["metadata"]


@pytest.mark.parametrize("token", ["kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:PodPatch"])
def test_types_that_are_not_served(session: Session, token: str) -> None:
    with pytest.raises(ProviderError, match="official plugin"):
        check(session, f"urn:pulumi:s::p::{token}::x", {}, config_map(), Naming())
