"""Ending what the operator picked: each session in the way that suits it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations import kill as ending
from quarterdeck.runtime import crewing
from quarterdeck.runtime.making import raise_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.core.ids import PaneId, SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.runtime.bridge import Services
    from quarterdeck.runtime.underway import Undertakings


async def end_each(
    services: Services,
    under: Undertakings,
    find: Callable[[SessionId], Session],
    ids: Sequence[SessionId],
    *,
    detach: bool,
    own_pane: PaneId | None,
) -> list[str]:
    """End sessions, or forget them; one that fails does not stop the others. Answers what is to be known of it."""
    turn = asyncio.Semaphore(crewing.AT_ONCE)

    async def one(session_id: SessionId) -> str:
        session = find(session_id)
        if detach:
            await ending.forget(services.context, session)
        elif session.work is not None:
            return await under.run(session_id, "ending", lambda held: crewing.end(services, session_id, held, turn))
        else:
            await ending.kill(services.context, session, own_pane=own_pane)
        return ""

    # One that the operator has stopped while it waited for its turn is cancelled, and no failure.
    done = await asyncio.gather(*map(one, ids), return_exceptions=True)
    for each in done:
        if isinstance(each, Exception) and not isinstance(each, QuarterdeckError):
            raise each
    raise_all([each for each in done if isinstance(each, QuarterdeckError)])
    return [each for each in done if isinstance(each, str) and each]
