from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound, Refused, UsageError
from quarterdeck.operations import delivery
from quarterdeck.operations import send as sending
from quarterdeck.operations.answer import answer
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.kill import kill
from quarterdeck.operations.message_queue import MessageQueue
from quarterdeck.operations.send import deliver_held, deliver_now, press_keys, send, send_to_all
from quarterdeck.ports.store import Stage
from quarterdeck.values import replace
from support.post import Post, post_office
from support.tmux_server import until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.process

NOW = DeliveryRules(now=True)


@pytest.fixture
async def office(short_folder: Path) -> AsyncIterator[Post]:
    async with post_office(short_folder) as opened:
        yield opened


async def soon(condition: Callable[[], bool], what: str) -> None:
    """Wait without holding up the loop."""
    await asyncio.to_thread(until, condition, what)


ODD_TEXTS = (
    "ends with a semicolon;",
    "-n --flag first",
    "/etc/hosts is wrong",
    "C-c",
    "Enter",
    "two lines\n\n  and a third",
    "世界 🎉 👩‍👩‍👧 é $HOME `id` #{pane_id} %1",
    "five kilobytes\n" + "word " * 1000,
)


async def test_every_text_arrives_once_and_whole(office: Post) -> None:
    agent = office.agent()
    session = await office.session()

    sent = [await send(office.context, session, text) for text in ODD_TEXTS]
    await soon(lambda: len(agent.prompts) == len(ODD_TEXTS), "all had arrived")

    # What would mean something to the agent has a blank before it.
    assert agent.prompts == [f" {text}" if text.startswith("/") else text.strip("\n") for text in ODD_TEXTS]
    assert agent.transcript == agent.prompts
    assert {each.outcome for each in sent} <= {Outcome.DELIVERED, Outcome.QUEUED}
    assert all(each.proof is not Proof.NONE for each in sent)


async def test_terminal_sequences_are_taken_out(office: Post) -> None:
    agent = office.agent()

    await send(office.context, await office.session(), "red \x1b[31mtext\x1b[0m\x1b[201~\x03 end\r\n")
    await soon(lambda: bool(agent.prompts), "it had arrived")

    assert agent.prompts == ["red text end"]


async def test_an_enter_that_is_swallowed_is_pressed_again_and_the_text_is_not(office: Post) -> None:
    agent = office.agent(swallow=2)

    sent = await send(office.context, await office.session(), "hello")

    assert (sent.outcome, agent.prompts) == (Outcome.DELIVERED, ["hello"])
    assert (await office.log("message.delivered"))[0]["presses"] == 3


async def test_an_agent_that_takes_nothing_leaves_it_unconfirmed_and_typed_once(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.3)
    monkeypatch.setattr(delivery, "LONGER", 0.1)
    agent = office.agent(deaf=1)

    sent = await send(office.context, await office.session(), "hello")

    assert (sent.outcome, sent.proof, sent.held) == (Outcome.UNCONFIRMED, Proof.NONE, None)
    assert agent.screen().count("hello") == 1


