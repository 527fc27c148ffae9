"""Which kept rows come back in which panes of another run of the tmux server. Pure, and never a guess."""

from __future__ import annotations

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
    for place in places:
        reserved = [row for row in waiting if row.is_reserved and row.name == place.name]
        if place.is_first and reserved and reserved[0] not in found.values():
            found[place.key] = reserved[0]
    stale = [row for row in waiting if not row.is_reserved]
    for fits in (_is_same_conversation, _is_same_place, _is_same_session):
        open_places = [place for place in places if place.key not in found]
        free = [row for row in stale if row not in found.values()]
        for place in open_places:
            rows = [row for row in free if fits(place, row)]
            if len(rows) == 1 and sum(fits(other, rows[0]) for other in open_places) == 1:
                found[place.key] = rows[0]
    return found


def _is_same_conversation(place: SeenPlace, row: WaitingRow) -> bool:
    return bool(place.conversation) and place.conversation == row.conversation


def _is_same_place(place: SeenPlace, row: WaitingRow) -> bool:
    is_other = place.conversation and row.conversation and place.conversation != row.conversation
    here = (place.name, place.window_name, place.place, place.cwd)
    return not is_other and here == (row.name, row.window_name, row.place, row.cwd)


def _is_same_session(place: SeenPlace, row: WaitingRow) -> bool:
    return place.is_first and row.was_alone and place.name == row.name
