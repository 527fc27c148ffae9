"""What a change of hooks comes to, in a few lines: every event and every command once, instead of once for each."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from quarterdeck.core.text import clean
from quarterdeck.operations.hook_install import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.operations.hook_install import HookChange

WIDTH = 66
"""Cells, so that no word is broken in a dialog."""
SETTINGS_STAY = "  nothing else in it changes"


def summary(change: HookChange) -> list[str]:
    """The change in the signs of `diff`; [] where only the difference itself can tell it truly."""
    before, after = change.plan.before, change.plan.after
    whole = after if before is None else before if after is None else None
    if whole is not None and OURS in whole:
        what, sign = ("a file of its own", "+") if before is None else ("the whole file, which is ours", "-")
        notes = [line.removeprefix("//").strip() for line in whole.splitlines() if line.startswith("//")]
        return [f"{sign} {what}, {len(whole.splitlines())} lines:", *(f"{sign}   {clean(note)}" for note in notes)]
    try:
        was, will = _read(before), _read(after)
    except ValueError:
        return []
    if {**was, "hooks": None} != {**will, "hooks": None}:
        return []
    lines = [*_told("-", _hooks(was), _hooks(will)), *_told("+", _hooks(will), _hooks(was))]
    if not lines:
        return []
    if before is None:
        return [*lines, "  a new file, with nothing else in it"]
    return [*lines, "  the file is removed: nothing else is in it" if after is None else SETTINGS_STAY]


def _told(sign: str, these: Mapping[str, list[str]], those: Mapping[str, list[str]]) -> list[str]:
    """The groups that only one side has: for which events, and what they hold."""
    events: dict[str, list[str]] = {}
    for event, groups in these.items():
        for group in groups:
            if group not in those.get(event, ()):
                events.setdefault(group, []).append(event)
    lines = []
    for group, named in events.items():
        said = f"{len(named)} hooks, for {', '.join(named)}" if len(named) > 1 else f"a hook for {named[0]}"
        lines += [f"{sign} {clean(line)}" for line in textwrap.wrap(said, WIDTH)]
        lines.append(f"{sign} {'each is' if len(named) > 1 else 'it is'}: {clean(group)}")
    return lines


def _read(text: str | None) -> dict[str, object]:
    text = (text or "").removeprefix("\ufeff")
    found = json.loads(text) if text.strip() else {}
    if not isinstance(found, dict):
        return {"": found}
    return found


def _hooks(settings: Mapping[str, object]) -> dict[str, list[str]]:
    """Each event with its groups, as JSON."""
    hooks = settings.get("hooks")
    if not isinstance(hooks, dict):
        return {}
    return {
        event: [json.dumps(group, ensure_ascii=False) for group in groups]
        for event, groups in hooks.items()
        if isinstance(groups, list)
    }
