"""What `doctor` looks at in what is kept."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

from quarterdeck.core.redact import redact
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.store.glances import glance, troubles
from quarterdeck.store.lease import Lease, writer_duty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.paths import Places

CURES = {"tmux": "tmux list-sessions  # does it answer?", "thoughts": "quarterdeck config edit"}
"""What to do about what is not well; about anything else, the log says more."""
REPORTS_UNREAD = 500
"""Reports that lie there when nobody has read them for long."""


async def state_check(address: ServerAddress, places: Places) -> Sequence[Finding]:
    """Whether what is kept can be read, and whether somebody keeps it up to date."""
    live = sum((await asyncio.to_thread(glance, places.state_file, str(address))).values())
    watched = Lease(places.state_file, writer_duty(str(address))).holder() is not None
    what = f"{live} live session{'' if live == 1 else 's'} kept" if places.state_file.exists() else "Nothing kept yet"
    found = [Finding("state", CheckStatus.OK, f"{what}; {'watched now' if watched else 'nobody watches now'}.")]
    wrong = await asyncio.to_thread(troubles, places.state_file, str(address)) if watched else {}
    see_log = f"See {shlex.quote(str(places.log_file))}."
    for name, words in wrong.items():
        cause = f"The console or `watch` that runs now says of {name}: {redact(words)}"
        found.append(Finding("watching", CheckStatus.WARN, cause, CURES.get(name, see_log)))
    unread = sum(1 for _ in places.spool.glob("*.report"))
    if unread > REPORTS_UNREAD:
        found.append(
            Finding(
                "reports", CheckStatus.WARN, f"{unread} reports of agents are unread.", "quarterdeck ls  # reads them"
            )
        )
    return found
