"""What an agent's transcript tells, whatever the agent, and the reminders that follow from its steps."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.session import ASKING, ActionCue, ActionCueKind, Need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.subagent import Subagent

TURNS_KEPT = 40
TURN_LENGTH = 4_000
ACTIONS_KEPT = 400
ACTION_LENGTH = 240


class ActionKind(StrEnum):
    """What one step of an agent was, as far as reminders care."""

    TOOL = "tool"
    EDIT = "edit"
    CHECK = "check"
    """Tests, a build, a linter or a type checker."""
    DIRTY_CHECK = "dirty_check"
    """`git status` or `git diff`."""
    COMMIT = "commit"
    SAID = "said"
    THINKING = "thinking"


class AgentAction(Struct, frozen=True, kw_only=True):
    """One step an agent took."""

    kind: ActionKind
    text: str
    tool: str = ""
    call_id: str = ""
    ok: bool | None = None
    """How it ended; None = not yet, or not told."""


class TranscriptView(Struct, frozen=True, kw_only=True):
    """A transcript as read so far."""

    reading: Reading | None = None
    session_id: str = ""
    """For continuing the conversation."""
    turns: tuple[str, ...] = ()
    """The operator's prompts, newest last."""
    turn_count: int = 0
    is_prompted: bool = True
    """Whether the newest prompt is that of the turn which goes on or ended last."""
    actions: tuple[AgentAction, ...] = ()
    """The agent's steps, newest last."""
    current_tool: str = ""
    """The tool call that has no result yet: it runs, or waits to be allowed."""
    plan_step: str = ""
    """Which of the steps it has set itself it is at, and of how many: `2/5 write the tests`."""
    last_text: str = ""
    turn_text: str = ""
    """What the agent said last since the newest prompt."""
    turn_actions: int = 0
    """How many of the actions are of this turn."""
    last_question: str = ""
    token_count: int = 0
    """Tokens of the context at the last model call."""
    context_limit: int | None = None
    """Told by the transcript; None = it does not say."""
    model: str = ""
    cost_usd: float | None = None
    updated_at: datetime | None = None
    subagents: tuple[Subagent, ...] = ()
    """What the agent runs besides itself."""

    @property
    def last_prompt(self) -> str:
        """The operator's newest prompt."""
        return self.turns[-1] if self.turns else ""

    @property
    def this_turn(self) -> tuple[AgentAction, ...]:
        """The agent's steps since the newest prompt."""
        return self.actions[len(self.actions) - self.turn_actions :]


NO_TRANSCRIPT = TranscriptView()
"""Of an agent that writes none, or none that was found."""


def action_cues(actions: Sequence[AgentAction], needs: Need | None) -> tuple[ActionCue, ...]:
    """The reminders that hold now, the most urgent first; a step that failed or still runs counts for nothing."""
    asking = (
        (ActionCue(kind=ActionCueKind.AWAITING_USER, evidence=("awaiting_user_input",)),) if needs in ASKING else ()
    )
    done = [each.kind for each in actions if each.ok is True]
    if ActionKind.EDIT not in done:
        return asking
    since = set(done[len(done) - done[::-1].index(ActionKind.EDIT) :])
    if ActionKind.COMMIT in since:
        return asking
    if ActionKind.CHECK not in since:
        kind, facts = ActionCueKind.VALIDATION_MISSING_AFTER_EDIT, ["fresh_validation_not_seen"]
    elif ActionKind.DIRTY_CHECK in since:
        kind, facts = ActionCueKind.COMMIT_READY, ["validation_succeeded", "dirty_tree_checked_after_latest_edit"]
    else:
        kind = ActionCueKind.DIRTY_CHECK_MISSING
        facts = ["validation_succeeded", "dirty_tree_check_not_seen_after_latest_edit"]
    return (*asking, ActionCue(kind=kind, evidence=("edit_seen", *facts, "commit_not_seen_after_latest_edit")))
