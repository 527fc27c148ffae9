"""One pane looked at closely by whoever is about to type into it, and what is in the way."""

from __future__ import annotations

import asyncio
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.pane import Snapshot
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.screen_text import is_prompt, last_line
from quarterdeck.core.session import Confidence, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import Box, BoxState, ScreenLook
from quarterdeck.ports.agent_service import NOTHING_DONE, ConversationTarget
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.supervisor.agent_facts import home_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.core.reading import Reading
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.agent import Agent
    from quarterdeck.ports.agent_process import AgentHome, Program
    from quarterdeck.ports.agent_service import AgentService, ServiceReceipt
    from quarterdeck.ports.clock import Clock

UNKNOWN_BOX = Box(state=BoxState.UNKNOWN)


class PaneView(Struct, frozen=True, kw_only=True):
    """What one look at the pane showed."""

    pane: Pane | None
    """None = there is no such pane any more, or it was not asked for."""
    screen: str = ""
    """Without colours."""
    agent: Agent | None = None
    box: Box = UNKNOWN_BOX
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
        self.home: AgentHome | None = None
        self.seen: ScreenLook | None = None
        """What the last look showed."""
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
            box=self.agent.read_box(self._drawing(screen, pane)) if self.agent else UNKNOWN_BOX,
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
        claim, box = self.agent.read_screen(look), self.agent.read_box(look)
        claims = (claim,) if claim else ()
        return PaneView(pane=None, screen=clean_lines(screen), agent=self.agent, box=box, claims=claims)

    def service_target(self, cwd: str) -> tuple[AgentService, ConversationTarget] | None:
        """The agent's own service, and the conversation that the pane shows; None where one is not known. Blocks."""
        agent, program = self.agent, self.program
        if agent is None or program is None or agent.service is None:
            return None
        title, screen = (self.seen.title, self.seen.text) if self.seen else ("", "")
        conversation = agent.conversation(program, home=self.home, title=title, screen=screen)
        if not conversation or conversation == UNBEGUN:
            return None
        found = ConversationTarget(conversation=conversation, home=self.home, cwd=cwd, program=program)
        return agent.service, found

    def tell_service(self, text: str, cwd: str) -> ServiceReceipt | None:
        """Hand a message to the agent's own service; None where nothing was done. Blocks."""
        found = self.service_target(cwd)
        if found is None:
            return None
        receipt = found[0].send(found[1], text)
        return None if receipt.outcome in NOTHING_DONE else receipt

    def answer_by_service(self, question: str, positions: Sequence[int], words: str, cwd: str) -> bool:
        """Answer through the agent's own service; False where nothing was done, and keys are left. Blocks."""
        found = self.service_target(cwd)
        if found is None:
            return False
        # What it does not confirm may be done, too: the screen tells.
        return found[0].answer(found[1], question, positions, words).outcome not in NOTHING_DONE

    async def _find_agent(self, pane: Pane) -> None:
        table = await self._context.processes.look(at_once=self.program is None)
        if not table.fresh:
            return
        found = self._context.agents.detect(table.programs_below(pane.pid))
        if found is None:
            self.agent = self.program = None
        elif self.program is None or found[1].pid != self.program.pid:
            self.agent, self.program = found
            self.home = await asyncio.to_thread(home_of, self.program, self.agent)

    async def _claims(self, screen: str, pane: Pane) -> tuple[Reading, ...]:
        agent, program = self.agent, self.program
        if agent is None or program is None:
            return ()
        look = self._drawing(screen, pane)
        registry = await asyncio.to_thread(self._registry, agent, program, look)
        found = (registry, agent.read_screen(look), agent.read_title(pane.title, at=look.at, still_for=look.still_for))
        return tuple(claim for claim in found if claim is not None)

    def _registry(self, agent: Agent, program: Program, look: ScreenLook) -> Reading | None:
        conversation = agent.conversation(program, home=self.home, title=look.title, screen=look.text)
        return agent.read_registry(program, at=look.at, home=self.home, conversation=conversation)

    def _drawing(self, screen: str, pane: Pane) -> ScreenLook:
        clock, still_for = self._context.clock, None
        if screen != self._drawn or self._drawn_at is None:
            self._drawn, self._drawn_at = screen, clock.monotonic()
        else:
            still_for = clock.monotonic() - self._drawn_at
        self.seen = ScreenLook(text=screen, at=clock.now(), title=pane.title, still_for=still_for)
        return self.seen


