"""What sessions and their branches are called: names for new ones, and the session that a word names."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeVar

from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import SessionState
from quarterdeck.errors import Ambiguous, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session

Placed = TypeVar("Placed", "Pane", "Session")
MATCHES_SHOWN = 8
SLUG_MAX = 60
_NUMBER = r"[0-9]{1,18}"
STEM_MAX = 40
"""Characters of a name that is made here."""
LONGEST_NAME = 80
"""Characters of a session's name where people read it."""
CONSOLE_NAME: Final = "quarterdeck"
"""What the session is called that the console's key makes; further ones get a number."""


def find_session(word: str, sessions: Iterable[Session]) -> Session | None:
    """The row a word names: by id, pane, exact tmux name or place, or by an unambiguous prefix of an id or name.

    Raises Ambiguous when it stands for several rows, as the name of a tmux session with several agents does.
    """
    found = find_rows(word, sessions)
    if len(found) > 1:
        raise ambiguous(word, found)
    return found[0] if found else None


def find_rows(word: str, sessions: Iterable[Session]) -> Sequence[Session]:
    """The rows a word stands for: several are all of one tmux session, whose bare name it is; () when it is nothing.

    An exact hit always wins over a prefix, and among exact ones a live row over one that has ended, and then the last.
    What is over is meant by a prefix only where nothing else is.
    """
    if not word:
        return ()
    sessions = list(sessions)
    if rows := [row for row in sessions if row.session_id == word] or [row for row in sessions if row.pane_id == word]:
        return _best(rows)[:1]
    if rows := [row for row in sessions if row.tmux_name == word]:
        return _best(rows)
    if rows := _best(_in_place((_reading(word, row.tmux_name, row), row) for row in sessions)):
        if len(rows) > 1:
            raise ambiguous(word, rows)
        return rows
    begin_so = [row for row in sessions if row.session_id.startswith(word) or row.tmux_name.startswith(word)]
    in_use = [row for row in begin_so if row.is_stale or row.state is not SessionState.EXITED]
    matches = list({row.session_id: row for row in in_use or begin_so}.values())
    if len({_tmux_session(row) for row in matches}) > 1:
        shown = [f"{row.session_id} ({row_name(row)})" for row in matches]
        more = ", …" if len(matches) > MATCHES_SHOWN else ""
        raise UsageError(
            f'"{word}" could be any of {len(matches)} sessions: {", ".join(shown[:MATCHES_SHOWN])}{more}.',
            hint="Give more of the name, or the id.",
        )
    return _best(matches)


def find_panes(word: str, panes: Iterable[Pane]) -> list[Pane]:
    """The panes a word means: by id, or by place as with rows."""
    panes = list(panes)
    if found := [pane for pane in panes if pane.pane_id == word]:
        return found[:1]
    return _in_place((_reading(word, pane.session_name, pane), pane) for pane in panes)


def _in_place(read: Iterable[tuple[int | None, Placed]]) -> list[Placed]:
    """Of what is in a place by one reading or another, what is so by the first of them."""
    found: defaultdict[int, list[Placed]] = defaultdict(list)
    for reading, each in read:
        if reading is not None:
            found[reading].append(each)
    return found[min(found)] if found else []


def _reading(word: str, name: str, of: Pane | Session) -> int | None:
    """By which reading a word means a window or a pane of the session of this name; an index goes first, as in tmux."""
    rest = word.removeprefix(f"{name}:")
    window, _, pane = rest.rpartition(".")
    readings = (
        rest == str(of.window_index),
        (window, pane) == (str(of.window_index), str(of.pane_index)),
        (window, pane) == (of.window_name or None, str(of.pane_index)),
        rest == (of.window_name or None),
    )
    return readings.index(True) if rest != word and True in readings else None


def _best(rows: Iterable[Session]) -> list[Session]:
    """Of rows that would all do those of one tmux session: live ones, else of each place the last to end."""
    ranked = sorted(rows, key=lambda row: (row.is_stale, -row.ended_at.timestamp() if row.ended_at else float("-inf")))
    if not ranked or ranked[0].rows_in_session == 1:
        return ranked[:1]
    beside = [row for row in ranked if _tmux_session(row) == _tmux_session(ranked[0])]
    return sorted(
        {row.place: row for row in reversed(beside)}.values(), key=lambda row: (row.window_index, row.pane_index)
    )


