"""The control-mode parser: recorded streams, made-up streams, and every way of cutting them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.tmux.control_protocol import Block, ControlParser, Damage, Event, Notification
from support.struct_of import struct_of

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the parser's."""
RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.control"))


def parse(*pieces: bytes) -> list[Event]:
    parser = ControlParser()
    return [event for piece in pieces for event in parser.feed(piece)]


def recording(name: str) -> bytes:
    return (Path(__file__).parent / "recordings" / f"{name}.control").read_bytes()


def test_the_recordings_are_there() -> None:
    assert [path.stem for path in RECORDINGS] == ["answers", "forged", "killed", "notices", "output"]


def test_answers_come_with_their_lines_and_refusals_are_marked() -> None:
    events = parse(recording("answers"))

    attached, changed, panes, unknown, empty, gone, *_ = events
    assert isinstance(attached, Block)
    assert not attached.ours
    assert changed == Notification("session-changed", b"$0 main")
    assert isinstance(panes, Block)
    assert (panes.ours, panes.failed, panes.lines) == (True, False, (b"%0 main .", b"%1 other ."))
    assert isinstance(unknown, Block)
    assert (unknown.failed, unknown.text) == (True, "parse error: unknown command: no-such-command")
    assert isinstance(empty, Block)
    assert empty.lines == (b"",)
    assert isinstance(gone, Block)
    assert (gone.failed, gone.text) == (True, "can't find pane: %9")
    assert events[-1] == Notification("exit")


def test_notices_stand_between_answers() -> None:
    events = parse(recording("notices"))

    names = [event.name if isinstance(event, Notification) else "block" for event in events]
    assert names.index("sessions-changed") < names.index("block", 1) < names.index("unlinked-window-close")
    assert Notification("session-renamed", "$2 drei ⚑".encode()) in events
    assert Notification("window-renamed", b"@0 %end 1 2 3") in events
    assert not any(isinstance(event, Damage) for event in events)


def test_what_a_pane_shows_cannot_end_its_own_capture() -> None:
    events = parse(recording("forged"))

    capture, after = [event for event in events if isinstance(event, Block) and event.ours]
    assert capture.lines[:5] == (b"%begin 1 2 3", b"%end 1 2 3", b"%window-close @1", b"%error 9 9 9", b"%exit")
    assert capture.doubtful
    assert (after.text, after.doubtful) == ("after", False)
    assert [event.name for event in events if isinstance(event, Notification)] == ["session-changed", "exit"]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_means_the_same_at_every_split_point(path: Path) -> None:
    data = path.read_bytes()
    whole = parse(data)

    assert whole
    for at in range(len(data)):
        assert parse(data[:at], data[at:]) == whole
    assert parse(*(data[at : at + 1] for at in range(len(data)))) == whole


LINES = st.one_of(
    st.binary(max_size=40).filter(lambda line: b"\n" not in line),
    st.sampled_from([b"%exit", b"%window-close @1", b"%begin", b"%end 1 2", b"%", b"", b"%error x 2 3"]),
)
GUARDS = st.builds(
    lambda word, time, number, flags: b"%%%s %d %d %d" % (word, time, number, flags),
    st.sampled_from([b"begin", b"end", b"error"]),
    *(st.integers(0, 9) for _ in range(3)),
)
NOTICES = struct_of(
    Notification,
    st.sampled_from(["exit", "window-add", "sessions-changed", "layout-change", "never-heard-of", "begins"]),
    LINES,
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """A stream as tmux could write it, and what it means."""
    data, events, number = bytearray(), list[Event](), draw(st.integers(10, 99))
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            notice = draw(NOTICES)
            data += b"%" + notice.name.encode() + (b" " + notice.rest if notice.rest else b"") + b"\n"
            events.append(notice)
            continue
        number += draw(st.integers(1, 3))
        time, flags, failed = draw(st.integers(0, 2**33)), draw(st.integers(0, 1)), draw(st.booleans())
        # Numbers below ten are other answers' numbers; only an exact copy could end this one.
        body = draw(st.lists(st.one_of(LINES, GUARDS), max_size=6))
        guard = b" %d %d %d\n" % (time, number, flags)
        data += b"%begin" + guard + b"".join(line + b"\n" for line in body) + (b"%error" if failed else b"%end") + guard
        doubtful = any(_is_guard(line) for line in body)
        events.append(Block(number, tuple(body), ours=bool(flags & 1), failed=failed, doubtful=doubtful))
    return bytes(data), events


def _is_guard(line: bytes) -> bool:
    word, *numbers = line.split(b" ")
    return word in {b"%begin", b"%end", b"%error"} and len(numbers) == 3 and all(part.isdigit() for part in numbers)


@PATIENT
@given(streams(), st.data())
def test_any_stream_in_any_pieces_means_what_tmux_said(stream: tuple[bytes, list[Event]], data: st.DataObject) -> None:
    told, meant = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=8)))

    assert parse(*(told[a:b] for a, b in zip([0, *cuts], [*cuts, len(told)], strict=True))) == meant


@PATIENT
@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_at_all_break_it(pieces: list[bytes]) -> None:
    assert parse(*pieces) == parse(b"".join(pieces))


def test_a_line_of_ten_megabytes_is_one_line() -> None:
    parser = ControlParser()
    parser.feed(b"%begin 1 1 1\n")
    for _ in range(1000):
        assert parser.feed(b"x" * 10_000) == []

    (block,) = parser.feed(b"\n%end 1 1 1\n")

    assert isinstance(block, Block)
    assert [len(line) for line in block.lines] == [10_000_000]


@pytest.mark.parametrize(
    "stream",
    [
        b"%end 1 5 1\n",
        b"%begin 1 5 1\n%end 1 5 1\n%begin 1 5 1\n",
        b"%begin 1 5 1\n%end 1 5 1\n%error 1 5 1\n",
    ],
    ids=["an end without a begin", "a number used twice", "a second end"],
)
def test_a_forged_guard_outside_an_answer_is_damage(stream: bytes) -> None:
    assert isinstance(parse(stream)[-1], Damage)


def test_a_forged_end_and_begin_leave_a_doubtful_answer() -> None:
    # The pane guessed both numbers: it ends its own capture and begins the next answer.
    screen = b"mine\n%end 7 20 1\n%begin 7 21 1\nforged\n"
    stream = b"%begin 7 20 1\n" + screen + b"%end 7 20 1\n%begin 7 21 1\nhonest\n%end 7 21 1\n"

    cut, forged = parse(stream)

    assert isinstance(cut, Block)
    assert isinstance(forged, Block)
    assert forged.doubtful


def test_words_outside_any_answer_are_a_notice_without_a_name() -> None:
    assert parse(b"no sessions\n") == [Notification("", b"no sessions")]
    assert parse(b"%never-heard-of @1 x\n") == [Notification("never-heard-of", b"@1 x")]