TYPED_WITHIN = 4.0
"""Seconds after a human's last key in which nothing is typed between their letters; tmux counts whole seconds."""
YOUNG = 60.0
"""Seconds after its start in which an agent that is not there yet may still be coming."""
STARTING_PATIENCE = 20.0
LOOK_GAP_SECONDS = 0.06
"""Seconds between two looks that must agree."""
GAP_AT_START = 0.4
NEWBORN = 12.0
"""Seconds after its start in which an agent's screen must stand still before it is believed."""
_SHELL_DRAFT = re.compile(r"^(?P<prompt>\S.{0,200}?[$#%❯➜λ»]) +\S")


class Hurdle(StrEnum):
    """What is in the way."""

    GONE = "gone"
    ELSEWHERE = "elsewhere"
    """The agent this is for does not run in the pane."""
    COVERED = "covered"
    ASKS = "asks"
    DRAFT = "draft"
    TYPING = "typing"


HURDLE_PATIENCE: Mapping[Hurdle, float] = {Hurdle.COVERED: 3.0, Hurdle.ELSEWHERE: 1.0}
"""Seconds it may take to go away by itself; nothing is waited for that depends on a human."""

HURDLE_WORDS: Mapping[Hurdle, str] = {
    Hurdle.GONE: "its pane is gone",
    Hurdle.ELSEWHERE: "no agent runs there now",
    Hurdle.COVERED: "its input line is not visible",
    Hurdle.ASKS: "it asks something",
    Hurdle.DRAFT: "something else has been typed there and not submitted",
    Hurdle.TYPING: "somebody types there",
}


def hurdle(view: PaneView, *, wants_agent: bool, now: float) -> Hurdle | None:
    """What keeps a message from being typed now; None = nothing."""
    if view.pane is None:
        return Hurdle.GONE
    if view.agent is None:
        if wants_agent:
            return Hurdle.ELSEWHERE
        if view.pane.alternate:
            return Hurdle.COVERED
    if view.question is not None:
        return Hurdle.ASKS
    if view.box.state is BoxState.COVERED:
        return Hurdle.COVERED
    if view.box.text or (view.agent is None and shell_draft(view.screen)):
        return Hurdle.DRAFT
    return Hurdle.TYPING if now - view.typed_at < TYPED_WITHIN else None


def shell_draft(screen: str) -> bool:
    """Whether a command stands at a shell's prompt and has not been run, as far as prompts can be told."""
    line = last_line(screen)
    found = _SHELL_DRAFT.match(line)
    return bool(found) and not is_prompt(line) and is_prompt(found["prompt"]) if found else False


async def until_ready(
    target: TargetPane, clock: Clock, *, wants_agent: bool, age: float
) -> tuple[PaneView, Hurdle | None]:
    """Look until two looks agree; what is only starting, or covered for a moment, is waited for."""
    began = clock.monotonic()
    is_young = age < YOUNG
    before: tuple[object, ...] | None = None
    while True:
        view = await target.look()
        found = hurdle(view, wants_agent=wants_agent, now=clock.now().timestamp())
        waited = clock.monotonic() - began
        is_newborn = age + waited < NEWBORN and not view.works
        seen = (found, view.box, view.screen if view.box.state is BoxState.UNKNOWN or is_newborn else "")
        patience = STARTING_PATIENCE if is_young else HURDLE_PATIENCE.get(found, 0.0) if found else 0.0
        can_pass = found in HURDLE_PATIENCE and waited < patience
        # A screen that never stands still must not be waited for without end.
        if (seen == before or waited > max(patience, HURDLE_PATIENCE[Hurdle.COVERED])) and not can_pass:
            return view, found
        before = seen
        await asyncio.sleep(GAP_AT_START if is_newborn else LOOK_GAP_SECONDS)
