"""Telling the operator: once for each need, together, not while they look, and quietly at night."""

from __future__ import annotations

import asyncio
import sys
from datetime import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.config.settings import Notify
from quarterdeck.core.events import CreatedReason, Health, SessionChanged, SessionCreated, SessionDeleted
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.notice import Channel, Message, Notice, NoticeRules, is_quiet, message_of, terminal_sequence
from quarterdeck.core.pane import Client, Incarnation, PaneId, Snapshot, TmuxSessionId
from quarterdeck.core.session import Ask, ExitReason, Need, SessionId, SessionState
from quarterdeck.errors import ProgramError, ProgramFailed
from quarterdeck.supervisor.notifications import (
    NEEDED_AGAIN_AFTER_SECONDS,
    CommandChannel,
    DesktopChannel,
    Notifications,
    notice_rules,
)
from quarterdeck.values import replace
from support.canned import StillClock
from support.fleet import NOW
from support.thinking import session_of
from support.workers import until

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.session import Session

ALL = NoticeRules(channels=dict.fromkeys(Need, (Channel.TOAST, Channel.BELL, Channel.COMMAND)), together=0)
AT_WORK = session_of(SessionState.BUSY, pane_id=PaneId("%1"))
ASKS = replace(
    AT_WORK,
    state=SessionState.ATTENTION,
    needs=Need.PERMISSION,
    asks=Ask(kind=Need.PERMISSION, text="Bash command\nrm -r build\nDo you want to proceed?", since=NOW),
    thought="waiting: may I run `rm -r build`?",
)
DONE = replace(AT_WORK, state=SessionState.IDLE, needs=Need.FINISHED, thought="finished: all of it")


class Ear:
    """A channel that writes down what it is told."""

    def __init__(self, *, is_shared: bool = False, fault: Exception | None = None) -> None:
        self.is_shared = is_shared
        self.heard: list[Message] = []
        self._fault = fault

    async def tell(self, message: Message) -> None:
        if self._fault is not None:
            raise self._fault
        self.heard.append(message)


class Bench:
    """The worker, with rows that a test changes."""

    def __init__(self, rules: NoticeRules = ALL) -> None:
        self.clock = StillClock()
        self.rows: dict[SessionId, Session] = {}
        self.clients: tuple[Client, ...] = ()
        self.told: list[tuple[str, Health, str]] = []
        self.is_writer = True
        self.notifying = Notifications(
            fleet=lambda: Fleet(sessions=self.rows),
            snapshot=lambda: Snapshot(
                incarnation=Incarnation(pid=1, started=1), version="3.4", panes=(), clients=self.clients
            ),
            clock=self.clock,
            rules=rules,
            report=lambda *words: self.told.append(words),
            is_writer=lambda: self.is_writer,
        )
        self.toast, self.bell, self.command = Ear(), Ear(), Ear(is_shared=True)
        self.notifying.channels.update(
            {Channel.TOAST: self.toast, Channel.BELL: self.bell, Channel.COMMAND: self.command}
        )

    def becomes(self, session: Session, after: float = 60.0) -> None:
        """Let a row be so."""
        self.clock.advance(after)
        before = self.rows.get(session.session_id, replace(session, needs=None, asks=None))
        self.rows[session.session_id] = session
        self.notifying.note(SessionChanged(before=before, after=session, at=NOW))

    async def titles(self) -> list[str]:
        """What was told until now."""
        await self.notifying.tell_now()
        return [message.title for message in self.toast.heard]


async def test_a_need_that_begins_is_told_once_in_its_own_words() -> None:
    bench = Bench()
    bench.becomes(AT_WORK)
    bench.becomes(ASKS)
    await bench.notifying.tell_now()
    bench.becomes(replace(ASKS, title="another title"))
    await bench.notifying.tell_now()

    (message,) = bench.toast.heard
    assert (message.title, message.body) == ("web asks for permission", "waiting: may I run `rm -r build`?")
    assert len(bench.bell.heard) == len(bench.command.heard) == 1


async def test_another_question_and_another_turn_are_needs_of_their_own() -> None:
    bench = Bench()
    assert ASKS.asks is not None
    bench.becomes(ASKS)
    await bench.notifying.tell_now()
    bench.becomes(replace(ASKS, asks=replace(ASKS.asks, text="something else?"), thought=None))
    await bench.notifying.tell_now()
    for _ in range(2):
        bench.becomes(AT_WORK)
        bench.becomes(DONE)
        await bench.notifying.tell_now()

    assert await bench.titles() == [
        "web asks for permission",
        "web asks for permission",
        "web has finished",
        "web has finished",
    ]
    assert bench.toast.heard[1].body == "something else?"


