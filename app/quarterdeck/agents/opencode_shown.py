"""Which conversation an OpenCode process shows: by its title, its own lines in the log, and its database."""

from __future__ import annotations

import itertools
import logging
import os
import re
import sqlite3
import time
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.agents.agent_files import open_files, place_in_file, process_of
from quarterdeck.agents.opencode_screen import is_home
from quarterdeck.agents.opencode_transcript import opened
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.foreign_files import file_stamp, open_file, read_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.ports.agent_process import AgentHome, Program

logger = logging.getLogger(__name__)

LONGEST_TITLE = 40
"""Characters; a longer name is cut in the pane's title."""
CUT_AFTER = 37
LOG_PIECE_BYTES = 256 * 1024
MOST_LOG_BYTES = 4 * 1024 * 1024
"""So far back the log is searched for what a process did last."""
LINE_BYTES = 4096
"""Of the log, more than its longest line."""
YOUNG_SECONDS = 15.0
"""A process so young may not have shown yet the conversation that its command line names."""
NAMING = frozenset({"-s", "--session"})
CONTINUING = frozenset({"-c", "--continue"})

_LOG = re.compile(r"/log/opencode\.log$")
_RUN = re.compile(rb" run=([0-9a-f]{4,32}) ")
_PROMPTED = re.compile(
    rb" run=(?P<run>[0-9a-f]{4,32}) message=(?:created id=(?P<made>ses_\w+)|loop session\.id=(?P<at>ses_\w+) step=0\b)"
)
_UNNAMED = re.compile(r"(?:New|Child) session - \d{4}-\d\d-\d\dT[\d:.]+Z")
_SESSIONS = """
select id, coalesce(parent_id, ''), title, directory from session order by time_updated desc limit 300
"""


class StoredConversation(NamedTuple):
    """One conversation in the database."""

    key: str
    parent: str
    title: str
    folder: str

    @property
    def shown(self) -> str:
        """Its name as the pane's title shows it; "" = it has none yet."""
        if _UNNAMED.fullmatch(self.title):
            return ""
        # The program counts in UTF-16, which makes no difference for any but the rarest names.
        title = self.title if len(self.title) <= LONGEST_TITLE else f"{self.title[:CUT_AFTER]}…"
        return " ".join(title.split())


def conversation(family: OpenCodeFamily, program: Program, home: AgentHome | None, title: str, screen: str) -> str:
    """The conversation that a process shows; `UNBEGUN` at its start page, "" where it cannot be told."""
    name, begun_with = shown_name(family, title), _named(program)
    if not name and (begun_with or CONTINUING & set(program.argv)) and _age(program) < YOUNG_SECONDS:
        return begun_with
    if is_home(screen):
        return UNBEGUN
    kept = stored(family, home)
    told = [root_of(key, kept) for key in prompted(process_of(program.pid, family.programs))]
    return choose(name, told, begun_with, kept)


def shown_name(family: OpenCodeFamily, title: str) -> str | None:
    """The conversation's name in a pane's title: "" = it shows none, None = the title is not its own."""
    title = " ".join(title.split())
    if title == family.title:
        return ""
    return title.removeprefix(family.named) if title.startswith(family.named) else None


def choose(name: str | None, told: Sequence[str], begun_with: str, kept: Mapping[str, StoredConversation]) -> str:
    """The conversation shown, by the name in the title, those prompted last (newest first), and the command line's."""
    likely = [*told, *([begun_with] if begun_with else [])]
    if name is None:
        return next(iter(likely), "")
    fitting = [key for key in likely if key not in kept or kept[key].shown == name]
    if fitting:
        return fitting[0]
    if not name:
        return UNBEGUN
    # Chosen from the list of sessions: nothing is written down but its name in the title, newest first.
    same = [key for key, each in kept.items() if each.shown == name]
    return root_of(same[0], kept) if same else ""


def prompted(pid: int) -> list[str]:
    """The conversations in which a process was prompted, by its own lines in the log, the newest first."""
    found: list[str] = []
    for descriptor, log in open_files(pid):
        if not _LOG.search(log):
            continue
        try:
            # It appends, so that its place in the file is the end of the last line that it wrote itself.
            end, inode = place_in_file(pid, descriptor), Path(log).stat().st_ino
        except (OSError, ValueError):
            continue
        if end:
            found += _prompted_until(log, inode, end)
    return found


@lru_cache(maxsize=64)
def _prompted_until(log: str, _inode: int, end: int) -> tuple[str, ...]:
    """The same of the run whose line ends there."""
    try:
        handle = open_file(log)
    except OSError:
        return ()
    try:
        last = read_at(handle, max(end - LINE_BYTES, 0), min(end, LINE_BYTES))
        runs = _RUN.findall(last.rstrip(b"\n").rpartition(b"\n")[2])
        if not runs:
            return ()
        found: dict[str, None] = {}
        begin, rest = end, b""
        while begin > max(end - MOST_LOG_BYTES, 0) and not found:
            begin, until = max(begin - LOG_PIECE_BYTES, 0), begin
            piece = read_at(handle, begin, until - begin) + rest
            rest, _, _ = piece.partition(b"\n")
            found |= dict.fromkeys(
                (each["made"] or each["at"]).decode()
                for each in reversed(list(_PROMPTED.finditer(piece)))
                if each["run"] == runs[-1]
            )
        return tuple(found)
    except OSError:
        return ()
    finally:
        os.close(handle)


def stored(family: OpenCodeFamily, home: AgentHome | None) -> Mapping[str, StoredConversation]:
    """The conversations in its database, those written last first; none where that cannot be read."""
    file = family.database(home)
    return _sessions(file, (file_stamp(file), file_stamp(file.with_name(f"{file.name}-wal"))))


@lru_cache(maxsize=16)
def _sessions(file: Path, _version: object) -> dict[str, StoredConversation]:
    """The conversations in a database, those written last first."""
    try:
        with closing(opened(file)) as database:
            return {str(row[0]): StoredConversation(*map(str, row)) for row in database.execute(_SESSIONS)}
    except (sqlite3.Error, OSError):
        logger.info("OpenCode's database cannot be read", exc_info=True)
        return {}


def _age(program: Program) -> float:
    """Seconds since the process started; no end of them where that cannot be told."""
    if not program.started.isascii() or not program.started.isdigit() or not hasattr(time, "CLOCK_BOOTTIME"):
        return float("inf")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(program.started) / os.sysconf("SC_CLK_TCK")


def root_of(key: str, kept: Mapping[str, StoredConversation]) -> str:
    """The conversation that a subagent's belongs to."""
    for _ in range(10):
        parent = kept[key].parent if key in kept else ""
        if not parent:
            break
        key = parent
    return key


def _named(program: Program) -> str:
    """The conversation that the command line names, where it does."""
    words = [*program.argv, ""]
    for word, value in itertools.pairwise(words):
        told = value if word in NAMING else word.partition("=")[2] if word.startswith("--session=") else ""
        if told.startswith("ses_"):
            return told
    return ""
