"""Which session pi shows after `/new`: it writes none down before the model has answered, but its screen says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents import pi_screen, pi_transcript
from quarterdeck.agents.process_notes import ProcessNotes
from quarterdeck.agents.screen import lines_of
from quarterdeck.core.reading import UNBEGUN

if TYPE_CHECKING:
    from quarterdeck.ports.agent_process import AgentHome, Program

_BEGUN_ANEW = re.compile(r"^ ✓ New session started$")
_NOTHING_SENT = re.compile(r"^(?:\S+ )*(?:0\.0%|\?)/\d")
"""How full its context is, in the foot."""


class ShownSessions:
    """Tells it again and again, and keeps which session a process has left. Safe for threads."""

    def __init__(self) -> None:
        self._left = ProcessNotes()

    def conversation(self, program: Program, home: AgentHome | None, _title: str, screen: str) -> str:
        """The session a process is in; `UNBEGUN` from `/new` until the new one is written down."""
        written = pi_transcript.conversation(program, home)
        if not screen:
            return written
        parts = pi_screen.split(lines_of(screen))
        has_sent_nothing = any(map(_NOTHING_SENT.match, parts.foot))
        last = next((line for line in reversed(parts.body) if line.strip()), "")
        if has_sent_nothing and _BEGUN_ANEW.match(last):
            self._left.keep(program, written)
        if has_sent_nothing and self._left.of(program) == written:
            return UNBEGUN
        self._left.keep(program, None)
        return written