@pytest.mark.parametrize(("away", "times"), [(NEEDED_AGAIN_AFTER_SECONDS - 1, 1), (NEEDED_AGAIN_AFTER_SECONDS, 2)])
async def test_a_need_that_only_flickers_is_the_same(away: float, times: int) -> None:
    bench = Bench()
    bench.becomes(ASKS)
    await bench.notifying.tell_now()
    bench.becomes(AT_WORK)
    bench.becomes(ASKS, after=away)

    assert len(await bench.titles()) == times


async def test_a_need_that_is_over_before_it_is_told_is_not_told() -> None:
    bench = Bench()
    bench.becomes(ASKS)
    bench.becomes(AT_WORK)

    assert await bench.titles() == []


async def test_what_was_open_when_we_started_is_old_news() -> None:
    bench = Bench()
    bench.rows[ASKS.session_id] = ASKS
    bench.notifying.note(SessionCreated(session=ASKS, reason=CreatedReason.STARTUP_DISCOVERY, at=NOW))
    bench.becomes(ASKS)

    assert await bench.titles() == []


async def test_nothing_is_told_while_the_operator_looks_at_the_pane_nor_later() -> None:
    bench = Bench()
    bench.clients = (Client(name="/dev/pts/1", tmux_id=TmuxSessionId("$1"), pane_id=PaneId("%1")),)
    bench.becomes(ASKS)
    assert await bench.titles() == []
    bench.clients = ()
    bench.becomes(replace(ASKS, title="x"))

    assert await bench.titles() == []


async def test_needs_that_begin_together_are_one_message() -> None:
    bench = Bench()
    for number in range(6):
        bench.becomes(replace(DONE, session_id=SessionId(f"sess_{number}"), tmux_name=f"job{number}"))

    assert await bench.titles() == ["6 sessions need you"]
    assert bench.toast.heard[0].body.splitlines()[-2:] == ["job3 has finished", "and 2 more"]


async def test_each_kind_goes_only_where_it_was_set_to_go() -> None:
    rules = NoticeRules(channels={Need.PERMISSION: (Channel.BELL,), Need.FINISHED: ()}, together=2)
    bench = Bench(rules)
    bench.becomes(DONE)
    bench.becomes(replace(ASKS, session_id=SessionId("sess_2")))
    await bench.notifying.tell_now()

    assert (len(bench.toast.heard), len(bench.bell.heard), len(bench.command.heard)) == (0, 1, 0)


async def test_in_quiet_hours_only_toasts_are_shown() -> None:
    bench = Bench(replace(ALL, quiet_hours="00:00-23:59"))
    bench.becomes(ASKS)
    await bench.notifying.tell_now()

    assert (len(bench.toast.heard), len(bench.bell.heard), len(bench.command.heard)) == (1, 0, 0)


async def test_what_one_message_is_enough_for_is_told_by_the_keeper_alone() -> None:
    bench = Bench()
    bench.is_writer = False
    bench.becomes(ASKS)
    await bench.notifying.tell_now()

    assert (len(bench.toast.heard), len(bench.command.heard)) == (1, 0)


@pytest.mark.parametrize("fault", [ProgramFailed("it is broken"), RuntimeError("boom")], ids=["told", "unforeseen"])
async def test_a_channel_that_breaks_is_shown_and_silences_no_other(fault: Exception) -> None:
    bench = Bench()
    bench.notifying.channels[Channel.TOAST] = Ear(fault=fault)
    bench.becomes(ASKS)
    await bench.notifying.tell_now()

    assert len(bench.bell.heard) == 1
    assert bench.told[-1][1] is Health.DEGRADED
    assert str(fault) in bench.told[-1][2]


async def test_a_session_that_ended_needs_nobody() -> None:
    bench = Bench()
    bench.becomes(ASKS)
    del bench.rows[ASKS.session_id]
    bench.notifying.note(SessionDeleted(session=ASKS, reason=ExitReason.PROCESS_EXIT, at=NOW))

    assert await bench.titles() == []


@pytest.mark.parametrize(
    ("left", "told"),
    [
        pytest.param(0, [("web ended", "review, :1, :2, :3 and 1 more went with it")], id="with its session"),
        pytest.param(1, [], id="one window of it"),
    ],
)
async def test_a_session_that_ends_with_several_rows_is_told_once(left: int, told: list[tuple[str, str]]) -> None:
    bench = Bench()
    rows = [
        replace(AT_WORK, session_id=SessionId(f"sess_{each}"), tmux_id=TmuxSessionId("$1"), window_index=each,
                window_name=None if each else "review", rows_in_session=5)
        for each in range(5)
    ]  # fmt: skip
    bench.rows = {row.session_id: row for row in rows[:left]}
    for row in rows[left:]:
        bench.notifying.note(SessionDeleted(session=row, reason=ExitReason.PROCESS_EXIT, at=NOW))
    await bench.notifying.tell_now()

    assert [(message.title, message.body) for message in bench.toast.heard] == told


