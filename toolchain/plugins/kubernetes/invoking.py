"""Functions that programs call: decoding YAML; the rest is refused with a way out."""

# ruff: noqa: PLC0415 -- what a start may not need is imported where it is used

from __future__ import annotations

from typing import Any

from .errors import ProviderError
from .objects import as_map, kind_of
from .session import Session
from .settings import INSTALL
from .values import Obj, plain

DECODE_YAML = "kubernetes:yaml:decode"
_REFUSED = {
    "kubernetes:helm:template": (
        "Charts can't be rendered by the fallback Kubernetes plugin. Render the chart beforehand "
        "(`helm template NAME CHART > manifest.yaml`) and use kubernetes.yaml.ConfigFile."
    ),
    "kubernetes:kustomize:directory": (
        "Kustomizations can't be built by the fallback Kubernetes plugin. Build it beforehand "
        "(`kustomize build DIR > manifest.yaml`) and use kubernetes.yaml.ConfigFile."
    ),
}


def invoke(session: Session, token: str, args: Obj) -> Obj:
    """Raises ProviderError for functions that aren't served and for text that isn't YAML."""
    if token in _REFUSED:
        raise ProviderError(f"{token}: {_REFUSED[token]} {INSTALL}")
    if token != DECODE_YAML:
        raise ProviderError(f"{token}: the Kubernetes provider has no such function")
    args = plain(args)
    text, namespace = args.get("text"), args.get("defaultNamespace")
    if not isinstance(text, str):
        raise ProviderError(f"{token}: the argument `text` must be a string")
    return {"result": decode_yaml(session, text, namespace if isinstance(namespace, str) else "")}


def decode_yaml(session: Session, text: str, namespace: str) -> list[Obj]:
    """The objects in a YAML stream; `namespace` for those that need one and have none."""
    import yaml

    try:
        documents = list(yaml.load_all(text, Loader=_loader(yaml)))
    except yaml.YAMLError as error:
        raise ProviderError(f"the manifest is not valid YAML: {error}") from None
    objects = [_as_json(doc) for doc in documents if _is_object(doc)]
    for obj in objects:
        metadata = obj["metadata"] = as_map(obj.get("metadata"))
        if namespace and not metadata.get("namespace") and session.namespaced(kind_of(obj)):
            metadata["namespace"] = namespace
    return objects


def _as_json(value: Any) -> Any:
    """Kubernetes turns YAML into JSON, where every key is text: `80:` is "80", `yes:` "true"."""
    if isinstance(value, dict):
        return {_key(key): _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list) else value


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _is_object(document: Any) -> bool:
    """Charts render empty documents and bare comments, too: these are left out."""
    return isinstance(document, dict) and bool(document.get("kind") and document.get("apiVersion"))


def _loader(yaml: Any) -> Any:
    """A safe loader that leaves dates alone: Kubernetes reads YAML as JSON, which has none."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("ManifestLoader", (base,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return loader