async def test_a_busy_agent_queues_it(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    await send(office.context, session, "slow: 600")

    sent = await send(office.context, session, "and then this")

    assert (sent.outcome, sent.proof) == (Outcome.QUEUED, Proof.QUEUE)
    agent.order("finish")
    await soon(lambda: len(agent.prompts) == 2, "its turn was over")
    assert agent.transcript == ["slow: 600", "and then this"]


async def test_the_agents_own_report_is_proof(office: Post) -> None:
    spool = office.context.places.spool
    spool.mkdir(parents=True)
    office.agent(hooks=spool)

    sent = await send(office.context, await office.session(), "hello")

    assert (sent.outcome, sent.proof) == (Outcome.DELIVERED, Proof.REPORT)
    assert len(list(spool.glob("*.report"))) == 1, "it stays for whoever reads reports"


async def test_nothing_is_typed_into_a_dialog_and_it_goes_once_that_is_closed(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask rm -rf build")

    sent = await send(office.context, session, "hello")
    assert (sent.outcome, sent.proof, sent.held) == (Outcome.QUEUED, Proof.HELD, 1)
    assert await deliver_held(office.context, session)
    assert not agent.said("into_dialog")
    assert not agent.said("answer")
    assert len(await office.log("message.held")) == 1, "it is said once, however often it is tried"

    agent.order("close")
    message_queue = asyncio.create_task(MessageQueue(office.context).run())
    await soon(lambda: agent.prompts == ["hello"], "the message queue had come")
    message_queue.cancel()
    assert agent.transcript == ["hello"]


@pytest.mark.parametrize("order", ["ask rm -rf build", "cover"], ids=["a dialog", "a menu of its own"])
async def test_what_opens_after_the_paste_gets_no_enter(
    order: str, office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With `cover` nothing is known of what covers the input line, and so not what an Enter there would do.
    agent = office.agent()
    session = await office.session()
    mux = office.services.mux
    paste = mux.paste

    async def paste_then_dialog(pane_id: str, text: str) -> None:
        await paste(session.pane_id or pane_id, text)  # type: ignore[arg-type]  # a plain string is fine here
        await soon(lambda: "hello" in agent.screen(), "the text was drawn")
        await asyncio.to_thread(agent.order, order)

    monkeypatch.setattr(mux, "paste", paste_then_dialog)
    sent = await send(office.context, session, "hello")
    monkeypatch.undo()
    assert sent.proof is Proof.HELD
    assert not agent.said("answer")
    assert agent.prompts == []
    assert [held.stage for held in await office.context.messages.waiting()] == [Stage.TYPED]

    agent.order("close")
    (done,) = await deliver_held(office.context, session)
    assert done.outcome is Outcome.DELIVERED
    assert agent.prompts == ["hello"]


async def test_a_humans_draft_is_not_typed_over(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("draft half a thought")

    sent = await send(office.context, session, "hello")
    assert sent.proof is Proof.HELD
    assert "half a thought" in agent.screen()
    assert "hello" not in agent.screen()

    agent.order("draft ")
    (done,) = await deliver_held(office.context, session)
    assert (done.outcome, agent.prompts) == (Outcome.DELIVERED, ["hello"])


async def test_now_overrides_and_the_log_says_what(office: Post) -> None:
    agent = office.agent()
    agent.order("draft mine ")

    sent = await send(office.context, await office.session(), "hello", NOW)

    assert sent.outcome is Outcome.DELIVERED
    assert agent.prompts == ["mine hello"]
    assert (await office.log("message.delivered"))[0]["overrode"] == "draft"


async def test_one_that_waits_is_sent_now_over_what_it_waits_for_and_before_the_others(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("draft mine ")
    await send(office.context, session, "first")
    await send(office.context, session, "second")

    sent = await deliver_now(office.context, 2, NOW)

    assert (sent.outcome, agent.prompts) == (Outcome.DELIVERED, ["mine second"])
    assert (await office.log("message.delivered"))[0]["overrode"] == "draft"
    assert [held.text for held in await office.context.messages.waiting()] == ["first"]
    with pytest.raises(NotFound):
        await deliver_now(office.context, 2, NOW)


async def test_nobody_is_typed_over_who_types(office: Post, short_folder: Path) -> None:
    agent = office.agent()
    session = await office.session()
    with Terminals(short_folder / "o", office.server) as terminals:
        _, pane = terminals.attach("web")
        terminals.type(pane, "Left")

        sent = await send(office.context, session, "hello")

    assert (sent.proof, sent.detail) == (Proof.HELD, "somebody types there")
    assert agent.prompts == []


async def test_copy_mode_is_left_first(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    office.server.run("copy-mode", "-t", agent.pane_id)

    assert (await send(office.context, session, "hello")).outcome is Outcome.DELIVERED


async def test_a_slow_start_is_waited_for(office: Post) -> None:
    agent = office.agent(start=2)

    assert (await send(office.context, await office.session(), "hello")).outcome is Outcome.DELIVERED
    assert agent.prompts == ["hello"]


async def test_an_agents_message_is_for_no_shell(office: Post) -> None:
    office.server.session("web", "sh", "-c", "exec sh")
    session = await office.session()
    with pytest.raises(Refused, match="no agent runs there"):
        await send(office.context, replace(session, tool="Claude Code", created_at=None), "echo no")
    assert "echo no" not in office.server.run("capture-pane", "-p", "-t", "web")
    assert await office.context.messages.waiting() == []


async def test_what_is_meant_for_a_pane_is_not_typed_into_one_of_the_same_id_on_a_later_server(office: Post) -> None:
    first = office.agent()
    earlier = await office.session()
    office.server.run("kill-server")
    await soon(lambda: not office.server.sessions(), "the server was gone")
    office.server.session("quiet")
    later = office.agent("later")
    assert (later.pane_id, earlier.pane_id) == (first.pane_id, first.pane_id)

    with pytest.raises(Refused, match="its pane is gone"):
        await send(office.context, earlier, "for the first", NOW)
    with pytest.raises(Refused, match="has ended"):
        await press_keys(office.context, earlier, ["y"], NOW)
    later.order("ask one")
    with pytest.raises(Refused, match="asks nothing now"):
        await answer(office.context, earlier, "1")
    await kill(office.context, earlier)

    assert later.prompts == []
    assert later.said("answer") == []
    assert office.server.sessions() == ["later", "quiet"]


async def test_a_shell_runs_what_is_sent_and_a_command_half_typed_is_left_alone(office: Post) -> None:
    office.server.session("shell", "env", "PS1=u@h:~$ ", "bash", "--norc")
    await soon(lambda: "u@h" in office.server.run("capture-pane", "-p", "-t", "shell"), "the shell was there")
    session = await office.session("shell")

    sent = await send(office.context, session, "echo $((40 + 2));")
    await soon(lambda: "\n42\n" in office.server.run("capture-pane", "-p", "-t", "shell"), "it had run")
    office.server.run("send-keys", "-t", "shell", "-l", "rm -rf")
    await soon(lambda: "$ rm -rf" in office.server.run("capture-pane", "-p", "-t", "shell"), "it was typed")

    assert (sent.outcome, sent.proof) == (Outcome.DELIVERED, Proof.SCREEN)
    assert (await send(office.context, session, "/")).proof is Proof.HELD


UNKNOWN_TO_US = {
    # It takes a line and works on it, as a coding agent does whose screen we have no rules for.
    "answers": ("while printf '> '; read -r line; do echo working; sleep 1; echo done; done", Outcome.DELIVERED),
    "is deaf": ("printf '> '; stty -icrnl; cat > /dev/null", Outcome.UNCONFIRMED),
    "talks all the time": ("while :; do echo more; sleep 0.1; done", Outcome.UNCONFIRMED),
}


@pytest.mark.parametrize("kind", UNKNOWN_TO_US)
async def test_an_agent_without_rules_is_believed_only_when_words_follow_the_key(
    kind: str, office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, outcome = UNKNOWN_TO_US[kind]
    if kind == "talks all the time":
        # On a busy machine it may be silent for a moment.
        monkeypatch.setattr(delivery, "STILL", 1.5)
    program = office.root / "goose"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    office.server.session("goose", str(program))
    session = await office.session("goose")

    sent = await send(office.context, session, "hello there, goose")

    assert (sent.outcome, session.tool) == (outcome, "Goose")
    assert sent.proof is (Proof.SCREEN if outcome is Outcome.DELIVERED else Proof.NONE)


async def test_messages_that_wait_survive_a_restart_and_can_be_changed_and_taken_back(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        session = await office.session()
        agent.order("ask one")
        for text in ("first", "second", "third"):
            assert (await send(office.context, session, text)).proof is Proof.HELD
    async with post_office(short_folder) as office:
        assert [held.text for held in await office.context.messages.waiting()] == ["first", "second", "third"]
        await sending.withdraw(office.context, 1)
        await sending.rewrite(office.context, 2, "2nd")
        with pytest.raises(NotFound):
            await sending.withdraw(office.context, 1)

        assert [held.text for held in await office.context.messages.waiting()] == ["2nd", "third"]


async def test_who_was_held_up_until_another_had_typed_a_message_does_not_type_it_again(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    held = await office.context.messages.post(session.session_id, "hello", office.context.owner)
    await office.context.messages.typing(held.id)
    assert held.stage is Stage.WAITING, "as we remember it"

    sent = await sending.deliver(office.context, session, held, DeliveryRules())

    assert sent.outcome is Outcome.UNCONFIRMED
    assert "hello" not in agent.screen()
    assert agent.prompts == []


async def test_a_later_message_does_not_overtake_one_that_waits(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask one")
    await send(office.context, session, "first")
    agent.order("close")

    await send(office.context, session, "second")

    await soon(lambda: len(agent.prompts) == 2, "both had arrived")
    assert agent.prompts == ["first", "second"]


async def test_what_is_sent_at_the_same_time_does_not_mix(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    texts = [f"message number {number} of several" for number in range(4)]

    await asyncio.gather(*(send(office.context, session, text) for text in texts))
    await soon(lambda: len(agent.prompts) == 4, "all had arrived")

    assert sorted(agent.prompts) == texts


async def test_several_sessions_get_it_each_with_its_own_outcome(office: Post) -> None:
    agents = [office.agent(name) for name in ("a", "b")]
    office.agent("c").order("ask something")
    await office.session("a")
    ended = await office.session("quiet")
    sessions = [office.context.session(name) for name in "abca"]
    done = await send_to_all(office.context, [*sessions, replace(ended, is_stale=True)], "hello")

    assert [each.outcome for each in done] == ["delivered", "delivered", "queued", "refused"]
    assert [agent.prompts for agent in agents] == [["hello"], ["hello"]]
    crowd = [replace(ended, session_id=SessionId(f"sess_9{number}")) for number in range(33)]
    with pytest.raises(UsageError, match="32"):
        await send_to_all(office.context, crowd, "hello")


async def test_what_is_kept_of_a_message_is_its_length_and_fingerprint_and_none_of_its_words(
    short_folder: Path,
) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        session = await office.session()
        await send(office.context, session, "the secret word is xyzzy")
        agent.order("question Which?")
        await answer(office.context, session, "xyzzy")
        agent.order("ask one")
        held = await send(office.context, session, "xyzzy again")
        await sending.withdraw(office.context, held.held or 0)

        (entry,) = await office.log("message.delivered")
        assert entry["length"] == 24
        assert agent.prompts == ["the secret word is xyzzy"]
    files = [file for file in (short_folder / "home").rglob("*") if file.is_file()]
    assert [file.name for file in files if b"xyzzy" in file.read_bytes()] == []


async def test_keys_are_pressed_and_unknown_ones_refused(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("draft x")

    await press_keys(office.context, session, ["BSpace", "y", "Enter"], DeliveryRules())
    await soon(lambda: agent.prompts == ["y"], "the keys had their effect")
    with pytest.raises(UsageError, match="Entr"):
        await press_keys(office.context, session, ["Entr"], DeliveryRules())


@pytest.mark.parametrize("text", ["", " \n\t ", "\x1b[0m"])
async def test_an_empty_message_is_refused(text: str, office: Post) -> None:
    with pytest.raises(UsageError):
        await send(office.context, await office.session("quiet"), text)


async def test_nothing_is_sent_to_the_pane_one_is_in(office: Post) -> None:
    session = await office.session("quiet")
    with pytest.raises(Refused, match="pane you are in"):
        await send(office.context, session, "hello", DeliveryRules(own_pane=session.pane_id))
