"""What counts as proof that a message was taken, and what the agent itself says of it."""

from __future__ import annotations

import asyncio
import logging
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.message import is_draft_of, is_told_in, lines_below
from quarterdeck.core.report import ReportState
from quarterdeck.operations.contexts import AnyTranscript
from quarterdeck.ports.agent import BoxState
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.agent_facts import session_id_in
from quarterdeck.supervisor.reports import glance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from quarterdeck.core.session import SessionId
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.operations.pane_view import PaneView, TargetPane
    from quarterdeck.ports.agent import Transcript


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

    SERVICE = "service"
    REPORT = "report"
    TRANSCRIPT = "transcript"
    TURN = "turn"
    QUEUE = "queue"
    INPUT = "input"
    SCREEN = "screen"
    HELD = "held"
    NONE = "none"


PROOF_WORDS: Mapping[Proof, str] = {
    Proof.SERVICE: "the agent's own service has it",
    Proof.REPORT: "the agent reported the prompt",
    Proof.TRANSCRIPT: "it is in the agent's transcript",
    Proof.TURN: "the agent's turn began",
    Proof.QUEUE: "the agent shows it in its queue",
    Proof.INPUT: "it has left the input line",
    Proof.SCREEN: "the screen went on",
    Proof.HELD: "kept here until it can be sent",
    Proof.NONE: "no sign that it arrived",
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


logger = logging.getLogger(__name__)

RECENT_TURNS = 5


class PromptListener:
    """Hears one agent from the moment it is made. Use as a context manager."""

    def __init__(self, context: SessionContext, target: TargetPane, session_id: SessionId, cwd: str) -> None:
        self._context = context
        self._target = target
        self._session_id = session_id
        self._cwd = cwd
        self._since = wall_clock().timestamp()
        self._reported = context.reports(target.pane_id).turns
        self._transcript: Transcript | None = None
        self._transcript_of: object = None
        self._turns = 0
        self._seen: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._transcript is not None:
            self._transcript.close()

    async def begin(self) -> None:
        """Take note of what has been said so far."""
        view = await asyncio.to_thread(self._read)
        self._turns = view.turn_count if view else 0

    async def hear(self, text: str) -> Proof | None:
        """What the agent said of this prompt since."""
        # An agent runs its hooks before it writes the prompt down, so that the report is there once the transcript is.
        view = await asyncio.to_thread(self._read)
        state = self._context.reports(self._target.pane_id)
        has_reported = state.turns > self._reported and is_told_in(state.last_prompt, text)
        if has_reported or await asyncio.to_thread(self._glance, text):
            return Proof.REPORT
        fresh = view.turn_count - self._turns if view else 0
        if view is not None and fresh > 0 and any(is_told_in(turn, text) for turn in view.turns[-fresh:]):
            return Proof.TRANSCRIPT
        return None

    async def heard_before(self, text: str) -> bool:
        """Whether one of the latest prompts in the transcript is this one."""
        view = await asyncio.to_thread(self._read)
        return view is not None and any(is_told_in(turn, text) for turn in view.turns[-RECENT_TURNS:])

    def _glance(self, text: str) -> bool:
        """Whether the report lies in the spool, unread: it stays there for whoever watches."""
        agent = self._target.agent
        if agent is None:
            return False
        for name, told in glance(self._context.places.spool, since=self._since, seen=self._seen).items():
            self._seen |= {name}
            if told is not None and told.agent == agent.spec.key and told.pane_id == self._target.pane_id:
                state = agent.read_report(ReportState(), told)
                if state.turns and is_told_in(state.last_prompt, text):
                    return True
        return False

    def _read(self) -> TranscriptView | None:
        agent, program, home = self._target.agent, self._target.program, self._target.home
        if agent is None or program is None:
            return None
        try:
            seen = self._target.seen
            live = agent.conversation(program, home=home, title=seen.title, screen=seen.text) if seen else ""
            path = self._context.transcript(self._session_id)
            key = (program.pid, live, path)
            if self._transcript is None or self._transcript_of != key:
                if self._transcript is not None:
                    self._transcript.close()
                session_id = live or session_id_in(program.argv, agent.spec.conversation_words)
                # Where neither file nor conversation is known, one that another session reads must not be taken.
                claims = AnyTranscript() if path or session_id else self._context.claims
                self._transcript_of = key
                self._transcript = agent.transcript(
                    cwd=self._cwd, claims=claims, session_id=session_id, path=None if live else path, home=home
                )
            return self._transcript.read() if self._transcript else None
        except Exception:  # a boundary: an agent's odd file must not stop a delivery
            logger.exception("the transcript of %s could not be read", agent.spec.name)
            return None
