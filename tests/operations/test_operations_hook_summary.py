"""A change of hooks in short: nothing is left out but repetition."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from quarterdeck.operations.agent_hooks import SETTINGS_STAY, summary

if TYPE_CHECKING:
    from quarterdeck.operations.agent_hooks import HookChange

OURS = {"hooks": [{"type": "command", "command": "report # quarterdeck"}]}
THEIRS = {"hooks": [{"type": "command", "command": "say"}]}


def change(before: object, after: object) -> HookChange:
    texts = [each if isinstance(each, str | None) else json.dumps(each) for each in (before, after)]
    return cast("HookChange", SimpleNamespace(plan=SimpleNamespace(before=texts[0], after=texts[1])))


def test_each_event_and_each_command_is_said_once() -> None:
    before = {"model": "opus", "hooks": {"Stop": [THEIRS]}}
    after = {"model": "opus", "hooks": {"Stop": [THEIRS, OURS], "Start": [OURS]}}

    assert summary(change(before, after)) == [
        "+ 2 hooks, for Stop, Start",
        f"+ each is: {json.dumps(OURS)}",
        SETTINGS_STAY,
    ]
    assert summary(change(after, before))[:2] == ["- 2 hooks, for Stop, Start", f"- each is: {json.dumps(OURS)}"]
    assert summary(change(None, {"hooks": {"Stop": [OURS]}}))[0] == "+ a hook for Stop"
    assert summary(change({"hooks": {"Stop": [OURS]}}, None))[-1] == "  the file is removed: nothing else is in it"
    assert summary(change(None, "// Written by quarterdeck\n// for you\nrun()\n")) == [
        "+ a file of its own, 3 lines:",
        "+   Written by quarterdeck",
        "+   for you",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"model": "opus"}, {"model": "haiku", "hooks": {"Stop": [OURS]}}, id="something else too"),
        pytest.param({"hooks": []}, {"hooks": {}}, id="of another shape"),
        pytest.param("// mine\n{}", {"hooks": {"Stop": [OURS]}}, id="not to be read"),
    ],
)
def test_what_cannot_be_said_in_short_is_not(before: object, after: object) -> None:
    assert summary(change(before, after)) == []
