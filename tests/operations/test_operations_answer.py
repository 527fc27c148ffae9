from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Ask, Need
from quarterdeck.errors import Refused, UsageError
from quarterdeck.operations.answer import answer, asked_now, question_of
from support.post import Post, post_office
from support.store import NOON
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from quarterdeck.core.pane import PaneId
    from quarterdeck.ports.mux import CaptureRequest

pytestmark = pytest.mark.process

SWAPS = int(os.environ.get("SWAPS", "8"))


@pytest.fixture
async def office(short_folder: Path) -> AsyncIterator[Post]:
    async with post_office(short_folder) as opened:
        yield opened


@pytest.mark.parametrize(
    ("order", "word", "taken"),
    [
        ("ask touch a", "1", "Yes"),
        ("ask touch a", "3", "No"),
        ("ask touch a", "y", "Yes"),
        ("ask touch a", "no", "No"),
        ("question Which?", "Blue", "Blue"),
        ("question Which?", "a warm grey; not blue", "a warm grey; not blue"),
        ("several Which?", "3, 1", "Small, Large"),
        ("several Which?", "middle", "Middle"),
        ("trust", "y", "Yes, I trust this folder"),
        ("trust", "1", "No, exit"),
    ],
)
async def test_a_choice_is_taken_by_number_key_or_words(order: str, word: str, taken: str, office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order(order)

    await answer(office.context, session, word)

    assert [note["answer"] for note in agent.said("answer")] == [taken]
    assert not agent.said("into_dialog")
    assert len(await office.log("question.answered")) == 1


OPENCODE = """\
#!/bin/sh
# Asks for leave as OpenCode does: the button that Enter takes is told by its ground alone.
chosen=$1 words='Allow once|Allow always|Reject'
stty -icanon -echo
title='Permission required' about='$ rm -rf build'
draw() {
  printf '\\033[2J\\033[H  ┃  △ %s\\n  ┃\\n  ┃  %s\\n  ┃\\n  ┃  ' "$title" "$about"
  number=0 IFS='|'
  for word in $words; do
    [ $number = $chosen ] && printf '\\033[48;5;214m %s \\033[49m ' "$word" || printf ' %s  ' "$word"
    number=$((number + 1))
  done
  printf '     ⇆ select  enter confirm\\n'
}
draw
while key=$(dd bs=3 count=1 2>/dev/null); do
  case $key in
    *C) chosen=$(((chosen + 1) % 3)) ;;
    *D) chosen=$(((chosen + 2) % 3)) ;;
    *)
      if [ "$chosen $title" = '1 Permission required' ]; then
        chosen=0 words='Confirm|Cancel' title='Always allow' about='- rm *'
      else
        [ "$title" = 'Always allow' ] && chosen="always $chosen"
        echo $chosen > taken; printf '\\033[2J'; sleep 60
      fi ;;
  esac
  draw
done
"""


@pytest.mark.parametrize("moved_to", [0, 1, 2])
@pytest.mark.parametrize(("word", "taken"), [("1", "0"), ("allow always", "always 0"), ("3", "2")])
async def test_a_choice_is_taken_wherever_somebody_has_moved_the_mark(
    moved_to: int, word: str, taken: str, office: Post
) -> None:
    program = office.root / "opencode"
    program.write_text(OPENCODE)
    program.chmod(0o755)
    pane = office.server.session("web", str(program), str(moved_to), cwd=office.root, size="100x12")
    shown = lambda: "enter confirm" in office.server.run("capture-pane", "-p", "-t", pane)  # noqa: E731
    await asyncio.to_thread(until, shown, "the dialog shows")

    answered = await answer(office.context, await office.session(), word)

    assert (office.root / "taken").read_text().strip() == taken
    assert answered.answer == {"0": "Allow once", "always 0": "Allow always", "2": "Reject"}[taken]


async def test_what_is_asked_is_shown_with_its_choices(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask touch made-by-agent.txt")

    question = await question_of(office.context, session)

    assert question.kind is Need.PERMISSION
    assert "touch made-by-agent.txt" in question.text
    assert question.choices[0] == "Yes"


async def test_a_question_swapped_just_before_the_key_is_refused_each_time(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = office.agent()
    session = await office.session()
    mux = office.services.mux
    capture = mux.capture
    looks = 0

    async def swapping(requests: Sequence[CaptureRequest]) -> dict[PaneId, str]:
        nonlocal looks
        looks += 1
        if looks == 2:  # the first shows the question, the second is the last thing before the key
            await asyncio.to_thread(agent.order, f"swap rm -rf / {turn}")
        return await capture(requests)

    monkeypatch.setattr(mux, "capture", swapping)
    for turn in range(SWAPS):
        agent.order(f"ask touch {turn}")
        looks = 0
        with pytest.raises(Refused, match="question has changed"):
            await answer(office.context, session, "1")

    assert not agent.said("answer")
    assert not agent.said("into_dialog")


async def test_no_moment_is_left_in_which_another_question_could_come_up(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = office.agent()
    session = await office.session()
    mux = office.services.mux
    press = mux.send_keys_if

    async def swapped(pane_id: PaneId, keys: Sequence[str], shows: Sequence[str]) -> bool:
        await asyncio.to_thread(agent.order, "swap rm -rf /")
        return await press(pane_id, keys, shows)

    monkeypatch.setattr(mux, "send_keys_if", swapped)
    agent.order("ask touch made-by-agent.txt")
    with pytest.raises(Refused, match="question has changed"):
        await answer(office.context, session, "1")

    assert not agent.said("answer")


@pytest.mark.parametrize("now", ["swap rm -rf /", "close", "question Which?"])
async def test_only_the_question_that_was_shown_is_answered(now: str, office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask touch a")
    question = await question_of(office.context, session)
    shown = Ask(kind=question.kind, text=question.text, choices=question.choices, since=NOON)
    agent.order(now)

    with pytest.raises(Refused):
        await answer(office.context, session, "1", shown=shown)

    assert not agent.said("answer")


async def test_the_question_in_the_agents_own_words_counts_as_the_same(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask touch made-by-agent.txt")
    shown = Ask(kind=Need.PERMISSION, text="Bash: touch made-by-agent.txt", since=NOON)

    await answer(office.context, session, "1", shown=shown)

    assert [note["answer"] for note in agent.said("answer")] == ["Yes"]


async def test_free_text_is_no_answer_to_a_permission(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask touch a")

    with pytest.raises(UsageError, match=r"1\. Yes"):
        await answer(office.context, session, "maybe later")
    with pytest.raises(UsageError):
        await answer(office.context, session, "9")

    assert not agent.said("answer")
    assert not agent.said("into_dialog")


async def test_the_choice_that_only_lets_one_write_is_no_answer(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("question Which?")

    asked = await asked_now(office.context, session)
    for word in ("3", "type something"):
        with pytest.raises(UsageError, match="for an answer in words of your own"):
            await answer(office.context, session, word)

    assert asked.choices[(asked.to_write or 0) - 1] == "Type something."
    assert not agent.said("answer")
    assert not agent.said("into_dialog")


async def test_what_cannot_be_ticked_is_refused_before_the_first_key(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("several Which?")

    for word in ("1,9", "1,4", "1,5", "tiny"):
        with pytest.raises(UsageError):
            await answer(office.context, session, word)
    assert "✔]" not in agent.screen()
    assert not agent.said("into_dialog")


@pytest.mark.parametrize("words", ["1,2", "1 2", "red, blue"])
async def test_several_choices_are_refused_where_one_is_the_answer(words: str, office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("question Which?")

    with pytest.raises(Refused, match="one choice"):
        await answer(office.context, session, words)

    assert agent.said("answer") == []
    assert agent.said("key") == []


async def test_nothing_is_answered_where_nothing_is_asked(office: Post) -> None:
    agent = office.agent()
    session = await office.session()

    with pytest.raises(Refused, match="asks nothing"):
        await answer(office.context, session, "1")
    with pytest.raises(Refused, match="asks nothing"):
        await answer(office.context, await office.session("quiet"), "1")

    assert agent.prompts == []
