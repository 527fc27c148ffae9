"""Reading a look's rows: whatever the texts hold, every row is itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.core.pane import Incarnation, PaneId
from quarterdeck.core.text import clean
from quarterdeck.tmux import formats
from quarterdeck.tmux.formats import Details, PaneRow, Questions, Rows, Target
from quarterdeck.tmux.look import PROGRAM_SETTLING_SECONDS, PaneMemory

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(max_size=20) | st.sampled_from(
    ["\n", "|", "P|%1|", "%end 1 2 3", "\x1b]2;x\x07", "#{pid}", "\n\n", "$1:@1.%1"]
)

CONDITION_OR_FIELD = re.compile(r"#\{\?(\w+),(.*?),\}|#\{(\w+)\}")


@dataclass(frozen=True)
class Texts:
    """The free texts of one pane."""

    name: str
    title: str
    command: str
    path: str


TEXTS = st.builds(Texts, TEXT, TEXT, TEXT, TEXT)


def expanded(fmt: str, values: dict[str, str]) -> str:
    """A format as tmux expands it: what it does not know becomes nothing."""

    def one(found: re.Match[str]) -> str:
        condition, then, field = found.groups()
        if field:
            return values.get(field, "")
        return expanded(then, values) if values.get(condition) else ""

    return CONDITION_OR_FIELD.sub(one, fmt)


def row(questions: Questions, number: int, texts: Texts, *, details: bool = True) -> str:
    values = {
        **{"session_id": "$1", "window_id": "@1", "pane_id": f"%{number}", "pane_pid": str(number + 100)},
        **{"window_index": "2", "pane_index": "3", "window_flags": "*!", "pane_active": "1", "window_activity": "9"},
        **{
            "session_created": "7",
            "pane_tty": "/dev/pts/1",
            "pane_width": "80",
            "pane_height": "24",
            "alternate_on": "1",
        },
        **{"session_name": texts.name, "pane_title": texts.title},
        **{"pane_current_command": texts.command, "pane_current_path": texts.path},
    }
    return expanded(questions.panes(details=details)[-1], values)


def server_row(questions: Questions) -> str:
    return expanded(questions.server()[-1], {"pid": "5", "start_time": "6", "version": "3.3a"})


@PATIENT
@given(st.lists(TEXTS, max_size=6))
def test_no_text_can_shift_a_field_or_begin_a_row(panes: list[Texts]) -> None:
    questions = Questions()
    lines = [row(questions, number, texts) for number, texts in enumerate(panes)]

    rows = questions.read("\n".join([*lines, server_row(questions)]).encode(errors="surrogatepass") + b"\n")

    assert rows.bad == []
    assert (rows.incarnation, rows.version) == (Incarnation(5, 6), "3.3a")
    told = [formats.pane(found, rows.details[found.target]) for found in rows.panes]
    assert [pane.pane_id for pane in told] == [f"%{number}" for number in range(len(panes))]
    for pane, texts in zip(told, panes, strict=True):
        assert (pane.session_name, pane.title) == (texts.name, clean(texts.title))
        assert (pane.command, pane.path) == (clean(texts.command), clean(texts.path))
        assert (pane.session_created, pane.tty, pane.width, pane.height) == (7, "/dev/pts/1", 80, 24)
        assert (pane.window_active, pane.bell, pane.alternate, pane.dead) == (True, True, True, False)


@PATIENT
@given(st.binary(max_size=200), st.integers(0, 3))
def test_a_bad_row_spoils_no_other(noise: bytes, at: int) -> None:
    questions = Questions()
    token = server_row(questions).partition("S|")[0]
    lines = [row(questions, number, Texts("a", "b", "c", "d")).encode() for number in range(3)]
    lines.insert(at, token.encode() + b"X" + noise)

    rows = questions.read(b"\n".join([*lines, server_row(questions).encode()]))

    assert [found.pane_id for found in rows.panes] == ["%0", "%1", "%2"]
    assert len(rows.bad) == 1
    assert all(clean(bad) == bad and len(bad) <= formats.LONGEST_BAD_ROW for bad in rows.bad)


@pytest.mark.parametrize("kind", ["P", "D", "C", "S", "P|", "P|%1|x", "D|$1|@1|%1|x", "C|1|2", "S|x|y"])
def test_a_row_of_too_few_fields_is_a_bad_row(kind: str) -> None:
    questions = Questions()
    token = server_row(questions).partition("S|")[0]

    rows = questions.read(f"{token}{kind}".encode())

    assert len(rows.bad) == 1
    assert rows.panes == []
    assert rows.incarnation is None


def test_formats_that_tmux_does_not_know_leave_their_fields_empty() -> None:
    questions = Questions()
    known = {"session_id": "$1", "window_id": "@1", "pane_id": "%1", "session_name": "one"}

    rows = questions.read(expanded(questions.panes(details=True)[-1], known).encode())

    (found,) = rows.panes
    pane = formats.pane(found, rows.details[found.target])
    assert (pane.pane_id, pane.session_name, pane.pid, pane.dead, pane.bell) == ("%1", "one", 0, False, False)


def test_control_clients_are_left_out() -> None:
    questions = Questions()
    real = {"session_id": "$1", "client_name": "/dev/pts/9", "client_flags": "attached,x"}
    control = {**real, "client_control_mode": "1", "client_name": "client-9", "client_activity": "no number"}
    lines = [expanded(questions.clients()[-1], values) for values in (control, real)]

    rows = questions.read("\n".join(lines).encode())

    (client,) = rows.clients
    assert rows.bad == []
    assert (client.name, client.flags) == ("/dev/pts/9", frozenset({"attached", "x"}))


def looked(*panes: tuple[int, int], started: int = 1, asked: bool = True) -> Rows:
    """A look's rows: pane numbers and processes."""
    rows = [PaneRow(Target(f"$0:@0.%{n}"), PaneId(f"%{n}"), pid, "", "", "", "") for n, pid in panes]
    details = {row.target: Details(row.pid, 0, "", 0, 0, False, None, "", "run", "/here") for row in rows if asked}
    return Rows(panes=rows, details=details, incarnation=Incarnation(1, started))


