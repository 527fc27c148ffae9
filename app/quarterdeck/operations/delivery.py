"""Put one message into a session: be ready, paste, wait, submit, see that it was taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.message import lines_below, pause_for
from quarterdeck.core.row_name import row_name
from quarterdeck.core.typed_text import typed_text
from quarterdeck.errors import Refused
from quarterdeck.operations.delivery_proof import (
    PROOF_WORDS,
    Draft,
    Outcome,
    PromptListener,
    Proof,
    draft_in,
    judge,
    signs,
)
from quarterdeck.operations.pane_view import HURDLE_WORDS, Hurdle, TargetPane, hurdle, until_ready
from quarterdeck.ports.agent import BoxState
from quarterdeck.ports.agent_service import ServiceOutcome
from quarterdeck.ports.store import Stage
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Session
    from quarterdeck.core.typed_text import TypedText
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.operations.delivery_proof import Signs
    from quarterdeck.operations.pane_view import PaneView
    from quarterdeck.ports.store import Held

DRAWN_WITHIN = 3.0
"""Seconds, besides the pause, in which a pasted text must show in the input line."""
PROOF_EVERY_SECONDS = 0.03
PRESSES = 4
"""The key that submits, and again up to three times while the text still stands there."""
FIRST_WAIT = 1.2
LONGER = 0.6
"""Seconds more after each further key."""
ONLY_WAIT = 6.0
"""Seconds for the proof where the key is pressed once."""
STILL = 0.5
"""Seconds in which nothing may move before the key, where only what moves after it can tell anything."""
BETTER_WITHIN = 0.4
"""Seconds in which a stronger proof is waited for, once a weak one is there."""
DIALOG_PATIENCE = 2.0
WEAK = frozenset({Proof.TURN, Proof.INPUT, Proof.SCREEN})
AFTER_DIALOG = "it is typed, and will be submitted when the dialog is closed"
SERVED = {
    ServiceOutcome.DONE: Outcome.DELIVERED,
    ServiceOutcome.QUEUED: Outcome.QUEUED,
    ServiceOutcome.UNKNOWN: Outcome.UNCONFIRMED,
}
"""What became of a message that an agent's own service was given."""
DRAFT_WORDS = {Draft.NONE: "it does not show in the input line", Draft.OTHER: "something else is in the input line"}


class NobodyThere(Refused):
    """The agent that the message is for does not run; for `send`, others see a refusal."""


class DeliveryRules(Struct, frozen=True, kw_only=True):
    """How a message shall be delivered."""

    wait: bool = True
    """Wait for proof."""
    now: bool = False
    """Type it whatever is in the way, before all that waits."""
    as_command: bool = False
    """Type it untouched, whatever the agent makes of it."""
    holds: bool = False
    """It is for an agent alone, and is kept, too, when that is not there yet or something fails on the way."""
    source: str = "operator"
    own_pane: PaneId | None = None
    """The pane this itself runs in."""


class Delivery(Struct, frozen=True, kw_only=True):
    """What became of one session's message."""

    session: Session
    outcome: Outcome
    proof: Proof = Proof.NONE
    detail: str = ""
    held: int | None = None
    """Number of the message while it waits with us."""
    stage: Stage | None = None
    """How far it has come, where that is to be noted."""
    presses: int = 0
    overrode: str = ""
    """What was in the way and not heeded."""
    as_command: bool = False
    """Whether the agent was given it as a command of its own."""

    @classmethod
    def waiting(cls, session: Session, held: Held, why: str, *, stage: Stage = Stage.WAITING) -> Delivery:
        """It is kept until it can go."""
        return cls(session=session, outcome=Outcome.QUEUED, proof=Proof.HELD, detail=why, held=held.id, stage=stage)


async def hand_over(context: SessionContext, session: Session, held: Held, how: DeliveryRules) -> Delivery:
    """Deliver a message whose turn it is. Raises Refused where the session can take none at all."""
    assert session.pane_id is not None
    target = TargetPane(context, session.pane_id, of=session.incarnation)
    with PromptListener(context, target, session.session_id, session.cwd) as listener:
        return await _Handover(context, session, target, listener, held, how).run()


