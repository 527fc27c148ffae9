"""`send` and `answer`: words and choices for sessions, and what became of them."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from quarterdeck.cli.call import given_text, services
from quarterdeck.cli.output import print_json, say, warn
from quarterdeck.core.redact import masked
from quarterdeck.core.row_name import row_name
from quarterdeck.core.times import rfc3339
from quarterdeck.errors import Refused, UsageError
from quarterdeck.operations import answer as answering
from quarterdeck.operations import send as sending
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.send import press_keys
from quarterdeck.ports.store import Stage
from quarterdeck.tmux.navigation import own_pane

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call
    from quarterdeck.operations.delivery import Delivery
    from quarterdeck.ports.store import Held
    from quarterdeck.runtime.services import Services

SPLIT_HINT = "Put `--` between the sessions and the text, or give one session and a quoted text."


async def send(call: Call) -> int:
    """Deliver a message, press keys, or see to messages that wait."""
    options = call.options
    if options.withdraw is not None or options.edit is not None:
        return await _change_waiting(call)
    if options.held:
        return await _list_waiting(call)
    names, text = _names_and_text(call)
    async with services(call) as opened:
        context = opened.context
        sessions = [context.session(name, all_rows=True) for name in dict.fromkeys(names)]
        how = DeliveryRules(
            wait=not options.no_wait,
            now=options.now,
            as_command=options.as_command,
            own_pane=own_pane(context.mux.address),
        )
        if options.keys:
            for session in sessions:
                await press_keys(context, session, options.keys, how)
            return 0
        if len(sessions) == 1:
            done = [await sending.send(context, sessions[0], text, how)]
        else:
            done = await sending.send_to_all(context, sessions, text, how)
        _print_sent(call, opened, done)
    return _exit_code(done)


def _names_and_text(call: Call) -> tuple[list[str], str]:
    """Who it is for, and what it says."""
    options = call.options
    words: list[str] = list(options.words)
    if options.keys:
        if options.rest is not None or len(words) != 1:
            raise UsageError("`--keys` takes one session and key names.", hint="quarterdeck send work --keys C-c")
        return words, ""
    if options.rest is not None:
        names, text = words, options.rest
    elif len(words) == 2:
        names, text = words[:1], words[1]
    else:
        wrong = "The session or the text is missing." if len(words) < 2 else "It is not clear where the text begins."
        raise UsageError(wrong, hint=SPLIT_HINT)
    if not names:
        raise UsageError("No session was named.", hint=SPLIT_HINT)
    return names, given_text(text)


def _print_sent(call: Call, opened: Services, done: list[Delivery]) -> None:
    if call.json:
        print_json([_wire(sent) for sent in done])
    else:
        for sent in done:
            session = sent.session
            command = "as a command: " if sent.as_command else ""
            number = f"message {sent.held}: " if sent.held is not None else ""
            say(f"{sent.outcome}  {session.session_id}  {row_name(session)}  {number}{command}{sent.detail}")
    if any(sent.held is not None for sent in done):
        for notice in unattended(opened):
            warn(notice)


def unattended(opened: Services) -> list[str]:
    """What is to be said of messages that wait while nobody is there to deliver them."""
    is_alone = opened.workers.row_writer.is_writer
    return ["what waits is sent once a console or `quarterdeck watch` runs."] if is_alone else []


def _wire(sent: Delivery) -> dict[str, object]:
    return {
        "session_id": sent.session.session_id,
        "tmux_name": sent.session.tmux_name,
        "outcome": sent.outcome.value,
        "evidence": sent.proof.value,
        "detail": sent.detail,
        "as_command": sent.as_command,
        "message": sent.held,
    }


def _exit_code(done: list[Delivery]) -> int:
    refused = [sent.outcome is Outcome.REFUSED for sent in done]
    if not any(refused):
        return 0
    return Refused.exit_code if all(refused) else 1


async def _list_waiting(call: Call) -> int:
    words = list(call.options.words)
    if len(words) > 1:
        raise UsageError("`--held` takes one session, or none.")
    async with services(call) as opened:
        context = opened.context
        only = context.session(words[0], all_rows=True).session_id if words else None
        waiting = await context.messages.waiting(only, with_sending=True)
    if call.json:
        print_json([_held(each) for each in waiting])
        return 0
    for each in waiting:
        first = each.text.splitlines()[0]
        more = f" (+{len(each.text) - len(first)} characters)" if len(first) < len(each.text) else ""
        say(f"{each.id}  {each.session_id}  {each.why or 'waits'}  {first}{more}")
    return 0


def _held(held: Held) -> dict[str, object]:
    return {
        "message": held.id,
        "session_id": held.session_id,
        "at": rfc3339(held.at),
        "why": held.why,
        "stage": "typed" if held.stage is Stage.TYPED else "waiting",
        "text": held.text,
    }


async def _change_waiting(call: Call) -> int:
    options = call.options
    async with services(call, look=False) as opened:
        if options.withdraw is not None:
            held = await sending.withdraw(opened.context, options.withdraw)
            what = "withdrawn"
        else:
            text = options.rest if options.rest is not None else " ".join(options.words)
            held = await sending.rewrite(opened.context, options.edit, given_text(text))
            what = "changed"
    return call.tell(_held(held), f"{what}  message {held.id} for {held.session_id}")


async def answer(call: Call) -> int:
    """Answer the open question, or show it."""
    options = call.options
    choice = options.rest if options.rest is not None else options.choice
    async with services(call) as opened:
        context = opened.context
        session = context.session(options.session)
        if choice is None:
            question = await answering.question_of(context, session)
            if call.json:
                choices = list(map(masked, question.choices))
                print_json({"kind": question.kind.value, "text": masked(question.text), "choices": choices})
                return 0
            for line in masked(question.text).splitlines():
                say(line)
            for number, (each, is_ticked) in enumerate(zip_longest(map(masked, question.choices), question.ticks), 1):
                box = "" if is_ticked is None else "[x] " if is_ticked else "[ ] "
                say(f"{number}. {box}{each}")
            return 0
        done = await answering.answer(context, session, given_text(choice), own_pane=own_pane(context.mux.address))
    outcome = done.sent.outcome.value if done.sent else "answered"
    given = masked(done.answer)
    value = {
        "session_id": session.session_id,
        "tmux_name": session.tmux_name,
        "outcome": outcome,
        "question": masked(done.question.text),
        "answer": given or None,
    }
    said = done.sent.detail if done.sent else given or "in your own words"
    return call.tell(value, f"{outcome}  {session.session_id}  {row_name(session)}  {said}")