def known(rows: Rows) -> list[bool]:
    return [row.target in rows.details for row in rows.panes]


def test_details_hold_for_the_same_process_on_the_same_server_only() -> None:
    memory = PaneMemory()
    memory.fill(looked((1, 10), (2, 20)), 0)

    again, respawned, restarted = (
        looked((1, 10), (2, 20), asked=False),
        looked((1, 11), asked=False),
        looked((1, 10), asked=False, started=2),
    )
    memory.fill(again, 1)
    memory.fill(respawned, 2)
    memory.fill(restarted, 3)

    assert (known(again), known(respawned), known(restarted)) == ([True, True], [False], [False])


def test_everybody_is_asked_at_first_and_when_most_have_moved() -> None:
    memory = PaneMemory()
    assert memory.due([]) is None
    memory.fill(looked(*((n, n) for n in range(1, 11))), 0)

    assert memory.due(None) is None
    assert memory.due([]) == []
    assert memory.due([PaneId("%3"), PaneId("%99")]) == ["$0:@0.%3"]
    assert memory.due([PaneId(f"%{n}") for n in range(1, 7)]) is None


def test_a_new_pane_is_due_until_it_was_asked_when_settled() -> None:
    memory = PaneMemory()
    old = [(n, n) for n in range(1, 11)]
    memory.fill(looked(*old), 0)
    memory.fill(looked(*old, (11, 11)), 10)

    assert memory.due([]) == ["$0:@0.%11"]
    memory.fill(looked(*old, (11, 11)), 10 + PROGRAM_SETTLING_SECONDS / 2)
    assert memory.due([]) == ["$0:@0.%11"]
    memory.fill(looked(*old, (11, 11)), 10 + PROGRAM_SETTLING_SECONDS)
    assert memory.due([]) == []