class _Handover(Struct):
    """One message on its way into one pane."""

    context: SessionContext
    session: Session
    target: TargetPane
    listener: PromptListener
    held: Held
    how: DeliveryRules

    async def run(self) -> Delivery:
        """Be ready, type, submit, and see what came of it."""
        context, session, held, how = self.context, self.session, self.held, self.how
        if held.stage is Stage.TYPED:
            return await self._go_on()
        # The words for an agent are for no shell.
        is_agents = session.work is not None or bool(session.tool and context.agents.get(session.tool))
        wants_agent = held.stage is Stage.FOR_AGENT or is_agents
        view, found = await until_ready(self.target, context.clock, wants_agent=wants_agent, age=_age(context, session))
        if found is Hurdle.ELSEWHERE and how.holds and not how.now:
            return self._waits(HURDLE_WORDS[found], held.stage)
        if found is Hurdle.GONE or (found is Hurdle.ELSEWHERE and not how.now):
            raise NobodyThere(
                f'"{row_name(session)}" cannot take a message: {HURDLE_WORDS[found]}.',
                hint="`send --now` types it into whatever runs there." if found is Hurdle.ELSEWHERE else "",
            )
        if found is not None and not how.now:
            return self._waits(HURDLE_WORDS[found], held.stage)
        if view.pane is not None and view.pane.in_mode:
            await context.mux.leave_mode(self.target.pane_id)
        await self.listener.begin()
        if not await context.messages.typing(held.id):
            # We were held up for so long (a suspended machine, Ctrl-Z) that another has delivered it.
            return await self._go_on()
        # All that took a moment, in which a dialog may have come up or a human may have begun to type.
        view = await self.target.look()
        last = hurdle(view, wants_agent=wants_agent, now=context.clock.now().timestamp())
        if last is not None and not how.now:
            return self._waits(HURDLE_WORDS[last], held.stage)
        typed = await self._typed(view)
        done = None if typed.is_command or how.now else await self._by_service()
        if done is None:
            await context.mux.paste(self.target.pane_id, typed.text)
            done = await self._submit(await self._until_drawn(view))
        overrode = found or last
        return replace(done, overrode=overrode.value if overrode else "", as_command=typed.is_command)

    async def _typed(self, view: PaneView) -> TypedText:
        """How the words are typed into who runs there."""
        agent, held = view.agent, self.held
        if agent is None:
            return typed_text(held.text, None)
        habits = await asyncio.to_thread(agent.habits, cwd=self.session.cwd or "", home=self.target.home)
        return typed_text(held.text, habits, as_command=held.as_command)

    async def _by_service(self) -> Delivery | None:
        """Hand it to the agent's own service; None where there is none that takes it, and nothing was done."""
        receipt = await asyncio.to_thread(self.target.tell_service, self.held.text, self.session.cwd or "")
        if receipt is None:
            return None
        outcome = SERVED[receipt.outcome]
        proof = Proof.NONE if outcome is Outcome.UNCONFIRMED else Proof.SERVICE
        return self._done(outcome, proof, receipt.evidence or PROOF_WORDS[proof])

    def _waits(self, why: str, stage: Stage = Stage.TYPED) -> Delivery:
        return Delivery.waiting(self.session, self.held, why, stage=stage)

    def _done(self, outcome: Outcome, proof: Proof = Proof.NONE, detail: str = "", presses: int = 0) -> Delivery:
        return Delivery(session=self.session, outcome=outcome, proof=proof, detail=detail, presses=presses)

    async def _go_on(self) -> Delivery:
        """A message that was typed, or may have been: submit it if it stands there still; never type it again."""
        view = await self.target.look()
        if view.pane is None:
            return self._done(Outcome.UNCONFIRMED, detail="the pane is gone; it may not have been submitted")
        if draft_in(view, self.held.text) is Draft.OURS:
            return await self._submit(view)
        if await self.listener.heard_before(self.held.text):
            return self._done(Outcome.DELIVERED, Proof.TRANSCRIPT)
        if view.box.state is BoxState.COVERED or view.question is not None:
            return self._waits(AFTER_DIALOG)
        return self._done(Outcome.UNCONFIRMED, detail="it was typed once, and is not in the input line any more")

    async def _until_drawn(self, before: PaneView) -> PaneView:
        """Leave the program time to take the text in, and look until it shows, as far as that can be seen."""
        clock, pause = self.context.clock, pause_for(self.held.text)
        began = clock.monotonic()
        last = before
        while True:
            view = await self.target.look()
            waited = clock.monotonic() - began
            if view.box.state is BoxState.OPEN:
                is_drawn = bool(view.box.text)
            else:
                is_drawn = view.screen != before.screen and view.screen == last.screen
            if waited >= pause and (is_drawn or waited >= pause + DRAWN_WITHIN):
                return view
            last = view
            await asyncio.sleep(PROOF_EVERY_SECONDS)

    async def _submit(self, view: PaneView) -> Delivery:
        """Press the key that submits until something shows that the message was taken."""
        text, how = self.held.text, self.how
        once = view.agent is not None and view.agent.spec.submits_once
        presses = 1 if once else PRESSES
        for press in range(presses):
            drawn = view.screen
            if view.agent is not None and view.box.state is BoxState.UNKNOWN:
                await asyncio.sleep(STILL)
            view = await self._past_dialogs()
            if view.question is not None and not how.now:
                return self._waits(AFTER_DIALOG)
            # A text of many lines may leave no room for the frame of its own input line, and then shows itself.
            is_hidden = view.box.state is BoxState.COVERED and lines_below(view.screen, text) is None
            if is_hidden and not how.now:
                # Something covers the input line, such as a menu, where a key would do who knows what.
                return self._waits("it is typed, and will be submitted when the input line is visible")
            before = replace(signs(view, text), is_still=view.screen == drawn)
            if before.draft in {Draft.NONE, Draft.OTHER}:
                # Sent by somebody else, or never drawn: a key now could do anything.
                return await self._last_words(before, press)
            key = view.agent.spec.queue_key if view.agent is not None and view.works else "Enter"
            await self.context.mux.send_keys(self.target.pane_id, [key])
            if not how.wait:
                return self._done(Outcome.UNCONFIRMED, detail="not waited for", presses=press + 1)
            patience = ONLY_WAIT if once else FIRST_WAIT + press * LONGER
            found, view = await self._watch(before, patience)
            if found is not None:
                outcome, proof = found
                return self._done(outcome, proof, PROOF_WORDS[proof], press + 1)
            if draft_in(view, text) is not Draft.OURS:
                return await self._last_words(signs(view, text), press + 1)
        said = "nothing has come of it yet" if once else "it is in the input line and was not submitted"
        return self._done(Outcome.UNCONFIRMED, detail=said, presses=presses)

    async def _past_dialogs(self) -> PaneView:
        """The pane once no dialog is in the way, or as it is when one stays. Always a fresh look."""
        clock = self.context.clock
        deadline = clock.monotonic() + DIALOG_PATIENCE
        while True:
            view = await self.target.look()
            is_free = view.question is None and view.box.state is not BoxState.COVERED
            if is_free or self.how.now or clock.monotonic() > deadline:
                return view
            await asyncio.sleep(PROOF_EVERY_SECONDS)

    async def _watch(self, before: Signs, patience: float) -> tuple[tuple[Outcome, Proof] | None, PaneView]:
        """Look for proof until there is some; a weak one is kept while a stronger one may still come."""
        clock = self.context.clock
        deadline = clock.monotonic() + patience
        best: tuple[Outcome, Proof] | None = None
        while True:
            proof = await self.listener.hear(self.held.text)
            view = await self.target.look()
            found = judge(before, signs(view, self.held.text, proof))
            if found is not None and found[1] not in WEAK:
                return found, view
            now = clock.monotonic()
            if found is not None and best is None:
                deadline = min(deadline, now + BETTER_WITHIN)
            best = found or best
            if now > deadline:
                return best, view
            await asyncio.sleep(PROOF_EVERY_SECONDS)

    async def _last_words(self, now: Signs, presses: int) -> Delivery:
        proof = await self.listener.hear(self.held.text)
        if proof is not None:
            return self._done(Outcome.DELIVERED, proof, PROOF_WORDS[proof], presses)
        detail = DRAFT_WORDS.get(now.draft, PROOF_WORDS[Proof.NONE])
        return self._done(Outcome.UNCONFIRMED, detail=detail, presses=presses)


def _age(context: SessionContext, session: Session) -> float:
    """Seconds since the session was started or brought back."""
    times = [session.created_at]
    if session.work is not None:
        times += [session.work.created_at, session.work.restored_at]
    newest = max((at for at in times if at is not None), default=None)
    return (context.clock.now() - newest).total_seconds() if newest is not None else float("inf")
