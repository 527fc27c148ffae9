"""Agents that no pane shows: told, answered, stopped and shown in a pane, all through their own services."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.answer_choice import is_shown_by, pick, pick_several
from quarterdeck.core.events import DeleteMode, SessionDeleted
from quarterdeck.core.message import cleaned
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import ExitReason
from quarterdeck.core.session_ends import gone
from quarterdeck.errors import QuarterdeckError, Refused, UsageError
from quarterdeck.operations.delivery import SERVED, Delivery
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.question import CHANGED, AskedQuestion, require_one
from quarterdeck.ports.agent_service import NOTHING_DONE, ConversationTarget, ServiceOutcome
from quarterdeck.ports.mux import NewPane, NewSession

if TYPE_CHECKING:
    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.agent_service import AgentService, ServiceReceipt
    from quarterdeck.ports.store import Held

NOT_THERE = "does not answer"


def service_of(context: SessionContext, session: Session) -> tuple[AgentService, ConversationTarget]:
    """The service that a row without a pane is behind, and its conversation; refused when it is over."""
    agent = context.agents.get(session.agent or "")
    service = agent.service if agent is not None else None
    if service is None or session.ended_at is not None or not session.conversation:
        raise Refused(f'"{row_name(session)}" has ended.')
    return service, ConversationTarget(conversation=session.conversation, cwd=session.cwd)


async def send_to(context: SessionContext, session: Session, held: Held) -> Delivery:
    """Hand a message to its service. Raises Refused where it was not taken."""
    service, target = service_of(context, session)
    await context.messages.typing(held.id)
    receipt = await asyncio.to_thread(service.send, target, held.text)
    if receipt.outcome in NOTHING_DONE:
        raise Refused(_said(session, receipt))
    outcome = SERVED[receipt.outcome]
    proof = Proof.NONE if outcome is Outcome.UNCONFIRMED else Proof.SERVICE
    return Delivery(session=session, outcome=outcome, proof=proof, detail=receipt.evidence)


def asked(session: Session) -> Ask:
    """What it asks, by the last word of its service."""
    if session.asks is None:
        raise Refused(f'"{row_name(session)}" asks nothing now.')
    return session.asks


async def answer_it(
    context: SessionContext, session: Session, choice: str, shown: Ask | None
) -> tuple[AskedQuestion, tuple[int, ...]]:
    """Answer its question; what was answered, and with which choices."""
    ask = asked(session)
    if shown is not None and not is_shown_by(shown.text, shown.choices, ask.text, ask.choices):
        raise Refused(CHANGED)
    if ask.several:
        taken = pick_several(ask.choices, choice) or ()
    else:
        require_one(ask.choices, choice)
        position = pick(ask.choices, choice)
        taken = () if position is None else (position,)
    words = "" if taken else cleaned(choice)
    if not taken and not words.strip():
        raise UsageError("The answer is empty.")
    service, target = service_of(context, session)
    receipt = await asyncio.to_thread(service.answer, target, ask.text, taken, words)
    if receipt.outcome in NOTHING_DONE:
        raise Refused(_said(session, receipt))
    if receipt.outcome is ServiceOutcome.UNKNOWN:
        raise QuarterdeckError(
            f'"{row_name(session)}" was answered and did not confirm it.', hint="Look at it before you answer again."
        )
    return AskedQuestion(kind=ask.kind, text=ask.text, choices=ask.choices), taken


async def stop(context: SessionContext, session: Session) -> Session:
    """Stop it through its service; the conversation itself stays with the agent."""
    service, target = service_of(context, session)
    receipt = await asyncio.to_thread(service.stop, target)
    if receipt.outcome is not ServiceOutcome.DONE:
        raise Refused(_said(session, receipt))
    now = context.clock.now()
    over = gone(session, ExitReason.API_DELETE, now)
    await context.store.end([over], ExitReason.API_DELETE)
    await context.tell(
        "session.killed",
        f"Ended by the operator: {row_name(session)}",
        None,
        session.session_id,
        reason=ExitReason.API_DELETE,
    )
    if session.session_id in context.supervisor.fleet.sessions:
        context.supervisor.note_end(
            SessionDeleted(session=over, reason=ExitReason.API_DELETE, mode=DeleteMode.KILL_TMUX, at=now)
        )
    return over


def attach_command(context: SessionContext, session: Session) -> tuple[str, ...]:
    """The command that shows it in a terminal; refused where its agent has none."""
    service, target = service_of(context, session)
    argv = service.attach(target)
    if not argv:
        raise Refused(f"{session.tool} cannot show {row_name(session)} in a terminal.")
    return argv


async def show_in_pane(context: SessionContext, session: Session, beside: PaneId | None) -> PaneId:
    """Show it in a new window of the session that this pane is in, else in a session of its own; the new pane."""
    argv, cwd = attach_command(context, session), folder_of(session)
    snapshot = context.supervisor.snapshot
    panes = snapshot.panes if snapshot is not None else ()
    here = next((pane for pane in panes if pane.pane_id == beside), None)
    if here is not None:
        pane = await context.mux.new_pane(NewPane(tmux_id=here.tmux_id, cwd=cwd, argv=argv))
    else:
        pane = await context.mux.new_session(NewSession(cwd=cwd, argv=argv))
    return pane.pane_id


def folder_of(session: Session) -> Path:
    """Where it works, or the home folder where that is not there any more."""
    folder = Path(session.cwd)
    return folder if session.cwd and folder.is_dir() else Path.home()


def _said(session: Session, receipt: ServiceReceipt) -> str:
    return f"{session.tool} did not take it: {receipt.evidence.rstrip('.') or NOT_THERE}."
