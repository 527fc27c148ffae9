"""What stands in place of the table when there is none: what, why, and the next key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.errors import QuarterdeckError

LEAST_WIDTH, LEAST_HEIGHT = 30, 6


class EmptyNotice(NamedTuple):
    """A state that has no rows."""

    what: str
    why: str
    next: str
    """With the names of actions in braces, which become their keys."""
    is_bad: bool = False


def notice_for(
    fleet: Fleet,
    server: str,
    trouble: QuarterdeckError | None,
    *,
    width: int,
    height: int,
    filter_text: str,
    shown: int,
) -> EmptyNotice | None:
    """Why there is no table, or None when there is one."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return EmptyNotice(
            f"{width}x{height} is too small", f"{LEAST_WIDTH}x{LEAST_HEIGHT} needed", "{console.quit} quits"
        )
    if trouble is not None:
        return EmptyNotice(
            trouble.title or trouble.message,
            trouble.hint if not trouble.title else trouble.message,
            "{fleet.look} tries again   {console.quit} quits",
            is_bad=True,
        )
    if fleet.sessions or fleet.exited:
        if filter_text and not shown:
            return EmptyNotice(
                "Nothing matches", f"No session matches {filter_text!r}.", "{filter.clear} clears the filter"
            )
        return None
    if fleet.look_failures:
        return EmptyNotice(
            "tmux does not answer",
            fleet.look_error or "The last looks failed, so nothing is known.",
            "{fleet.look} looks again   {console.quit} quits",
            is_bad=True,
        )
    if fleet.last_good_look is None:
        return EmptyNotice("Looking", f"Asking tmux ({server}) which sessions it has.", "{help.open} help")
    if not fleet.incarnation:
        return EmptyNotice(
            "No tmux server runs",
            f"Nothing answers at {server}; a new session starts one.",
            "{session.new} new session   {help.open} help   {console.quit} quit",
        )
    return EmptyNotice(
        "No sessions yet",
        f"The tmux server {server} has no session but the one that shows this console.",
        "{session.new} new session   {help.open} help   {console.quit} quit",
    )
