"""What changed between two looks at a tmux server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.pane import NoServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.pane import Look, Pane, PaneId, TmuxSessionId


class Changes(Struct, frozen=True, kw_only=True):
    """Everything that is different, by what kind of difference it is."""

    server_replaced: bool = False
    """Another run of the server, or none: nothing else is told then, since no id means what it meant."""
    born: tuple[TmuxSessionId, ...] = ()
    died: tuple[TmuxSessionId, ...] = ()
    renamed: tuple[TmuxSessionId, ...] = ()
    new_panes: tuple[PaneId, ...] = ()
    gone_panes: tuple[PaneId, ...] = ()
    moved_panes: tuple[PaneId, ...] = ()
    """Panes in another place: session, window or position."""
    restarted: tuple[PaneId, ...] = ()
    """Panes with another process, or whose process ended."""
    shown: tuple[PaneId, ...] = ()
    """Panes that their session shows now and did not show before."""
    stirred: tuple[PaneId, ...] = ()
    """Panes whose program may have printed something, or whose size is another."""
    retitled: tuple[PaneId, ...] = ()
    other_command: tuple[PaneId, ...] = ()
    """Panes with another foreground command or folder."""

    def __bool__(self) -> bool:
        """Whether anything changed at all."""
        return self != Changes()


_COMPARED: dict[str, Callable[[Pane], object]] = {
    "moved_panes": lambda pane: (pane.tmux_id, pane.window_id, pane.window_index, pane.pane_index),
    "restarted": lambda pane: (pane.pid, pane.dead),
    "stirred": lambda pane: (pane.activity, pane.bell, pane.width, pane.height, pane.alternate, pane.in_mode),
    "retitled": lambda pane: pane.title,
    "other_command": lambda pane: (pane.command, pane.path),
}


def diff(before: Look | None, after: Look) -> Changes:
    """Compare two looks; a first one shows everything as born.

    tmux tells activity in whole seconds: a pane that printed in the second of the look before counts as stirred too.
    """
    if isinstance(after, NoServer) or isinstance(before, NoServer):
        return Changes(server_replaced=type(before) is not type(after))
    if before is not None and before.incarnation != after.incarnation:
        return Changes(server_replaced=True)
    old = {pane.pane_id: pane for pane in before.panes} if before else {}
    new = {pane.pane_id: pane for pane in after.panes}
    old_names = {pane.tmux_id: pane.session_name for pane in old.values()}
    names = {pane.tmux_id: pane.session_name for pane in new.values()}
    both = [(old[key], pane) for key, pane in new.items() if key in old]
    differing = {
        kind: tuple(now.pane_id for was, now in both if value(was) != value(now)) for kind, value in _COMPARED.items()
    }
    second = int(before.at) if before else 0
    recent = {now.pane_id for was, now in both if now.activity >= second > 0}
    return Changes(
        born=tuple(key for key in names if key not in old_names),
        died=tuple(key for key in old_names if key not in names),
        renamed=tuple(key for key, name in names.items() if old_names.get(key, name) != name),
        new_panes=tuple(key for key in new if key not in old),
        gone_panes=tuple(key for key in old if key not in new),
        shown=tuple(now.pane_id for was, now in both if now.is_current and not was.is_current),
        moved_panes=differing["moved_panes"],
        restarted=differing["restarted"],
        stirred=tuple(key for key in new if key in recent or key in differing["stirred"]),
        retitled=differing["retitled"],
        other_command=differing["other_command"],
    )
