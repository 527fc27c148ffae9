"""Reminders that follow from what an agent did: rules over its edits, checks and commits since the latest edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.session import ASKING, ActionCue, ActionCueKind, Need
from quarterdeck.core.transcript import ActionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.transcript import AgentAction

NO_COMMIT = "commit_not_seen_after_latest_edit"


def action_cues(actions: Sequence[AgentAction], needs: Need | None) -> tuple[ActionCue, ...]:
    """The reminders that hold now, the most urgent first."""
    cues = []
    if needs in ASKING:
        cues.append(ActionCue(kind=ActionCueKind.AWAITING_USER, evidence=("awaiting_user_input",)))
    edited = max((place for place, each in enumerate(actions) if _is(each, ActionKind.EDIT)), default=None)
    if edited is None:
        return tuple(cues)
    since = actions[edited + 1 :]
    if any(_is(each, ActionKind.COMMIT) for each in since):
        return tuple(cues)
    checked = any(_is(each, ActionKind.CHECK) for each in since)
    looked = any(_is(each, ActionKind.DIRTY_CHECK) for each in since)
    if not checked:
        kind = ActionCueKind.VALIDATION_MISSING_AFTER_EDIT
        evidence: tuple[str, ...] = ("edit_seen", "fresh_validation_not_seen", NO_COMMIT)
    elif looked:
        kind = ActionCueKind.COMMIT_READY
        evidence = ("edit_seen", "validation_succeeded", "dirty_tree_checked_after_latest_edit", NO_COMMIT)
    else:
        kind = ActionCueKind.DIRTY_CHECK_MISSING
        evidence = ("edit_seen", "validation_succeeded", "dirty_tree_check_not_seen_after_latest_edit", NO_COMMIT)
    cues.append(ActionCue(kind=kind, evidence=evidence))
    return tuple(cues)


def _is(action: AgentAction, kind: ActionKind) -> bool:
    """Whether a step was of this kind and did not fail; one that still runs has not succeeded yet."""
    return action.kind is kind and action.ok is True
