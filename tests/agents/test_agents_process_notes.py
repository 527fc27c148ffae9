"""What is kept of processes is of these very ones, and of no more than so many."""

from __future__ import annotations

from quarterdeck.agents.process_notes import PROCESSES_KEPT, ProcessNotes
from quarterdeck.ports.agent_process import Program


def program(pid: int, started: str = "1") -> Program:
    return Program(pid=pid, command="node", started=started)


def test_a_note_is_of_one_process_and_not_of_the_next_with_its_number() -> None:
    notes = ProcessNotes()
    notes.keep(program(7), "a")

    assert [notes.of(each) for each in (program(7), program(7, "2"), program(8))] == ["a", None, None]
    notes.keep(program(7), None)
    assert notes.of(program(7)) is None


def test_those_that_were_noted_last_are_kept() -> None:
    notes = ProcessNotes()
    for pid in range(PROCESSES_KEPT):
        notes.keep(program(pid), str(pid))
    notes.keep(program(0), "again")
    notes.keep(program(9_999), "one more")

    assert notes.of(program(0)) == "again"
    assert notes.of(program(1)) is None
    assert notes.of(program(2)) == "2"