def _tmux_session(row: Session) -> Hashable:
    """What rows of one tmux session have in common, and no others: what is over stands apart from what is there."""
    is_there = not row.is_stale and row.state is not SessionState.EXITED
    return row.tmux_server, row.incarnation, row.tmux_id or row.tmux_name or row.session_id, is_there, row.is_stale


def ambiguous(word: str, rows: Sequence[Session]) -> Ambiguous:
    """The error of a word that stands for several rows, with all that they go by."""
    choices = [
        {"session_id": row.session_id, "name": row_name(row), "place": row.place, "pane_id": row.pane_id}
        for row in rows
    ]
    shown = ", ".join(f"{row_name(row)} ({row.session_id})" for row in rows[:MATCHES_SHOWN])
    more = ", …" if len(rows) > MATCHES_SHOWN else ""
    return Ambiguous(
        f'"{word}" stands for {len(rows)} rows: {shown}{more}.',
        hint="Say which by its place or its id.",
        choices=choices,
    )


def next_numeric_name(names: Iterable[str]) -> int:
    """The number after the highest name that is a number."""
    return max([0, *(int(name) + 1 for name in names if re.fullmatch(_NUMBER, name))])


def free_names(stem: str, names: Collection[str]) -> Iterator[str]:
    """Names nobody has: made of the stem where it has something a name can be made of, else the next numbers.

    What is counted has an underscore before it, so that it is never taken for a worker's id, which has a dash.
    """
    stem = re.sub(r"[^\w-]+", "_", stem).strip("_-")[:STEM_MAX]
    if not stem or re.fullmatch(_NUMBER, stem):
        yield from map(str, itertools.count(next_numeric_name(names)))
    for attempt in itertools.count(1):
        name = stem if attempt == 1 else f"{stem}_{attempt}"
        if name not in names:
            yield name


def is_safe_branch(name: str) -> bool:
    """Whether git takes this as a branch name, and takes it for nothing else."""
    return not (
        not name
        or name in ("@", "HEAD")
        or name.startswith((".", "/", "-"))
        or name.endswith((".", "/", ".lock"))
        or any(bad in name for bad in ("..", "//", "/.", "@{", ".lock/"))
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\\s]", name)
    )


def slug(text: str, fallback: str) -> str:
    """An issue id as a part of a branch name: itself where that works, else lower case and dashes, else `fallback`."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) and ".." not in text and is_safe_branch(text):
        return text
    dashed = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return dashed[:SLUG_MAX].strip("-") or fallback


def choose_branch(
    session_id: str,
    *,
    explicit: str | None = None,
    issue: str | None = None,
    issue_branch: str | None = None,
    tracker_branch: str | None = None,
) -> str:
    """The branch for a new worker.

    `explicit` is the operator's; `issue_branch` what the issue itself proposes and `tracker_branch` what its tracker
    would call it, both only of an issue that was found.
    """
    if explicit:
        return explicit
    for proposed in (issue_branch, tracker_branch):
        if proposed and is_safe_branch(proposed):
            return proposed
    if issue:
        return f"feat/{slug(issue, session_id)}"
    return f"session/{session_id}"


def session_numbers(prefix: str, heads: list[str]) -> frozenset[int]:
    """The numbers that `session/<prefix>-<n>` branches use."""
    pattern = re.compile(rf"(?:refs/heads/)?session/{re.escape(prefix)}-(\d{{1,9}})")
    return frozenset(int(found[1]) for head in heads if (found := pattern.fullmatch(head.strip())))


def display_name(issue_title: str | None, prompt: str | None) -> str | None:
    """The issue's title, else the prompt's first line that says something; None when neither does."""
    first = next((line for line in (prompt or "").splitlines() if line.strip(" \t#")), "")
    return shorten(issue_title or "") or shorten(re.sub(r"^\s*#{1,6}\s+", "", first)) or None


def shorten(text: str) -> str:
    """One line of at most 80 characters; a longer one ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"
