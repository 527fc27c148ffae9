"""Which session pi shows after `/new`: it writes none down before the model has answered, but its screen says so."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from quarterdeck.agents import pi_screen, pi_transcript
from quarterdeck.agents.screen import lines_of
from quarterdeck.core.reading import UNBEGUN

if TYPE_CHECKING:
    from quarterdeck.ports.agent_process import AgentHome, Program

PIS_KEPT = 256

_BEGUN_ANEW = re.compile(r"^ ✓ New session started$")
_NOTHING_SENT = re.compile(r"^(?:\S+ )*(?:0\.0%|\?)/\d")
"""How full its context is, in the foot."""


class ShownSessions:
    """Tells it again and again, and keeps which session a process has left. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[tuple[int, str], str] = OrderedDict()

    def conversation(self, program: Program, home: AgentHome | None, _title: str, screen: str) -> str:
        """The session a process is in; `UNBEGUN` from `/new` until the new one is written down."""
        written = pi_transcript.conversation(program, home)
        if not screen:
            return written
        key = (program.pid, program.started)
        with self._lock:
            if begins_anew(screen):
                self._keep(key, written)
            is_left = self._left.get(key) == written and has_sent_nothing(screen)
            if not is_left:
                self._left.pop(key, None)
        return UNBEGUN if is_left else written

    def _keep(self, key: tuple[int, str], session: str) -> None:
        self._left[key] = session
        self._left.move_to_end(key)
        while len(self._left) > PIS_KEPT:
            self._left.popitem(last=False)


def begins_anew(screen: str) -> bool:
    """Whether the last thing on the screen is that a new session has begun, in which nothing was sent yet."""
    body = [line for line in pi_screen.split(lines_of(screen)).body if line.strip()]
    return bool(body) and bool(_BEGUN_ANEW.match(body[-1])) and has_sent_nothing(screen)


def has_sent_nothing(screen: str) -> bool:
    """Whether the foot says that the session has used none of its context."""
    return any(map(_NOTHING_SENT.match, pi_screen.split(lines_of(screen)).foot))
