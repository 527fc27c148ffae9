"""Hand an agent its first request once it can take one. It is pasted, so that no process list ever shows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.session import SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.ports.mux import CaptureRequest

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.deck import Deck
    from quarterdeck.ports.agent import Agent

READY_WITHIN = 20.0
EVERY = 0.4
STABLE_LOOKS = 2
SETTLE = 0.3
"""Seconds between the text and Enter: agents swallow an Enter that comes with the paste."""
ENTER_TRIES = 3
TAKEN_WITHIN = 2.0


async def deliver(deck: Deck, session: Session, agent: Agent, request: str) -> str:
    """Paste the request and press Enter; answers what went wrong, or ""."""
    pane_id = session.pane_id
    assert pane_id is not None
    if not await _is_ready(deck, session, agent):
        return (
            f"{agent.spec.name} was not ready within {READY_WITHIN:g} s, so the request was not delivered; "
            f"`quarterdeck show {session.session_id}` shows its screen."
        )
    await deck.mux.paste(pane_id, request)
    await asyncio.sleep(SETTLE)
    before = await _screen(deck, session)
    for _ in range(ENTER_TRIES):
        await deck.mux.send_keys(pane_id, ["Enter"])
        if await _changed(deck, session, before):
            return ""
    return f"{agent.spec.name} shows no sign of having taken the request; look at {session.tmux_name}."


async def _is_ready(deck: Deck, session: Session, agent: Agent) -> bool:
    """Whether the agent's input line stands still, idle and unasked, within the time it has for starting."""
    deadline = deck.clock.monotonic() + READY_WITHIN
    last, since, stable = "", deck.clock.monotonic(), 0
    while deck.clock.monotonic() < deadline:
        screen = await _screen(deck, session)
        now = deck.clock.monotonic()
        if screen != last:
            last, since, stable = screen, now, 0
        else:
            look = ScreenLook(text=screen, at=deck.clock.now(), title="", still_for=now - since)
            reading = agent.read_screen(look)
            idle = reading is not None and reading.state is SessionState.IDLE and reading.needs is None
            stable = stable + 1 if idle else 0
        if stable >= STABLE_LOOKS:
            return True
        await asyncio.sleep(EVERY)
    return False


async def _changed(deck: Deck, session: Session, before: str) -> bool:
    deadline = deck.clock.monotonic() + TAKEN_WITHIN
    while deck.clock.monotonic() < deadline:
        if await _screen(deck, session) != before:
            return True
        await asyncio.sleep(EVERY / 2)
    return False


async def _screen(deck: Deck, session: Session) -> str:
    assert session.pane_id is not None
    captured = await deck.mux.capture([CaptureRequest(session.pane_id)])
    return clean_lines(captured.get(session.pane_id, ""))
