"""Answer the question a session asks, if it is still that question when the key goes."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from quarterdeck.core.answer_choice import SUBMIT, is_shown_by, landmarks, pick, pick_several
from quarterdeck.core.message import cleaned, fingerprint, pause_for
from quarterdeck.core.projection import is_reported
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import Ask, Need, RowKind
from quarterdeck.errors import QuarterdeckError, Refused, UsageError
from quarterdeck.operations import detached
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.pane_view import TargetPane
from quarterdeck.operations.question import (
    CHANGED,
    DIALOG_EVERY_SECONDS,
    GRACE,
    MOST_KEYED_CHOICES,
    READ_WITHIN,
    UP_DOWN,
    AskedQuestion,
    OpenDialog,
    read_question,
    require_one,
)
from quarterdeck.operations.send import send
from quarterdeck.ports.agent_spec import Press

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.operations.delivery import Delivery
    from quarterdeck.operations.pane_view import PaneView
    from quarterdeck.ports.agent_spec import AgentDialog


ARROWS = {Press.RIGHT_ENTER: ("Left", "Right"), Press.DOWN_ENTER: UP_DOWN}


class Answered(Struct, frozen=True, kw_only=True):
    """What was answered."""

    session: Session
    question: AskedQuestion
    answer: str
    """The choices' words; "" for the operator's own."""
    sent: Delivery | None = None
    """What became of an answer that went as a message, since the question stands in no dialog."""


async def question_of(context: SessionContext, session: Session) -> AskedQuestion:
    """What a session asks now; raises Refused when it asks nothing that can be read."""
    if is_reported(session) and session.asks is not None:
        return AskedQuestion(kind=session.asks.kind, text=session.asks.text)
    if session.kind is RowKind.DETACHED:
        ask = detached.asked(session)
        return AskedQuestion(kind=ask.kind, text=ask.text, choices=ask.choices)
    _, question = await read_question(context, _target(context, session, None), session)
    return question


async def asked_now(context: SessionContext, session: Session) -> Ask:
    """The same, as a session holds it."""
    if is_reported(session) and session.asks is not None:
        return session.asks
    if session.kind is RowKind.DETACHED:
        return detached.asked(session)
    view, question = await read_question(context, _target(context, session, None), session)
    dialog = _known_dialog(view, question)
    since = session.asks.since if session.asks is not None else context.clock.now()
    return Ask(
        kind=question.kind,
        text=question.text,
        choices=question.choices,
        since=since,
        several=bool(question.ticks),
        to_write=dialog.to_write(question.choices) if dialog is not None and not question.ticks else None,
    )


async def answer(
    context: SessionContext, session: Session, choice: str, *, shown: Ask | None = None, own_pane: PaneId | None = None
) -> Answered:
    """Answer with a choice (its number, key or words), with several where they may be ticked, or in free text.

    `shown` is the question as the operator saw it. Raises Refused, with nothing pressed, when it is another one.
    """
    if session.kind is RowKind.DETACHED:
        question, taken = await detached.answer_it(context, session, choice, shown)
        return await _told(context, session, question, taken, choice)
    target = _target(context, session, own_pane)
    if is_reported(session) and session.asks is not None:
        # There is no dialog to answer in, so it goes as a message.
        if shown is not None and shown.text != session.asks.text:
            raise Refused(CHANGED)
        asked = AskedQuestion(kind=session.asks.kind, text=session.asks.text)
        sent = await send(context, session, choice, DeliveryRules(own_pane=own_pane))
        return Answered(session=session, question=asked, answer="", sent=sent)
    view, question = await read_question(context, target, session)
    if shown is not None and not is_shown_by(shown.text, (), question.text, ()):
        raise Refused(CHANGED)
    opened = OpenDialog(context, target, question)
    if question.scrolls:
        await context.mux.leave_mode(target.pane_id)
        await opened.see_all_choices()
        question = opened.question
    if shown is not None and not is_shown_by(shown.text, shown.choices, question.text, question.choices):
        raise Refused(CHANGED)
    dialog = _known_dialog(view, question)
    if dialog is None:
        name = view.agent.spec.name if view.agent else "that program"
        raise Refused(f"How {name} takes an answer is not known; go there and answer it.")
    taken = _taken(question, choice)
    if not question.ticks and dialog.to_write(question.choices) in {position + 1 for position in taken}:
        said = f"{question.choices[taken[0]]!r} is for an answer in words of your own."
        raise UsageError(said, hint="Give the words in place of the choice.")
    words = "" if taken else cleaned(choice)
    if await asyncio.to_thread(target.answer_by_service, question.text, taken, words, session.cwd):
        await opened.see_it_taken()
        return await _told(context, session, question, taken, choice)
    await context.mux.leave_mode(target.pane_id)
    await asyncio.sleep(GRACE)
    if taken and question.ticks and not (len(taken) == 1 and question.ticks[taken[0]] is None):
        await opened.take_several(dialog, taken)
    else:
        await (_choose(opened, dialog, taken[0]) if taken else _write(opened, dialog, choice))
        await opened.see_it_taken()
        if taken and dialog.confirmed and re.search(dialog.confirmed, question.choices[taken[0]]):
            await opened.confirm(dialog)
    return await _told(context, session, question, taken, choice)


async def _told(
    context: SessionContext, session: Session, question: AskedQuestion, taken: Sequence[int], choice: str
) -> Answered:
    """Write down that a question was answered: by which choices, and nothing of the operator's own words."""
    numbers = [position + 1 for position in taken]
    own_words: dict[str, Any] = {} if taken else {"length": len(choice), "fingerprint": fingerprint(choice)}
    await context.tell(
        "question.answered",
        f"answered the {question.kind.value} of {row_name(session)}",
        session.work.project if session.work else None,
        session.session_id,
        choice=(numbers if question.ticks else numbers[0]) if numbers else None,
        of=len(question.choices),
        question=fingerprint(question.text),
        **own_words,
    )
    said = ", ".join(question.choices[position] for position in taken)
    return Answered(session=session, question=question, answer=said)


