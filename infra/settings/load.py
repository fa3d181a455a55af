"""The only reader of Pulumi's configuration: a stack's words in, a ``Platform`` out.

Everything wrong is reported at once, each with file, key, reason and fix; no
input ends in a traceback. ``load`` is pure; the two other functions fetch what
it needs from the engine or from a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from infra.settings import names, stackfile
from infra.settings.apply import Ground, configured
from infra.settings.errors import Problem, Refused, SettingsError, meant
from infra.settings.explain import causes, explained
from infra.settings.platform import Platform, conflicts
from infra.settings.stack import StackFile
from infra.settings.stackfile import NAMESPACES, PROJECT
from infra.settings.system import System
from infra.settings.tiers import TIERS

CONTEXT_VARIABLE = "ALICERCE_KUBE_CONTEXT"

_Made = TypeVar("_Made")
_HARMLESS = "localhost"
_TEXTS = frozenset({"target", "tier", "domain", "kubeContext"})
_KEYS = tuple(field.alias or name for name, field in StackFile.model_fields.items())


def load(
    stack: str,
    values: Mapping[str, str],
    catalogue: Mapping[str, System],
    *,
    file: str | None = None,
    kube_context: str | None = None,
) -> Platform:
    """The platform of ``stack`` from the engine's raw map (``alicerce:target`` to text or JSON).

    ``catalogue`` holds every system by slug. ``kube_context`` overrides the stack file's.
    Raises ``SettingsError`` with every problem found.
    """
    loading = _Loading(file or f"Pulumi.{stack}.yaml")
    written = loading.written(values)
    if written is None:
        raise SettingsError(loading.problems)
    if kube_context:
        written = written.model_copy(update={"kube_context": kube_context})
    platform = loading.platform(stack, written, catalogue)
    if platform is None or loading.problems:
        raise SettingsError(loading.problems)
    return platform


def from_pulumi(catalogue: Mapping[str, System]) -> Platform:
    """The platform of the stack that the engine runs; raises ``SettingsError``."""
    # Here, so that tools and tests need no engine.
    import pulumi  # noqa: PLC0415
    from pulumi.runtime import config as runtime  # noqa: PLC0415

    stack = pulumi.get_stack()
    # The public Config reads one key at a time; unknown keys are only seen in the whole map.
    values = {**runtime.get_config_env(), **runtime.CONFIG.get()}
    file = f"Pulumi.{stack}.yaml"
    secrets = {*runtime.get_config_secret_keys_env()}
    secrets |= {key for key in values if runtime.is_config_secret(key)}
    problems = [
        stackfile.secret(file, key) for key in sorted(secrets) if key.startswith(f"{PROJECT}:")
    ]
    if problems:
        raise SettingsError(problems)
    return load(stack, values, catalogue, kube_context=os.environ.get(CONTEXT_VARIABLE))


def from_stack_file(path: Path, catalogue: Mapping[str, System]) -> Platform:
    """The platform that ``Pulumi.<stack>.yaml`` describes; raises ``SettingsError``."""
    parts = path.name.split(".")
    if len(parts) != 3 or parts[0] != "Pulumi" or parts[2] not in ("yaml", "yml"):
        reason = "is not named like a stack file"
        raise SettingsError([Problem(str(path), "file", reason, "name it Pulumi.<stack>.yaml")])
    values, problems = stackfile.read(path)
    if problems:
        raise SettingsError(problems)
    context = os.environ.get(CONTEXT_VARIABLE)
    return load(parts[1], values, catalogue, file=path.name, kube_context=context)


class _Loading:
    """One load: where it reads, and what it found wrong so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def say(self, key: str, refused: Refused) -> None:
        # The stack's name is no key of the file: it is part of the file's own name.
        full = key if key == "stack" else f"{PROJECT}:{key}"
        self.problems.append(Problem(self.file, full, refused.reason, refused.fix))

    def attempt(self, key: str, make: Callable[[], _Made]) -> _Made | None:
        """What ``make`` makes; None if it was refused, which is noted under ``key``."""
        try:
            return make()
        except Refused as refused:
            self.say(key, refused)
        except ValidationError as error:
            for cause in causes(error):
                self.say(key, cause)
        return None

    def written(self, values: Mapping[str, str]) -> StackFile | None:
        """The typed stack file; None if something in it can't be taken."""
        given: dict[str, Any] = {}
        for full, raw in values.items():
            namespace, _, key = full.partition(":")
            if namespace != PROJECT:
                if namespace not in NAMESPACES:
                    fix = meant(namespace, NAMESPACES)
                    self.problems.append(
                        Problem(self.file, full, f"nothing reads the namespace {namespace!r}", fix)
                    )
                continue
            if key not in _KEYS:
                self.say(key, Refused("is an unknown key", meant(key, _KEYS)))
                continue
            given[key] = raw if key in _TEXTS else _decoded(raw)
        try:
            found = StackFile.model_validate_json(json.dumps(given))
        except ValidationError as error:
            for key, refused in explained(error, StackFile):
                self.say(key, refused)
            return None
        return found

    def platform(
        self, stack: str, written: StackFile, catalogue: Mapping[str, System]
    ) -> Platform | None:
        """The platform, or None where a part is missing; problems are noted."""
        # What is refused here is noted, and something harmless put in its place, so that what
        # comes after is looked at too: nobody wants the next mistake on the next run.
        stack = self.attempt("stack", lambda: names.stack(stack)) or "stack"
        chosen = self._chosen(written, catalogue)
        tier = TIERS[written.tier]
        domain = written.domain or _default_domain(stack, written)
        if domain is None and not tier.own_hosts:
            reason = f"is missing, and tier {tier.name} on target {written.target} has no default"
            self.say("domain", Refused(reason, 'write one, like "staging.example.com"'))
            domain = _HARMLESS
        if domain is not None and chosen:
            domain = self._fitting(domain, [catalogue[slug] for slug in chosen])
        systems = [
            configured(self.attempt, Ground(stack, written, tier, domain), catalogue[slug])
            for slug in chosen
        ]
        parts: dict[str, Any] = {
            "stack": stack,
            "target": written.target,
            "tier": tier,
            "systems": tuple(system for system in systems if system is not None),
            "domain": domain,
            "kube_context": written.kube_context,
            "nodes": written.nodes,
            "replacements": written.replacements,
            "aws": written.aws,
        }
        for key, refused in conflicts(Platform.model_construct(**parts)):
            self.say(key, refused)
        return None if self.problems else self.attempt("stack", lambda: Platform(**parts))

    def _fitting(self, domain: str, systems: list[System]) -> str:
        """The domain, if the longest host under it fits: one message, not one a system."""
        longest = max(systems, key=lambda system: len(system.slug))
        fits = self.attempt("domain", lambda: names.host(longest, domain))
        return _HARMLESS if fits is None else domain

    def _chosen(self, written: StackFile, catalogue: Mapping[str, System]) -> list[str]:
        """The slugs that the stack holds, in the catalogue's order."""
        wanted = tuple(catalogue) if written.systems is None else written.systems
        if not wanted:
            fix = f"name some of {', '.join(catalogue)}, or leave systems out for all"
            self.say("systems", Refused("names no system", fix))
        for slug in dict.fromkeys(wanted):
            if slug not in catalogue:
                reason = f"names the unknown system {slug!r}"
                self.say("systems", Refused(reason, meant(slug, catalogue)))
            elif wanted.count(slug) > 1:
                self.say("systems", Refused(f"names {slug!r} twice", "keep one"))
        for slug in written.system_settings:
            key = f"systemSettings.{slug}"
            if slug not in catalogue:
                self.say(key, Refused("is about an unknown system", meant(slug, catalogue)))
            elif slug not in wanted:
                fix = "add it to alicerce:systems, or remove these settings"
                self.say(key, Refused("is about a system that this stack does not hold", fix))
        return [slug for slug in catalogue if slug in wanted]


def _default_domain(stack: str, written: StackFile) -> str | None:
    """Names that resolve to this machine, where that is where the stack is."""
    if written.target == "cluster":
        return {"local": "localhost", "ephemeral": f"{stack}.localhost"}.get(written.tier)
    return None


def _decoded(raw: str) -> Any:
    """A list, map or number from its JSON; what isn't JSON stays text, and is refused as such."""
    try:
        return json.loads(raw, parse_constant=lambda word: word)
    except (ValueError, RecursionError):
        return raw
