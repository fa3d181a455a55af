"""Small objects for the tests, with whole numbers as they come from a program."""

from __future__ import annotations

from typing import Any

from toolchain.plugins.kubernetes.values import Obj

#: Pods for this scheduler stay unscheduled: the tests say what becomes of them.
NOBODY = "nobody"


def named(kind: str, api_version: str, name: str, namespace: str = "", **rest: Any) -> Obj:
    metadata: Obj = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def config_map(namespace: str, name: str = "", **data: str) -> Obj:
    obj = named("ConfigMap", "v1", name, namespace, data=data or {"key": "value"})
    if not name:
        del obj["metadata"]["name"]
    return obj


def secret(namespace: str, name: str, **fields: Any) -> Obj:
    return named("Secret", "v1", name, namespace, **fields)


def pod_spec(**more: Any) -> Obj:
    return {
        "schedulerName": NOBODY,
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "app", "image": "example.invalid/app:1"}],
        **more,
    }


def template(app: str, **more: Any) -> Obj:
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(**more)}


def deployment(namespace: str, name: str, replicas: int = 1, **spec: Any) -> Obj:
    body = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": template(name),
        **spec,
    }
    return named("Deployment", "apps/v1", name, namespace, spec=body)


def stateful_set(namespace: str, name: str, replicas: int = 1, **spec: Any) -> Obj:
    body = {
        "replicas": replicas,
        "serviceName": name,
        "selector": {"matchLabels": {"app": name}},
        "template": template(name),
        **spec,
    }
    return named("StatefulSet", "apps/v1", name, namespace, spec=body)


def job(namespace: str, name: str, **spec: Any) -> Obj:
    body = {"backoffLimit": 0, "template": {"spec": pod_spec(restartPolicy="Never")}, **spec}
    return named("Job", "batch/v1", name, namespace, spec=body)


def service(namespace: str, name: str, **spec: Any) -> Obj:
    body = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return named("Service", "v1", name, namespace, spec=body)


def claim(namespace: str, name: str, storage_class: str, size: str = "1Gi") -> Obj:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": size}},
    }
    return named("PersistentVolumeClaim", "v1", name, namespace, spec=spec)


def crd(plural: str, group: str = "tests.example.com", **version: Any) -> Obj:
    kind = plural[:-1].capitalize()
    spec = {
        "type": "object",
        "properties": {"size": {"type": "integer"}, "mode": {"type": "string"}},
    }
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    one = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
        **version,
    }
    names = {"plural": plural, "singular": plural[:-1], "kind": kind, "listKind": f"{kind}List"}
    body = {"group": group, "scope": "Namespaced", "names": names, "versions": [one]}
    return named(
        "CustomResourceDefinition", "apiextensions.k8s.io/v1", f"{plural}.{group}", spec=body
    )


def custom(crd_: Obj, namespace: str, name: str, **spec: Any) -> Obj:
    group, kind = crd_["spec"]["group"], crd_["spec"]["names"]["kind"]
    return named(kind, f"{group}/v1", name, namespace, spec=spec or {"size": 1})


def unstaffed_webhook(name: str, namespace: str) -> Obj:
    """One that judges every new ConfigMap of the namespace, by a Service that has no endpoints."""
    hook = {
        "name": "hook.tests.example.com",
        "clientConfig": {"service": {"name": "hook", "namespace": namespace}},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
             "resources": ["configmaps"]}
        ],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }  # fmt: skip
    api_version = "admissionregistration.k8s.io/v1"
    return named("ValidatingWebhookConfiguration", api_version, name, webhooks=[hook])


def annotated(obj: Obj, **annotations: str) -> Obj:
    """The object with `pulumi.com/` annotations."""
    metadata = dict(obj["metadata"])
    metadata["annotations"] = {
        **metadata.get("annotations", {}),
        **{f"pulumi.com/{key}": value for key, value in annotations.items()},
    }
    return {**obj, "metadata": metadata}