def _target(context: SessionContext, session: Session, own_pane: PaneId | None) -> TargetPane:
    if session.pane_id is None or session.is_stale or session.ended_at is not None:
        raise Refused(f'"{row_name(session)}" has ended, so it asks nothing.')
    if session.pane_id == own_pane:
        raise Refused("This is the pane you are in.")
    return TargetPane(context, session.pane_id, of=session.incarnation)


def _taken(question: AskedQuestion, word: str) -> tuple[int, ...]:
    """The positions of the choices that a word names; none for an answer in the operator's own words."""
    if question.ticks:
        return pick_several(question.choices, word) or ()
    require_one(question.choices, word)
    position = pick(question.choices, word)
    return () if position is None else (position,)


def _known_dialog(view: PaneView, question: AskedQuestion) -> AgentDialog | None:
    if view.agent is None:
        return None
    spec = view.agent.spec
    return spec.permission_dialog if question.kind is Need.PERMISSION else spec.question_dialog


async def _choose(opened: OpenDialog, dialog: AgentDialog, position: int) -> None:
    question = opened.question
    if dialog.press is Press.TEXT_ENTER:
        await opened.press([])
        await opened.context.mux.send_text(opened.target.pane_id, question.choices[position])
        await opened.context.mux.send_keys(opened.target.pane_id, ["Enter"])
        return
    is_arrowed = dialog.press in ARROWS or dialog.takes_arrows(question.text)
    if is_arrowed and question.marked is not None:
        # Whoever sits there may have moved the mark, so it is counted from where it stands, and seen to arrive.
        await opened.take_marked(position, ARROWS.get(dialog.press, UP_DOWN))
        return
    number = str(position + 1)
    if dialog.press in {Press.NUMBER, Press.NUMBER_ENTER} and position >= MOST_KEYED_CHOICES:
        raise Refused("Only the first nine choices have a key of their own; go there to take another.")
    first = {Press.DOWN_ENTER: ["Down"] * position, Press.RIGHT_ENTER: ["Right"] * position}.get(dialog.press, [number])
    then = [] if dialog.press is Press.NUMBER else ["Enter"]
    if question.choices == (SUBMIT,):
        first, then = [], ["Enter"]
    await opened.press(first)
    if then and first:
        await asyncio.sleep(DIALOG_EVERY_SECONDS)
    # Some dialogs take the first key as the answer; then there is nothing left to press it on.
    if then and not await opened.presses(then) and not first:
        raise Refused(CHANGED)


async def _write(opened: OpenDialog, dialog: AgentDialog, text: str) -> None:
    """Answer in the operator's own words: where the dialog has a line for them, or has one opened by a choice."""
    mux, target, question = opened.context.mux, opened.target, opened.question
    words = cleaned(text)
    if dialog.press is Press.TEXT_ENTER and not question.choices:
        await opened.press([])
        await mux.send_text(target.pane_id, words.replace("\n", " "))
        await mux.send_keys(target.pane_id, ["Enter"])
        return
    opening = _opening_keys(dialog, question, text)
    if not words.strip() or "\n" in words:
        raise UsageError("An answer in your own words is one line.")
    await opened.press(opening)
    await asyncio.sleep(pause_for(words))
    before = await target.look()
    await mux.paste(target.pane_id, words)
    deadline = opened.context.clock.monotonic() + READ_WITHIN
    while (await target.look()).screen == before.screen:
        if opened.context.clock.monotonic() > deadline:
            raise QuarterdeckError("The answer did not show in the dialog, so it was not submitted.")
        await asyncio.sleep(DIALOG_EVERY_SECONDS)
    await asyncio.sleep(pause_for(words))
    if not await mux.send_keys_if(target.pane_id, ["Enter"], landmarks(question.text)):
        raise Refused("The question has changed or is gone; the answer was typed and not submitted.")


def _opening_keys(dialog: AgentDialog, question: AskedQuestion, text: str) -> list[str]:
    """What opens the line to write in; nothing where there is no choice but to write."""
    if not question.choices:
        return []
    pattern = dialog.own_words if not question.ticks else ""
    position = next(
        (index for index, choice in enumerate(question.choices) if pattern and re.search(pattern, choice)), None
    )
    if position is None:
        offered = "; ".join(f"{number}. {choice}" for number, choice in enumerate(question.choices, 1))
        hint = "Several may be given: 1,3" if question.ticks else ""
        raise UsageError(f"{text!r} is none of the choices: {offered}", hint=hint)
    return [*(["Down"] * position), *dialog.own_words_keys] if dialog.own_words_keys else [str(position + 1)]
