"""Send a message to a session, and find out what became of it. Its words are typed once, or not at all."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

from quarterdeck.core.message import MOST_RECIPIENTS, cleaned, fingerprint
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import RowKind, SessionState
from quarterdeck.errors import NotFound, QuarterdeckError, Refused, UsageError
from quarterdeck.operations import detached
from quarterdeck.operations.delivery import Delivery, DeliveryRules, NobodyThere, hand_over
from quarterdeck.operations.delivery_proof import PROOF_WORDS, Outcome
from quarterdeck.operations.pane_view import TargetPane
from quarterdeck.ports.store import Level, Stage, Turn
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.store import Held

logger = logging.getLogger(__name__)

TURN_PATIENCE = 45.0
"""Seconds to wait for another message to the same session that is being delivered."""
TURN_EVERY = 0.1
SENDS_AT_ONCE = 8
"""Sessions that are typed into at the same time."""


DEFAULT_RULES = DeliveryRules()


async def send(context: SessionContext, session: Session, text: str, how: DeliveryRules = DEFAULT_RULES) -> Delivery:
    """Deliver a message, or keep it until it can go. Raises Refused when the session can take none."""
    words = _worded(text)
    if session.kind is RowKind.DETACHED:
        return await _send_to_service(context, session, words, how)
    session = await _reachable(context, session, how)
    if not how.now and await context.messages.waiting(session.session_id):
        try:
            await deliver_held(context, session, how)
        except NobodyThere as absent:
            # What waits for its agent goes on waiting, and what is said now waits behind it.
            logger.info("what waits for %s goes on waiting: %s", session.session_id, absent.message)
    stage = Stage.FOR_AGENT if how.holds else Stage.WAITING
    held = await context.messages.post(session.session_id, words, context.owner, stage, as_command=how.as_command)
    try:
        if await _turn(context, held, how) is Turn.GO:
            try:
                return await deliver(context, session, held, how)
            except NobodyThere:
                if session.work is None or context.revive is None:
                    raise
            return await deliver(context, await context.revive(session), held, how)
        why = "earlier messages wait"
    except (QuarterdeckError, asyncio.CancelledError) as error:
        if not how.holds or isinstance(error, NobodyThere | NotFound | asyncio.CancelledError):
            # Whoever asked is told that it did not go; then it must not go later without a word either.
            await context.messages.settle(held.id)
            raise
        why = error.message
    delivery = Delivery.waiting(session, held, why)
    await context.messages.hold(held.id, why)
    return await _told(context, held, delivery, how)


async def _send_to_service(context: SessionContext, session: Session, words: str, how: DeliveryRules) -> Delivery:
    """Hand a message to the service of an agent that no pane shows; it goes now, or not at all."""
    if how.as_command or how.now:
        raise Refused(f'"{row_name(session)}" runs in no pane, so nothing can be typed into it.')
    held = await context.messages.post(session.session_id, words, context.owner)
    try:
        delivery = await detached.send_to(context, session, held)
    finally:
        await context.messages.settle(held.id)
    return await _told(context, held, delivery, how)


async def send_to_all(
    context: SessionContext, sessions: Sequence[Session], text: str, how: DeliveryRules = DEFAULT_RULES
) -> list[Delivery]:
    """The same message to several sessions, each with an outcome of its own."""
    different = list({session.session_id: session for session in sessions}.values())
    if len(different) > MOST_RECIPIENTS:
        raise UsageError(f"A message goes to {MOST_RECIPIENTS} sessions at most; these are {len(different)}.")
    _worded(text)
    slots = asyncio.Semaphore(SENDS_AT_ONCE)

    async def one(session: Session) -> Delivery:
        async with slots:
            try:
                return await send(context, session, text, how)
            except QuarterdeckError as error:
                return Delivery(session=session, outcome=Outcome.REFUSED, detail=error.message)

    return list(await asyncio.gather(*map(one, different)))


async def deliver_held(context: SessionContext, session: Session, how: DeliveryRules = DEFAULT_RULES) -> list[Delivery]:
    """Deliver what waits for a session, in order, until one has to go on waiting."""
    done: list[Delivery] = []
    while (held := await context.messages.take(session.session_id, context.owner)) is not None:
        try:
            sent = await deliver(context, session, held, how)
        except QuarterdeckError as error:
            await context.messages.hold(held.id, error.message)
            raise
        done.append(sent)
        if sent.held is not None:
            break
    return done


async def deliver_now(context: SessionContext, message_id: int, how: DeliveryRules) -> Delivery:
    """Deliver one that waits before all others of its session; `how` says what it may go over."""
    held = next((each for each in await context.messages.waiting() if each.id == message_id), None)
    if held is None:
        raise NotFound(f"Message {message_id} does not wait any more.")
    session = context.session(held.session_id)
    if await _turn(context, held, how) is not Turn.GO:
        raise Refused(f'Another message to "{row_name(session)}" is on its way.')
    try:
        return await deliver(context, session, held, how)
    except QuarterdeckError as error:
        await context.messages.hold(held.id, error.message)
        raise


async def deliver(context: SessionContext, session: Session, held: Held, how: DeliveryRules) -> Delivery:
    """Deliver one message that is ours to deliver now."""
    delivery = await hand_over(context, session, held, how)
    if delivery.held is not None:
        await context.messages.hold(held.id, delivery.detail, delivery.stage)
    else:
        await context.messages.settle(held.id)
        await context.answered(session.session_id)
    return await _told(context, held, delivery, how)


def _worded(text: str) -> str:
    words = cleaned(text)
    if not words.strip():
        raise UsageError("The message is empty.")
    return words


async def _reachable(context: SessionContext, session: Session, how: DeliveryRules) -> Session:
    """The session as it can be typed into; a spawned one that has died is brought back first."""
    is_gone = session.is_stale or session.state is SessionState.EXITED or session.ended_at is not None
    if (is_gone or session.pane_id is None) and session.work is not None and context.revive is not None:
        return await context.revive(session)
    if is_gone or session.pane_id is None:
        raise Refused(f'"{row_name(session)}" has ended, so there is nobody to send to.')
    if session.pane_id == how.own_pane:
        raise Refused("This is the pane you are in: a message to it would be typed into your own command line.")
    return session


async def _turn(context: SessionContext, held: Held, how: DeliveryRules) -> Turn:
    """Wait for the one before it, if that is on its way."""
    deadline = context.clock.monotonic() + TURN_PATIENCE
    while True:
        turn = await context.messages.turn(held.id, context.owner, overtake=how.now)
        if turn is Turn.GONE:
            raise NotFound("The message was withdrawn before it could be sent.")
        if turn is not Turn.BUSY or context.clock.monotonic() > deadline:
            return turn
        await asyncio.sleep(TURN_EVERY)


async def _told(context: SessionContext, held: Held, delivery: Delivery, how: DeliveryRules) -> Delivery:
    """Tell the log what became of it: its length and a fingerprint, never its words."""
    session, waits = delivery.session, delivery.held is not None
    delivery = replace(delivery, detail=delivery.detail or PROOF_WORDS[delivery.proof])
    kind = "held" if waits else delivery.outcome.value
    if waits:
        context.on_held()
        if held.why == delivery.detail:
            return delivery  # said already, when it was tried before
    await context.tell(
        f"message.{kind}",
        f"{kind} to {row_name(session)}: {delivery.detail}",
        session.work.project if session.work else None,
        session.session_id,
        Level.WARN if delivery.outcome is Outcome.UNCONFIRMED and how.wait else Level.INFO,
        source=how.source,
        length=len(held.text),
        fingerprint=fingerprint(held.text),
        evidence=delivery.proof.value,
        **({"as_command": True} if delivery.as_command else {}),
        presses=delivery.presses,
        message=held.id,
        **({"overrode": delivery.overrode} if delivery.overrode else {}),
    )
    return delivery


async def withdraw(context: SessionContext, message_id: int) -> Held:
    """Take back a message that waits."""
    held = await context.messages.withdraw(message_id)
    await _note(context, "message.withdrawn", held, f"withdrew message {message_id}")
    return held


async def rewrite(context: SessionContext, message_id: int, text: str) -> Held:
    """Change the words of a message that waits."""
    held = await context.messages.rewrite(message_id, _worded(text))
    await _note(context, "message.rewritten", held, f"changed message {message_id}")
    return held


async def _note(context: SessionContext, kind: str, held: Held, summary: str) -> None:
    context.on_held()
    await context.tell(kind, summary, None, held.session_id, length=len(held.text), fingerprint=fingerprint(held.text))


KEY_NAMES = (
    *("Enter", "Escape", "Tab", "BTab", "Space", "BSpace", "Up", "Down", "Left", "Right", "Home", "End"),
    *("NPage", "PageDown", "PgDn", "PPage", "PageUp", "PgUp", "IC", "Insert", "DC", "Delete"),
    *(f"F{number}" for number in range(1, 13)),
)
_KEY = re.compile(rf"(?:[CMS]-)*(?:[!-~]|{'|'.join(KEY_NAMES)})")


async def press_keys(context: SessionContext, session: Session, keys: Sequence[str], how: DeliveryRules) -> None:
    """Press them, in order. tmux types a name it does not know letter by letter, so such a one is refused."""
    unknown = next((key for key in keys if _KEY.fullmatch(key) is None), None)
    if unknown is not None or not keys:
        raise UsageError(
            f"{unknown!r} is not a key." if keys else "No key was named.", hint=f"Known: {', '.join(KEY_NAMES)}."
        )
    if session.pane_id is None or session.is_stale or session.ended_at is not None:
        raise Refused(f'"{row_name(session)}" has ended.')
    if session.pane_id == how.own_pane:
        raise Refused("This is the pane you are in.")
    if (await TargetPane(context, session.pane_id, of=session.incarnation).look()).pane is None:
        raise Refused(f'"{row_name(session)}" has ended.')
    await context.mux.leave_mode(session.pane_id)
    await context.mux.send_keys(session.pane_id, keys)
    said = f"pressed {len(keys)} keys in {row_name(session)}"
    await context.tell("keys.sent", said, None, session.session_id, source=how.source)
