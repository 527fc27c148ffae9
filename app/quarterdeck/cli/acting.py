"""`new`, `kill`, `adopt`: verbs that change something in tmux, and say what came of it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.bridge import bridge
from quarterdeck.cli.output import print_json, say
from quarterdeck.core.ids import SessionId
from quarterdeck.core.wire import to_wire
from quarterdeck.errors import QuarterdeckError, UsageError
from quarterdeck.operations.adopt import adopt as adopt_session
from quarterdeck.operations.kill import forget
from quarterdeck.operations.kill import kill as end_session
from quarterdeck.operations.new import Wanted, new_session
from quarterdeck.runtime.bridge import own_pane

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call


def new(call: Call) -> int:
    """Make a session."""
    return asyncio.run(_new(call))


async def _new(call: Call) -> int:
    options = call.options
    cwd = _absolute(options.cwd)
    request = sys.stdin.read() if options.request == "-" else options.request
    wanted = Wanted(
        name=options.name,
        cwd=cwd,
        tool=options.tool,
        request=request,
        shell=os.environ.get("SHELL", ""),
    )
    async with bridge(call) as opened:
        session, notices = await new_session(opened.deck, wanted)
        await opened.crew.checkpoints.save()
    for notice in notices:
        sys.stderr.write(f"quarterdeck: {notice}\n")
    if call.json:
        print_json(to_wire(session))
    else:
        say(f"{session.session_id}  {session.tmux_name}")
    return 0


def kill(call: Call) -> int:
    """End sessions, or with `--detach` only stop watching them."""
    return asyncio.run(_kill(call))


async def _kill(call: Call) -> int:
    words: list[str] = list(dict.fromkeys(call.options.session))
    done: list[dict[str, object]] = []
    failed: list[QuarterdeckError] = []
    async with bridge(call) as opened:
        deck = opened.deck
        # All are found before the first is touched, so that a typing error ends nothing.
        sessions = {s.session_id: s for s in (deck.session(word, all_rows=call.options.detach) for word in words)}
        for session in sessions.values():
            try:
                if call.options.detach:
                    await forget(deck, session)
                else:
                    await end_session(deck, session, own_pane=own_pane(deck.mux.address))
            except QuarterdeckError as error:
                failed.append(error)
                continue
            outcome = "detached" if call.options.detach else "ended"
            done.append({"session_id": session.session_id, "tmux_name": session.tmux_name, "outcome": outcome})
    if call.json:
        print_json(done)
    else:
        for each in done:
            say(f"{each['outcome']}  {each['session_id']}  {each['tmux_name']}")
    for failure in failed[:-1]:
        sys.stderr.write(f"quarterdeck: {failure.message}\n")
    if failed:
        raise failed[-1]
    return 0


def adopt(call: Call) -> int:
    """Bind a tmux session to an identity."""
    return asyncio.run(_adopt(call))


async def _adopt(call: Call) -> int:
    if call.options.identity == "":
        raise UsageError("The id after --as is empty.", hint="`quarterdeck ls --all` lists stale sessions.")
    identity = SessionId(call.options.identity) if call.options.identity else None
    async with bridge(call) as opened:
        session = await adopt_session(opened.deck, call.options.name, identity)
        await opened.crew.checkpoints.save()
    if call.json:
        print_json(to_wire(session))
    else:
        say(f"{session.session_id}  {session.tmux_name}")
    return 0


def _absolute(folder: str | None) -> Path:
    return Path(folder).expanduser().absolute() if folder else Path.cwd()
