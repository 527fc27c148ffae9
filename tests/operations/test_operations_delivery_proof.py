from __future__ import annotations

import pytest

from quarterdeck.core.message import lines_below
from quarterdeck.operations.delivery_proof import Draft, Outcome, Proof, Signs, judge
from quarterdeck.operations.pane_view import shell_draft

IDLE = Signs(draft=Draft.OURS, screen="a")
BUSY = Signs(draft=Draft.OURS, works=True, screen="a")
SHELL = Signs(has_agent=False, screen="a")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (IDLE, Signs(proof=Proof.REPORT, draft=Draft.OURS), (Outcome.DELIVERED, Proof.REPORT)),
        (BUSY, Signs(proof=Proof.TRANSCRIPT, works=True), (Outcome.DELIVERED, Proof.TRANSCRIPT)),
        (IDLE, Signs(draft=Draft.OURS, works=True), None),
        (IDLE, Signs(draft=Draft.OTHER), None),
        (IDLE, Signs(draft=Draft.NONE, works=True), (Outcome.DELIVERED, Proof.TURN)),
        (IDLE, Signs(draft=Draft.UNSEEN, asks=True), (Outcome.DELIVERED, Proof.TURN)),
        (IDLE, Signs(draft=Draft.NONE), (Outcome.DELIVERED, Proof.INPUT)),
        (IDLE, Signs(draft=Draft.UNSEEN, screen="b"), None),
        (BUSY, Signs(draft=Draft.NONE, works=True, queueing=True), (Outcome.QUEUED, Proof.QUEUE)),
        (BUSY, Signs(draft=Draft.NONE, works=True), (Outcome.QUEUED, Proof.INPUT)),
        (BUSY, Signs(draft=Draft.NONE), (Outcome.QUEUED, Proof.INPUT)),
        (BUSY, Signs(draft=Draft.OURS, works=True, queueing=True), None),
        # Just started, it queues what comes while it gets to its first task.
        (IDLE, Signs(draft=Draft.NONE, queueing=True), (Outcome.QUEUED, Proof.QUEUE)),
        (IDLE, Signs(draft=Draft.NONE, works=True, queueing=True), (Outcome.QUEUED, Proof.QUEUE)),
        (SHELL, Signs(has_agent=False, screen="b"), (Outcome.DELIVERED, Proof.SCREEN)),
        (SHELL, Signs(has_agent=False, screen="a"), None),
        (Signs(screen="a"), Signs(screen="b"), None),
        (Signs(is_still=True, below=1), Signs(below=2), (Outcome.DELIVERED, Proof.SCREEN)),
        (Signs(is_still=True, below=1), Signs(below=1), None),
        (Signs(is_still=True, below=1), Signs(below=None), None),
        (Signs(is_still=False, below=1), Signs(below=2), None),
    ],
)
def test_what_is_proved(before: Signs, after: Signs, wanted: tuple[Outcome, Proof] | None) -> None:
    assert judge(before, after) == wanted


@pytest.mark.parametrize(
    ("screen", "text", "wanted"),
    [
        ("old\n> hello there\n", "hello there", 0),
        ("> hello there\nThinking\n\n> \n", "hello there", 1),
        ("│ > hello there │\n╰──────╯\n  ? for help", "hello there", 1),
        ("> hello there\nreply\n> hello there", "hello there", 0),
        ("> one two thr\nee four\nreply", "first\none two three four", 1),
        ("> hi", "hi", None),
        ("nothing of it", "hello there", None),
    ],
)
def test_what_stands_under_a_message_is_counted(screen: str, text: str, wanted: int | None) -> None:
    assert lines_below(screen, text) == wanted


@pytest.mark.parametrize(
    ("line", "is_draft"),
    [
        ("u@h:~$ ", False),
        ("u@h:~$ rm -rf", True),
        ("[u@h demo]# make", True),
        ("total 12 $ of 40", False),
        ("", False),
        ("done", False),
    ],
)
def test_a_command_half_typed_is_told_from_output(line: str, is_draft: bool) -> None:
    assert shell_draft(f"some output\n{line}\n\n") is is_draft
