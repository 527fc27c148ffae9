from __future__ import annotations

from quarterdeck.core.session import SessionId
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.store import Held
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import Running, Typed, console
from support.fleet import ago, canned_sessions, crowd, fleet_of

WAITING = [
    Held(id=3, session_id=SessionId("sess_1"), text="one\ntwo", why="it asks", at=ago(minutes=4)),
    Held(id=5, session_id=SessionId("sess_2"), text="three", why="a draft", at=ago(minutes=1)),
]


def shown(running: Running) -> str:
    return "\n".join(str(widget.render()) for widget in running.app.screen.query("Static"))


async def test_a_message_that_waits_is_changed_withdrawn_or_sent_now() -> None:
    async with console(CannedBackend(letters=WAITING)) as running:
        for keys in (
            ("M",),
            ("enter",),
            ("exclamation_mark", "enter"),
            ("M",),
            ("j", "x"),
            ("M",),
            ("!",),
            ("M", "escape"),
        ):
            await running.press(*keys)

        assert running.backend.calls == [("rewrite", 3, "one\ntwo!"), ("withdraw", 5), ("send now", 3)]


async def test_a_key_typed_ahead_is_for_the_messages_and_not_for_the_table() -> None:
    async with console(CannedBackend(letters=WAITING)) as running:
        await running.press_at_once("M", "j", "x", "j")
        assert running.backend.calls == [("withdraw", 5)]
        assert running.main.table.selected == "sess_2"


async def test_nothing_happens_where_no_message_waits() -> None:
    async with console() as running:
        await running.press("M", "enter", "x", "!")
        assert "No message waits." in shown(running)
        await running.press("escape")
        assert running.backend.calls == []


async def test_a_message_to_many_says_to_whom_it_goes() -> None:
    async with console() as running:
        await running.press(Typed(" " * 6), "m")
        said = shown(running)
        assert "Message to 6 sessions" in said
        assert all(session.tmux_name in said for session in running.main.targets())
        await running.press(Typed("go"), "enter")
        assert [len(action[1]) for action in running.backend.calls] == [6]  # type: ignore[arg-type]  # a tuple of ids


async def test_more_are_marked_than_a_message_goes_to() -> None:
    async with console(CannedBackend(shown=crowd(40))) as running:
        await running.press(Typed(" " * 33), "m")
        (toast,) = running.app._notifications
        assert toast.message == "A message goes to 32 sessions at most; 33 are marked."
        assert len(running.main.fleet_view.marked) == 33


async def test_several_choices_are_ticked_and_then_given() -> None:
    first, *others = canned_sessions()
    assert first.asks is not None
    asking = replace(first, asks=replace(first.asks, several=True))
    async with console(CannedBackend(shown=fleet_of(asking, *others))) as running:
        await running.press("y")
        running.clock.advance(1)
        await running.press("enter", "3", "2", "1", "2")
        assert "[x] Yes\n" in shown(running)
        await running.press("enter")
        assert [action[0::3] for action in running.backend.calls] == [("answer", "1,3")]


async def test_the_dialog_says_what_a_text_becomes_and_can_leave_it_untouched() -> None:
    habits = InputHabits(meaningful_starts="!", commands=("model",))
    async with console(CannedBackend(habits=habits)) as running:
        await running.press("m", Typed("!ls"))
        assert "A sign that is not seen is added, so that" in shown(running)
        await running.press("ctrl+t")
        assert "It is typed untouched, and" in shown(running)
        await running.press("enter")
        assert running.backend.calls[-1][2:] == ("!ls", "as a command")

        await running.press("m", Typed("/model x"))
        assert "as the command /model." in shown(running)
        await running.press("enter", "m", Typed("words"))
        assert running.backend.calls[-1][2:] == ("/model x",)
        assert "Ctrl+T" not in shown(running)
