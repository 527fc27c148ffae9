"""What is known of sessions beside what tmux and their agents show: thoughts, work, colours, messages that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.projection import KnownFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.projection import Recorded
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot


class SessionNotes:
    """Gathers that for a row, and remembers which rows have it."""

    def __init__(
        self,
        *,
        thought: Callable[[Session, Pane | None], ThoughtSnapshot | None] = lambda session, pane: None,
        recorded: Callable[[SessionId], Recorded | None] = lambda session_id: None,
    ) -> None:
        self._thought = thought
        self._recorded = recorded
        self.themes: Mapping[str, str] = {}
        """The theme of each folder that was looked at, "" for none."""
        self.held: Mapping[SessionId, int] | None = None
        """How many messages wait; None while nobody has counted them."""
        self._put: dict[SessionId, tuple[Session, KnownFacts]] = {}
        """Rows, and what was put in them: to do so once more would change nothing."""

    def of(self, session: Session, pane: Pane | None) -> KnownFacts:
        """All there is for a row."""
        return KnownFacts(
            thought=self._thought(session, pane),
            recorded=self._recorded(session.session_id),
            theme_id=self.themes.get(session.cwd),
            held_messages=None if self.held is None else self.held.get(session.session_id, 0),
        )

    def are_in(self, session: Session, facts: KnownFacts) -> bool:
        """Whether a row has these already."""
        put = self._put.get(session.session_id)
        return put is not None and put[0] is session and put[1] == facts

    def put_in(self, session: Session, facts: KnownFacts) -> None:
        """Remember that a row has these."""
        self._put[session.session_id] = session, facts

    def keep_only(self, sessions: Collection[SessionId]) -> None:
        """Forget the rows that are not there any more."""
        for session_id in self._put.keys() - sessions:
            del self._put[session_id]
