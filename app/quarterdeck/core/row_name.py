"""What a row is called: by its session alone, or with its window and pane where the session has several rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from quarterdeck.core.session import Session


class KeptPlace(NamedTuple):
    """What a row's name is made of, where nothing else of it was read."""

    tmux_name: str
    window_index: int
    window_name: str | None
    pane_index: int
    rows_in_session: int
    rows_in_window: int
    windows_alike: int


def row_name(session: Session | KeptPlace) -> str:
    """Session name, and as much of window and pane as tells it from the other rows of its session; not cleaned."""
    if session.rows_in_session == 1:
        return session.tmux_name
    return f"{session.tmux_name}:{_in_session(session)}"


def name_below_session(session: Session) -> str:
    """What it is called where its session's name stands above it: its window's name, else `:1`, or with its pane."""
    name = _in_session(session)
    return f":{name}" if _window(session) == str(session.window_index) else name


def called(index: int, name: str | None) -> str:
    """A window's name, else its index. A name that ends as a place does would be read as another window or pane."""
    return name if name and not name.rpartition(".")[2].isdecimal() else str(index)


def _window(session: Session | KeptPlace) -> str:
    is_told_by_name = session.windows_alike == 1
    return called(session.window_index, session.window_name if is_told_by_name else None)


def _in_session(session: Session | KeptPlace) -> str:
    window = _window(session)
    return window if session.rows_in_window == 1 else f"{window}.{session.pane_index}"
