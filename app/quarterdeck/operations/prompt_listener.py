"""What an agent itself says of a prompt it was given: its hook's report, and its transcript."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quarterdeck.core.message import is_told_in
from quarterdeck.core.report import ReportState
from quarterdeck.operations.delivery_proof import Proof
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.agent_facts import session_id_in
from quarterdeck.supervisor.spool import glance

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from quarterdeck.core.session import SessionId
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.operations.pane_view import TargetPane
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.ports.agent import Transcript

logger = logging.getLogger(__name__)

RECENT_TURNS = 5


class AnyTranscript:
    """Claims for a file that is known to be the right one: others may read it too."""

    def claim(self, path: Path, owner: object) -> bool:
        """Always granted."""
        return True

    def release(self, owner: object) -> None:
        """Nothing was taken."""


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
        if self._has_reported(text) or await asyncio.to_thread(self._glance, text):
            return Proof.REPORT
        fresh = view.turn_count - self._turns if view else 0
        if view is not None and fresh > 0 and any(is_told_in(turn, text) for turn in view.turns[-fresh:]):
            return Proof.TRANSCRIPT
        return None

    async def heard_before(self, text: str) -> bool:
        """Whether one of the latest prompts in the transcript is this one."""
        view = await asyncio.to_thread(self._read)
        return view is not None and any(is_told_in(turn, text) for turn in view.turns[-RECENT_TURNS:])

    def _has_reported(self, text: str) -> bool:
        state = self._context.reports(self._target.pane_id)
        return state.turns > self._reported and is_told_in(state.last_prompt, text)

    def _glance(self, text: str) -> bool:
        """Whether the report lies in the spool, unread: it stays there for whoever watches."""
        agent = self._target.agent
        if agent is None:
            return False
        for report in glance(self._context.places.spool, since=self._since, seen=self._seen):
            self._seen |= {report.name}
            told = report.report
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
            live = agent.conversation(program, home=home)
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
