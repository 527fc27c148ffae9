"""What counts as proof that a message was taken, strongest first."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.message import is_draft_of, lines_below
from quarterdeck.ports.agent import BoxState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.operations.pane_view import PaneView


class Outcome(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    QUEUED = "queued"
    """It waits for the agent's turn to be over, in the agent or with us."""
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    """Nothing was typed, and nothing waits."""


class Proof(StrEnum):
    """How we know."""

    REPORT = "report"
    TRANSCRIPT = "transcript"
    TURN = "turn"
    QUEUE = "queue"
    INPUT = "input"
    SCREEN = "screen"
    HELD = "held"
    NONE = "none"


WORDS: Mapping[Proof, str] = {
    Proof.REPORT: "the agent reported the prompt",
    Proof.TRANSCRIPT: "it is in the agent's transcript",
    Proof.TURN: "the agent's turn began",
    Proof.QUEUE: "the agent shows it in its queue",
    Proof.INPUT: "it has left the input line",
    Proof.SCREEN: "the screen went on",
    Proof.HELD: "kept here until it can be sent",
    Proof.NONE: "nothing shows that it was taken",
}


class Draft(StrEnum):
    """What stands in the input line."""

    OURS = "ours"
    NONE = "none"
    OTHER = "other"
    UNSEEN = "unseen"


class Signs(Struct, frozen=True, kw_only=True):
    """What speaks for or against a message having been taken, at one moment."""

    proof: Proof | None = None
    """What the agent itself says: REPORT or TRANSCRIPT."""
    draft: Draft = Draft.UNSEEN
    works: bool = False
    asks: bool = False
    queueing: bool = False
    screen: str = ""
    below: int | None = None
    """Lines with words under the message, wherever the screen shows it."""
    is_still: bool = False
    """Whether the screen had stood still until then."""
    has_agent: bool = True


def draft_in(view: PaneView, text: str) -> Draft:
    """Whose text stands in the input line."""
    if view.box.state is not BoxState.OPEN:
        return Draft.UNSEEN
    if not view.box.text:
        return Draft.NONE
    return Draft.OURS if is_draft_of(view.box.text, text) else Draft.OTHER


def signs(view: PaneView, text: str, proof: Proof | None = None) -> Signs:
    """The signs that one look shows."""
    return Signs(
        proof=proof,
        draft=draft_in(view, text),
        works=view.works,
        asks=view.question is not None,
        queueing=view.box.queueing,
        screen=view.screen,
        below=lines_below(view.screen, text) if view.box.state is BoxState.UNKNOWN else None,
        has_agent=view.agent is not None,
    )


def judge(before: Signs, after: Signs) -> tuple[Outcome, Proof] | None:
    """What is proved, from the signs just before the key that submits and those after it; None = nothing yet."""
    if after.proof is not None:
        return Outcome.DELIVERED, after.proof
    if after.draft in {Draft.OURS, Draft.OTHER}:
        return None
    if after.queueing:
        # Before the turn: what begins now is the turn of something earlier, such as the task it was started with.
        return Outcome.QUEUED, Proof.QUEUE
    if not before.works and not before.asks and (after.works or after.asks):
        return Outcome.DELIVERED, Proof.TURN
    if after.draft is Draft.NONE:
        return (Outcome.QUEUED if before.works else Outcome.DELIVERED), Proof.INPUT
    if before.draft is Draft.UNSEEN and not after.has_agent and after.screen != before.screen:
        return Outcome.DELIVERED, Proof.SCREEN
    if before.is_still and before.below is not None and after.below is not None and after.below > before.below:
        # Nothing is known of how this agent draws; but the key was followed by words under the message.
        return Outcome.DELIVERED, Proof.SCREEN
    return None
