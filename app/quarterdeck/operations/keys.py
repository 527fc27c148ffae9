"""Press keys in a session, by tmux's names: what no message can say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.errors import Refused, UsageError
from quarterdeck.operations.pane_view import TargetPane
from quarterdeck.ports.store import Activity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.session import Session
    from quarterdeck.operations.delivery import DeliveryRules
    from quarterdeck.operations.session_context import SessionContext

NAMES = (
    *("Enter", "Escape", "Tab", "BTab", "Space", "BSpace", "Up", "Down", "Left", "Right", "Home", "End"),
    *("NPage", "PageDown", "PgDn", "PPage", "PageUp", "PgUp", "IC", "Insert", "DC", "Delete"),
    *(f"F{number}" for number in range(1, 13)),
)
_KEY = re.compile(rf"(?:[CMS]-)*(?:[!-~]|{'|'.join(NAMES)})")


async def press(context: SessionContext, session: Session, keys: Sequence[str], how: DeliveryRules) -> None:
    """Press them, in order. tmux types a name it does not know letter by letter, so such a one is refused."""
    unknown = next((key for key in keys if _KEY.fullmatch(key) is None), None)
    if unknown is not None or not keys:
        raise UsageError(
            f"{unknown!r} is not a key." if keys else "No key was named.", hint=f"Known: {', '.join(NAMES)}."
        )
    if session.pane_id is None or session.is_stale or session.ended_at is not None:
        raise Refused(f'"{session.tmux_name}" has ended.')
    if session.pane_id == how.own_pane:
        raise Refused("This is the pane you are in.")
    if (await TargetPane(context, session.pane_id, of=session.incarnation).look()).pane is None:
        raise Refused(f'"{session.tmux_name}" has ended.')
    await context.mux.leave_mode(session.pane_id)
    await context.mux.send_keys(session.pane_id, keys)
    await context.store.record(
        Activity(
            kind="keys.sent",
            at=context.clock.now(),
            source=how.source,
            session_id=session.session_id,
            summary=f"pressed {len(keys)} keys in {session.tmux_name}",
        )
    )
