"""Answer the question a session asks, if it is still that question when the key goes."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.core.choice import is_same_question, is_shown_by, landmarks, pick
from quarterdeck.core.message import cleaned, fingerprint, pause_for
from quarterdeck.core.session import Need, Source
from quarterdeck.errors import QuarterdeckError, Refused, UsageError
from quarterdeck.operations.sight import Target
from quarterdeck.ports.agent import Press
from quarterdeck.ports.store import Activity

if TYPE_CHECKING:
    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.operations.deck import Deck
    from quarterdeck.operations.sight import Sight
    from quarterdeck.ports.agent import Dialog

READ_WITHIN = 2.0
TAKEN_WITHIN = 5.0
EVERY = 0.04
CHANGED = "It asks something else by now, or nothing; no key was pressed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An open dialog, as the screen shows it."""

    kind: Need
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was answered."""

    session: Session
    question: Question
    answer: str
    """The choice's words; "" for the operator's own."""


async def question_of(deck: Deck, session: Session) -> Question:
    """What a session asks now; raises Refused when it asks nothing that can be read."""
    _, question = await _open_question(deck, _target(deck, session, None), session)
    return question


async def answer(
    deck: Deck, session: Session, choice: str, *, shown: Ask | None = None, own_pane: PaneId | None = None
) -> Answered:
    """Answer with a choice (its number, key or words) or in free text.

    `shown` is the question as the operator saw it. Raises Refused, with nothing pressed, when it is another one.
    """
    target = _target(deck, session, own_pane)
    sight, question = await _open_question(deck, target, session)
    if shown is not None and not is_shown_by(shown.text, shown.choices, question.text, question.choices):
        raise Refused(CHANGED)
    dialog = _dialog(sight, question)
    position = pick(question.choices, choice)
    await deck.mux.leave_mode(target.pane_id)
    if position is not None and (question.choices or dialog.press is not Press.TEXT_ENTER):
        await _choose(deck, target, dialog, question, position)
        said = question.choices[position]
    elif dialog.press is Press.TEXT_ENTER and not question.choices:
        await _write(deck, target, question, choice)
        said = ""
    else:
        await _in_own_words(deck, target, dialog, question, choice)
        said = ""
    await _see_it_taken(deck, target, question)
    await deck.store.record(
        Activity(
            kind="question.answered",
            at=deck.clock.now(),
            source="operator",
            session_id=session.session_id,
            project=session.work.project if session.work else None,
            summary=f"answered the {question.kind.value} of {session.tmux_name}",
            data={
                "choice": position + 1 if position is not None else None,
                "of": len(question.choices),
                "question": fingerprint(question.text),
            }
            | ({"length": len(choice), "fingerprint": fingerprint(choice)} if position is None else {}),
        )
    )
    return Answered(session=session, question=question, answer=said)


def _target(deck: Deck, session: Session, own_pane: PaneId | None) -> Target:
    if session.pane_id is None or session.is_stale or session.ended_at is not None:
        raise Refused(f'"{session.tmux_name}" has ended, so it asks nothing.')
    if session.pane_id == own_pane:
        raise Refused("This is the pane you are in.")
    return Target(deck, session.pane_id)


async def _open_question(deck: Deck, target: Target, session: Session) -> tuple[Sight, Question]:
    deadline = deck.clock.monotonic() + READ_WITHIN
    while True:
        sight = await target.look()
        question = _question(sight)
        if question is not None:
            return sight, question
        # The agent may say that it asks a moment before its screen shows what.
        if sight.question is None or deck.clock.monotonic() > deadline:
            break
        await asyncio.sleep(EVERY)
    if sight.question is not None:
        raise Refused(
            f'What "{session.tmux_name}" asks cannot be read from its screen.',
            hint=f"quarterdeck attach {session.tmux_name}",
        )
    raise Refused(f'"{session.tmux_name}" asks nothing now.')


def _question(sight: Sight) -> Question | None:
    asked = next(
        (
            claim
            for claim in sight.claims
            if claim.source is Source.SCREEN and claim.needs in {Need.PERMISSION, Need.QUESTION}
        ),
        None,
    )
    if asked is None or asked.needs is None:
        return None
    return Question(kind=asked.needs, text=asked.question or asked.detail, choices=asked.choices)


def _dialog(sight: Sight, question: Question) -> Dialog:
    spec = sight.agent.spec if sight.agent else None
    found = None
    if spec is not None:
        found = spec.permission_dialog if question.kind is Need.PERMISSION else spec.question_dialog
    if found is None:
        name = spec.name if spec else "that program"
        raise Refused(f"How {name} takes an answer is not known; go there and answer it.")
    return found


async def _choose(deck: Deck, target: Target, dialog: Dialog, question: Question, position: int) -> None:
    number = str(position + 1)
    if dialog.press in {Press.NUMBER, Press.NUMBER_ENTER} and position >= 9:
        raise Refused("Only the first nine choices have a key of their own; go there to take another.")
    match dialog.press:
        case Press.NUMBER:
            first, then = [number], []
        case Press.NUMBER_ENTER:
            first, then = [number], ["Enter"]
        case Press.DOWN_ENTER:
            first, then = ["Down"] * position, ["Enter"]
        case Press.RIGHT_ENTER:
            first, then = ["Right"] * position, ["Enter"]
        case Press.TEXT_ENTER:
            first, then = [number], ["Enter"]
    if not await _press(deck, target, question, first):
        raise Refused(CHANGED)
    if then and first:
        await asyncio.sleep(EVERY)
    # Some dialogs take the first key as the answer; then there is nothing left to press it on.
    if then and not await _press(deck, target, question, then) and not first:
        raise Refused(CHANGED)


async def _in_own_words(deck: Deck, target: Target, dialog: Dialog, question: Question, text: str) -> None:
    words = cleaned(text)
    pattern = dialog.own_words
    position = next(
        (index for index, choice in enumerate(question.choices) if pattern and re.search(pattern, choice)), None
    )
    if position is None:
        offered = "; ".join(f"{number}. {choice}" for number, choice in enumerate(question.choices, 1))
        raise UsageError(f"{text!r} is none of the choices: {offered}")
    if not words.strip() or "\n" in words:
        raise UsageError("An answer in your own words is one line.")
    keys = [*(["Down"] * position), *dialog.own_words_keys] if dialog.own_words_keys else [str(position + 1)]
    if not await _press(deck, target, question, keys):
        raise Refused(CHANGED)
    await asyncio.sleep(pause_for(words))
    before = await target.look()
    await deck.mux.paste(target.pane_id, words)
    await _until_shown(deck, target, before, words)
    await deck.mux.send_keys(target.pane_id, ["Enter"])


async def _write(deck: Deck, target: Target, question: Question, text: str) -> None:
    if not await _is_open(deck, target, question):
        raise Refused(CHANGED)
    await deck.mux.send_text(target.pane_id, cleaned(text).replace("\n", " "))
    await deck.mux.send_keys(target.pane_id, ["Enter"])


async def _press(deck: Deck, target: Target, question: Question, keys: list[str]) -> bool:
    """Press keys if the question is still there; the look is the last thing before them."""
    if not await _is_open(deck, target, question):
        return False
    # And once more in tmux itself, so that no time at all is left for another question to come up.
    return await deck.mux.send_keys_if(target.pane_id, keys, landmarks(question.text))


async def _is_open(deck: Deck, target: Target, question: Question) -> bool:
    now = _question(await target.glance())
    return (
        now is not None
        and now.kind is question.kind
        and now.choices == question.choices
        and is_same_question(now.text, question.text)
    )


async def _until_shown(deck: Deck, target: Target, before: Sight, words: str) -> None:
    deadline = deck.clock.monotonic() + READ_WITHIN
    while (await target.look()).screen == before.screen:
        if deck.clock.monotonic() > deadline:
            raise QuarterdeckError("The answer did not show in the dialog, so it was not submitted.")
        await asyncio.sleep(EVERY)
    await asyncio.sleep(pause_for(words))


async def _see_it_taken(deck: Deck, target: Target, question: Question) -> None:
    deadline = deck.clock.monotonic() + TAKEN_WITHIN
    while await _is_open(deck, target, question):
        if deck.clock.monotonic() > deadline:
            raise QuarterdeckError(
                "The key was pressed, and the question still stands there.", hint="Go there and look."
            )
        await asyncio.sleep(EVERY)