async def test_the_worker_tells_by_itself() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.notifying.run())
    bench.becomes(ASKS)
    await until(lambda: bench.toast.heard, "the need is told")
    task.cancel()


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ("", "03:00", False),
        ("22:00-07:30", "21:59", False),
        ("22:00-07:30", "22:00", True),
        ("22:00-07:30", "07:29", True),
        ("22:00-07:30", "07:30", False),
        ("12:00-13:00", "12:59", True),
        ("12:00-13:00", "13:00", False),
    ],
)
def test_quiet_hours_go_over_midnight(hours: str, at: str, *, quiet: bool) -> None:
    assert is_quiet(hours, time.fromisoformat(at)) is quiet


@given(title=st.text(max_size=80), body=st.text(max_size=80), in_tmux=st.booleans(), is_iterm=st.booleans())
def test_no_words_break_out_of_the_terminals_sequence(title: str, body: str, *, in_tmux: bool, is_iterm: bool) -> None:
    sequence = terminal_sequence(Message(title=title, body=body), in_tmux=in_tmux, is_iterm=is_iterm)

    inner = sequence.removeprefix("\x1bPtmux;\x1b").removesuffix("\x1b\\") if in_tmux else sequence
    assert inner.startswith("\x1b]9;" if is_iterm else "\x1b]777;notify;")
    assert inner.endswith("\x07")
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in inner[1:-1])
    assert is_iterm or inner.count(";") == 3


def test_the_settings_name_the_channels() -> None:
    rules = notice_rules(Notify(permission=("desktop",), finished=(), quiet_hours="22:00-06:00", together_seconds=1))

    assert rules.channels[Need.PERMISSION] == (Channel.DESKTOP,)
    assert rules.channels[Need.FINISHED] == ()
    assert (rules.quiet_hours, rules.together) == ("22:00-06:00", 1)


# Ways to tell


MESSAGE = message_of(
    [Notice(session_id=SessionId("sess_1"), name="web", need=Need.ERROR, words="stopped: <b>x</b> $(id)")]
)


@pytest.mark.process
async def test_a_program_is_told_on_its_standard_input(tmp_path: Path) -> None:
    code = "import os, sys; open(sys.argv[1], 'w').write(sys.stdin.read() + os.environ['QUARTERDECK_NOTICE_NEEDS'])"

    await CommandChannel([sys.executable, "-c", code, str(tmp_path / "told")]).tell(MESSAGE)

    assert (tmp_path / "told").read_text() == f"web met an error\n{MESSAGE.body}\nerror"


@pytest.mark.process
async def test_a_program_that_fails_or_is_not_there_is_named() -> None:
    with pytest.raises(ProgramFailed, match="code 3"):
        await CommandChannel([sys.executable, "-c", "raise SystemExit(3)"]).tell(MESSAGE)
    with pytest.raises(ProgramFailed, match=r"notify\.command is empty"):
        await CommandChannel(()).tell(MESSAGE)
    with pytest.raises(ProgramError, match="no program"):
        await CommandChannel(["no-such-program-here"]).tell(MESSAGE)


@pytest.mark.skipif(sys.platform == "darwin", reason="the desktop of this system is told in another way")
@pytest.mark.process
async def test_a_desktop_is_told_without_markup_or_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/argv\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    written: list[str] = []

    await DesktopChannel(written.append).tell(MESSAGE)

    assert (tmp_path / "argv").read_text().splitlines()[1:] == [
        "--",
        "web met an error",
        "stopped: &lt;b&gt;x&lt;/b&gt; $(id)",
    ]
    assert written == []


async def test_without_a_desktop_the_terminal_is_asked_and_without_that_it_is_said(tmp_path: Path) -> None:
    nothing_here = {"PATH": str(tmp_path), "TMUX": "/tmp/s,1,0"}
    written: list[str] = []

    await DesktopChannel(written.append, nothing_here).tell(MESSAGE)
    with pytest.raises(ProgramFailed, match="no desktop"):
        await DesktopChannel(None, nothing_here).tell(MESSAGE)

    assert written == [terminal_sequence(MESSAGE, in_tmux=True)]
