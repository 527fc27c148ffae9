"""Naming a session on the command line, and numbering new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quarterdeck.core.session import SessionState
from quarterdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.session import Session

MATCHES_SHOWN = 8
CONSOLE_NAME: Final = "quarterdeck"
"""What the session is called that the console's key makes; further ones get a number."""


def find_session(word: str, sessions: Sequence[Session]) -> Session | None:
    """The session a word names: by id, by exact tmux name, or by an unambiguous prefix of either.

    An exact hit always wins over a prefix, and among exact ones a live row over one that has ended, and then the last.
    What is over is meant by a prefix only where nothing else is.
    """
    if not word:
        return None
    for exact in (
        [s for s in sessions if s.session_id == word],
        [s for s in sessions if s.tmux_name == word],
    ):
        if exact:
            return min(exact, key=lambda s: (s.is_stale, -s.ended_at.timestamp() if s.ended_at else float("-inf")))
    begin_so = [s for s in sessions if s.session_id.startswith(word) or s.tmux_name.startswith(word)]
    in_use = [s for s in begin_so if s.is_stale or s.state is not SessionState.EXITED]
    matches = {s.session_id: s for s in in_use or begin_so}
    if len(matches) > 1:
        shown = [f"{s.session_id} ({s.tmux_name})" for s in matches.values()][:MATCHES_SHOWN]
        more = ", …" if len(matches) > MATCHES_SHOWN else ""
        raise UsageError(
            f'"{word}" could be any of {len(matches)} sessions: {", ".join(shown)}{more}.',
            hint="Give more of the name, or the id.",
        )
    return next(iter(matches.values()), None)
