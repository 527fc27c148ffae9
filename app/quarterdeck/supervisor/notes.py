"""What is known of sessions beside what tmux and their agents show: thoughts, work, colours, messages that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.projection import KnownFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.projection import Conclusion, Recorded
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot

_Notes = tuple["ThoughtSnapshot | None", "Recorded | None", "str | None", "int | None"]
"""The thought, the work record, the theme and the messages that wait; None: nothing is known."""


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
        self._put: dict[SessionId, tuple[Session, _Notes]] = {}
        """Rows, and what was put in them: to do so once more would change nothing."""

    def of(
        self,
        session: Session,
        pane: Pane | None,
        *,
        followed: Session | None = None,
        conclusion: Conclusion | None = None,
    ) -> KnownFacts:
        """All there is for a row, together with what else is to be put in it."""
        thought, recorded, theme_id, held_messages = self._of(session, pane)
        return KnownFacts(
            followed=followed,
            conclusion=conclusion,
            thought=thought,
            recorded=recorded,
            theme_id=theme_id,
            held_messages=held_messages,
        )

    def are_in(self, session: Session, pane: Pane | None) -> bool:
        """Whether a row has all of it."""
        put = self._put.get(session.session_id)
        return put is not None and put[0] is session and put[1] == self._of(session, pane)

    def put_in(self, session: Session, pane: Pane | None) -> None:
        """Remember that a row has all of it."""
        self._put[session.session_id] = session, self._of(session, pane)

    def keep_only(self, sessions: Collection[SessionId]) -> None:
        """Forget the rows that are not there any more."""
        for session_id in self._put.keys() - sessions:
            del self._put[session_id]

    def _of(self, session: Session, pane: Pane | None) -> _Notes:
        session_id = session.session_id
        held = None if self.held is None else self.held.get(session_id, 0)
        return self._thought(session, pane), self._recorded(session_id), self.themes.get(session.cwd), held
