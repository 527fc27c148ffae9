"""One pane looked at closely, again and again, by whoever is about to type into it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.pane import Snapshot
from quarterdeck.core.session import Confidence, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import Box, BoxState, ScreenLook
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.supervisor.agent_facts import home_of

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.core.reading import Reading
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.ports.agent import Agent, Program

UNKNOWN = Box(state=BoxState.UNKNOWN)


class PaneView(Struct, frozen=True, kw_only=True):
    """What one look at the pane showed."""

    pane: Pane | None
    """None = there is no such pane any more, or it was not asked for."""
    screen: str = ""
    """Without colours."""
    agent: Agent | None = None
    box: Box = UNKNOWN
    claims: tuple[Reading, ...] = ()
    """What the agent's registry, title and screen say of it now."""
    typed_at: float = 0.0
    """Epoch seconds of the last key a human pressed at a terminal that shows the pane."""

    @property
    def question(self) -> Reading | None:
        """What the agent asks, if it asks: the reading that has its words, where one has."""
        asking = [
            claim
            for claim in self.claims
            if claim.state is SessionState.ATTENTION and claim.confidence is not Confidence.LOW
        ]
        return next((claim for claim in asking if claim.question or claim.choices), asking[0] if asking else None)

    @property
    def works(self) -> bool:
        """Whether the agent is at its turn."""
        return any(claim.state is SessionState.BUSY and claim.confidence is not Confidence.LOW for claim in self.claims)


class TargetPane:
    """The pane, and what does not change between two looks at it."""

    def __init__(self, context: SessionContext, pane_id: PaneId, *, of: str = "") -> None:
        self._context = context
        self.pane_id = pane_id
        self._of = of
        """The run of the server that the pane's id is of: a later one counts from 0 again."""
        self.agent: Agent | None = None
        self.program: Program | None = None
        self.home: Path | None = None
        self._drawn = ""
        self._drawn_at: float | None = None

    async def look(self) -> PaneView:
        """Look once; raises TmuxError when tmux does not answer."""
        context = self._context
        look = await context.mux.look({self.pane_id})
        is_ours = isinstance(look, Snapshot) and self._of in {"", str(look.incarnation)}
        panes = look.panes if isinstance(look, Snapshot) and is_ours else ()
        pane = next((pane for pane in panes if pane.pane_id == self.pane_id), None)
        if pane is None or pane.dead:
            return PaneView(pane=None)
        captured = await context.mux.capture([CaptureRequest(self.pane_id, colours=True)])
        await self._find_agent(pane)
        screen = captured.get(self.pane_id, "")
        clients = look.clients if isinstance(look, Snapshot) else ()
        return PaneView(
            pane=pane,
            screen=clean_lines(screen),
            agent=self.agent,
            box=self.agent.read_box(self._drawing(screen, pane)) if self.agent else UNKNOWN,
            claims=await self._claims(screen, pane),
            typed_at=max((client.activity for client in clients if client.pane_id == self.pane_id), default=0.0),
        )

    async def glance(self) -> PaneView:
        """Look at nothing but the screen, as fast as can be; whoever runs there is taken from the look before."""
        captured = await self._context.mux.capture([CaptureRequest(self.pane_id, colours=True)])
        screen = captured.get(self.pane_id)
        if screen is None or self.agent is None:
            return PaneView(pane=None)
        look = ScreenLook(text=screen, at=self._context.clock.now())
        claim = self.agent.read_screen(look)
        return PaneView(
            pane=None,
            screen=clean_lines(screen),
            agent=self.agent,
            box=self.agent.read_box(look),
            claims=(claim,) if claim else (),
        )

    async def _find_agent(self, pane: Pane) -> None:
        table = await self._context.processes.look(at_once=self.program is None)
        if not table.fresh:
            return
        found = self._context.agents.detect(table.programs_below(pane.pid))
        if found is None:
            self.agent = self.program = None
        elif self.program is None or found[1].pid != self.program.pid:
            self.agent, self.program = found
            self.home = await asyncio.to_thread(home_of, self.program)

    async def _claims(self, screen: str, pane: Pane) -> tuple[Reading, ...]:
        agent, program = self.agent, self.program
        if agent is None or program is None:
            return ()
        now = self._context.clock.now()
        look = self._drawing(screen, pane)
        registry = await asyncio.to_thread(agent.read_registry, program, at=now, home=self.home)
        found = (registry, agent.read_screen(look), agent.read_title(pane.title, at=now, still_for=look.still_for))
        return tuple(claim for claim in found if claim is not None)

    def _drawing(self, screen: str, pane: Pane) -> ScreenLook:
        now = self._context.clock.monotonic()
        if screen != self._drawn or self._drawn_at is None:
            self._drawn, self._drawn_at = screen, now
            return ScreenLook(text=screen, at=self._context.clock.now(), title=pane.title)
        return ScreenLook(text=screen, at=self._context.clock.now(), title=pane.title, still_for=now - self._drawn_at)
