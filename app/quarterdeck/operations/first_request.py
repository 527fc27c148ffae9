"""Hand an agent its first request once it can take one. It is pasted, so that no process list ever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.send import send

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.ports.agent import Agent


async def deliver(context: SessionContext, session: Session, agent: Agent, request: str) -> str:
    """Send the request, or keep it until it can go; answers what there is to say of it, or "".

    Raises QuarterdeckError when it can be neither delivered nor kept.
    """
    try:
        sent = await send(context, session, request, DeliveryRules(holds=True))
    except QuarterdeckError as error:
        raise QuarterdeckError(
            f"{session.tmux_name} was made, but the request was not delivered: {error.message}", hint=error.hint
        ) from error
    if sent.proof is Proof.HELD:
        return (
            f"The request waits (message {sent.held}) and is sent as soon as possible: {sent.detail.removesuffix('.')}."
        )
    if sent.outcome is Outcome.UNCONFIRMED:
        return (
            f"{agent.spec.name} shows no sign of having taken the request ({sent.detail}); look at {session.tmux_name}."
        )
    return ""
