"""Who is there and who is missing: pure plans over a listing of tmux sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.pane import NoServer
from quarterdeck.core.session import SessionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quarterdeck.core.pane import Look, Pane, TmuxSessionId
    from quarterdeck.core.session import Session, SessionId


class Reconciled(NamedTuple):
    """Known sessions against one reliable look."""

    here: Mapping[SessionId, Pane]
    """Those that are there, with the pane they show."""
    unknown: tuple[Pane, ...]
    """The shown panes of tmux sessions that nobody is bound to."""
    ended: tuple[Session, ...]
    """Those missing although their server runs on."""
    stranded: tuple[Session, ...]
    """Those whose server is not this one any more; they may come back by name."""


def reconcile(known: Iterable[Session], look: Look) -> Reconciled:
    """Compare what is known with what is there. tmux's ids mean something only within one run of its server."""
    live = [each for each in known if not each.is_stale and each.state is not SessionState.EXITED]
    if isinstance(look, NoServer):
        return Reconciled(here={}, unknown=(), ended=(), stranded=tuple(live))
    panes = shown_panes(look.panes)
    incarnation = str(look.incarnation)
    ours = [each for each in live if each.incarnation == incarnation]
    here = {each.session_id: panes[each.tmux_id] for each in ours if each.tmux_id in panes}
    bound = {pane.tmux_id for pane in here.values()}
    return Reconciled(
        here=here,
        unknown=tuple(pane for tmux_id, pane in panes.items() if tmux_id not in bound),
        ended=tuple(each for each in ours if each.session_id not in here),
        stranded=tuple(each for each in live if each.incarnation != incarnation),
    )


def shown_panes(panes: Iterable[Pane]) -> dict[TmuxSessionId, Pane]:
    """The pane that each tmux session shows. One whose panes are all dead is not there any more."""
    shown: dict[TmuxSessionId, Pane] = {}
    alive: set[TmuxSessionId] = set()
    for pane in panes:
        if not pane.dead:
            alive.add(pane.tmux_id)
        if pane.is_current or pane.tmux_id not in shown:
            shown[pane.tmux_id] = pane
    return {tmux_id: pane for tmux_id, pane in shown.items() if tmux_id in alive}
