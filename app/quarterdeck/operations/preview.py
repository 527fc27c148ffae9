"""What is shown of one session: its last lines, and what changed in its folder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from quarterdeck.core.screen_text import KEPT_LINES
from quarterdeck.core.session import RowKind
from quarterdeck.core.text import clean_sgr
from quarterdeck.errors import QuarterdeckError, TmuxError
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.process import run

if TYPE_CHECKING:
    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store

logger = logging.getLogger(__name__)


async def preview(context: SessionContext, session: Session, *, lines: int, colours: bool = True) -> str:
    """At most `lines` last lines, blank ones at the end left out."""
    text = ""
    if session.kind is RowKind.DETACHED:
        return last_lines(_without_pane(session), lines)
    if session.pane_id is not None and not session.is_stale and session.ended_at is None:
        request = CaptureRequest(session.pane_id, lines=lines, colours=colours)
        text = (await context.mux.capture([request])).get(session.pane_id, "")
    if not text.strip():
        text = await context.store.tail(session.session_id)
    return last_lines(text, lines)


def _without_pane(session: Session) -> str:
    """What there is to read of an agent that no pane shows."""
    return f"{session.tool} runs here without a pane. To go there opens it in a new window.\n\n{session.thought or ''}"


def last_lines(text: str, lines: int) -> str:
    """The last lines that hold something, and what is above them."""
    kept = text.rstrip("\n").split("\n")
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept[-lines:]) if lines > 0 else ""


async def keep_last_lines(mux: Mux, store: Store, session_id: SessionId, pane_id: PaneId) -> None:
    """Keep what a session's pane holds, so that it can be read when the session is gone."""
    try:
        found = await mux.capture([CaptureRequest(pane_id, lines=KEPT_LINES, colours=True)])
    except TmuxError as fault:
        logger.info("the last lines of %s could not be read: %s", session_id, fault.message)
        return
    lines = last_lines(clean_sgr(found.get(pane_id, "")), KEPT_LINES)
    if lines:
        await store.save_tails({session_id: lines})


DIFF_SECONDS = 5.0
DIFF_BYTES = 200_000


async def folder_diff(folder: str) -> str:
    """What changed in a folder's repository against its last commit; "" when it is none or nothing did."""
    if not folder:
        return ""
    argv = ["git", "-C", folder, "--no-optional-locks", "diff", "--no-color", "--no-ext-diff", "HEAD"]
    try:
        result = await run(argv, timeout=DIFF_SECONDS, limit_bytes=DIFF_BYTES)
    except QuarterdeckError:
        return ""
    return result.out if result.code == 0 else ""
