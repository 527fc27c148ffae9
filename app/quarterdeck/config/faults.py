"""What is wrong with the settings, said so that it can be mended: file, line, key, and what was expected."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.config.describe import expectation, is_secret, known_keys
from quarterdeck.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydantic import ValidationError

KeyPath = tuple[str, ...]
SHOWN_VALUE = 60


class Fault(Struct, frozen=True):
    """One thing that is wrong; `path` is empty when it is no key of ours."""

    path: KeyPath
    message: str
    origin: str = ""
    known: tuple[str, ...] = ()
    """Names that may have been meant."""


def faults_of(error: ValidationError) -> list[Fault]:
    """Each problem pydantic found, once, in our words."""
    found: dict[KeyPath, Fault] = {}
    for problem in error.errors(include_url=False):
        context = problem.get("ctx", {})
        path = tuple(str(part) for part in problem["loc"])
        if "at" in context:
            path = (*path, *str(context["at"]).split("."))
        # A union reports each of its branches; the first is the one the operator means.
        found.setdefault(path, _fault(path, problem["type"], problem["input"], str(context.get("rule", ""))))
    return list(found.values())


def _fault(path: KeyPath, kind: str, given: object, rule: str) -> Fault:
    if kind == "extra_forbidden":
        return Fault(path, "unknown key", known=known_keys(path[:-1]))
    if kind == "missing":
        return Fault(path, f"missing: expected {expectation(path)}")
    text = str(given).lower() if isinstance(given, bool) else repr(given)
    text = text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"
    got = "" if is_secret(path) or isinstance(given, dict) else f", not {text}"
    return Fault(path, f"expected {rule or expectation(path)}{got}")


def settings_error(
    faults: Sequence[Fault], file: Path, origin_of: Callable[[KeyPath], str] | None = None
) -> SettingsError:
    """One error that lists every fault with its place."""
    said = [_said(fault, file, origin_of) for fault in faults]
    names = ((fault.path[-1] if fault.path else fault.origin.removeprefix("env:"), fault.known) for fault in faults)
    meant = [each for name, known in names for each in difflib.get_close_matches(name, known, n=1)]
    hint = f"Did you mean {meant[0]}?" if meant else ""
    if len(said) == 1:
        return SettingsError(f"{said[0]}.", hint=hint)
    return SettingsError(f"{len(said)} settings are wrong:\n" + "\n".join(f"  {line}" for line in said), hint=hint)


def _said(fault: Fault, file: Path, origin_of: Callable[[KeyPath], str] | None) -> str:
    origin = fault.origin or (origin_of(fault.path) if origin_of else "")
    kind, _, where = origin.partition(":")
    place = {"file": f"{file}:{where}", "env": where}.get(kind, str(file))
    key = ".".join(fault.path)
    return f"{place}: {key}: {fault.message}" if key else f"{place}: {fault.message}"
