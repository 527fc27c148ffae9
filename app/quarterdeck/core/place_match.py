"""Which kept rows come back in which panes of another run of the tmux server. Pure, and never a guess."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId
    from quarterdeck.core.session import SessionId


class SeenPlace(Struct, frozen=True):
    """Something that is to be a row, as a look saw it: a pane, or a tmux session in which no agent was found."""

    tmux_id: TmuxSessionId
    name: str
    created: int
    bound_pane: PaneId | None = None
    """The pane in which an agent was found."""
    is_first: bool = True
    """Whether its tmux session has no other row so far."""
    window_name: str = ""
    place: str = ""
    """`window.pane`, as tmux counts them."""
    cwd: str = ""
    conversation: str = ""
    """The agent's own id of the conversation it is in; "" while that is not known."""

    @property
    def key(self) -> str:
        """What tells it from every other one of the same look."""
        return self.bound_pane or self.tmux_id


class WaitingRow(Struct, frozen=True):
    """A kept row whose tmux session is away."""

    session_id: SessionId
    name: str
    """The name its tmux session had, or that it was promised."""
    is_reserved: bool = False
    """Whether a tmux session of this name is about to be made for it."""
    is_new: bool = False
    """Whether it was never shown before."""
    was_alone: bool = True
    """Whether it was the only row of its tmux session."""
    window_name: str = ""
    place: str = ""
    cwd: str = ""
    conversation: str = ""


def seen_place(pane: Pane, *, is_bound: bool = False, is_first: bool = True, conversation: str = "") -> SeenPlace:
    """A pane as the store is asked about it."""
    return SeenPlace(
        tmux_id=pane.tmux_id,
        name=pane.session_name,
        created=pane.session_created,
        bound_pane=pane.pane_id if is_bound else None,
        is_first=is_first,
        window_name=pane.window_name,
        place=f"{pane.window_index}.{pane.pane_index}",
        cwd=pane.path,
        conversation=conversation,
    )


def who_comes_back(places: Sequence[SeenPlace], waiting: Sequence[WaitingRow]) -> dict[str, WaitingRow]:
    """The waiting row of each place that is one's for certain, by the place's key.

    A reservation goes to the tmux session it was made for. Else a row is found again by its agent's conversation, else
    by session, window, place and folder, else by the session's name where both stand for a whole tmux session. When
    two would fit, neither is taken.
    """
    found: dict[str, WaitingRow] = {}
    # The last is the first of its name.
    reserved = {row.name: row for row in reversed(waiting) if row.is_reserved}
    for place in places:
        if place.is_first and place.name in reserved:
            found[place.key] = reserved.pop(place.name)
    stale = [row for row in waiting if not row.is_reserved]
    for likeness in (_conversation, _place, _whole_session):
        taken = {row.session_id for row in found.values()}
        rows: defaultdict[object, list[WaitingRow]] = defaultdict(list)
        for row in stale:
            if row.session_id not in taken:
                rows[likeness(row)].append(row)
        alike: defaultdict[object, list[SeenPlace]] = defaultdict(list)
        for place in places:
            if place.key not in found and likeness(place) is not None:
                alike[likeness(place)].append(place)
        for what, there in alike.items():
            fitting = [(place, row) for place in there for row in rows[what] if not _is_other(likeness, place, row)]
            by_place, by_row = Counter(place.key for place, _ in fitting), Counter(row.session_id for _, row in fitting)
            for place, row in fitting:
                if by_place[place.key] == by_row[row.session_id] == 1:
                    found[place.key] = row
    return found


def _conversation(there: SeenPlace | WaitingRow) -> object:
    return there.conversation or None


def _place(there: SeenPlace | WaitingRow) -> object:
    return there.name, there.window_name, there.place, there.cwd


def _whole_session(there: SeenPlace | WaitingRow) -> object:
    is_whole = there.is_first if isinstance(there, SeenPlace) else there.was_alone
    return there.name if is_whole else None


def _is_other(likeness: object, place: SeenPlace, row: WaitingRow) -> bool:
    """Whether it is the same place, and another conversation in it."""
    is_known = bool(place.conversation and row.conversation)
    return likeness is _place and is_known and place.conversation != row.conversation
