"""What Claude Code's files tell of its subagents, its team and its background commands.

The transcript says what began and what is over; a subagent's own transcript, beside it, what that one does, and the
file of the team which teammates there are and in which panes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.agents.claude_reports import ENDED_STATUSES, GOING_ON
from quarterdeck.agents.json_lines import FileTail, newest_first
from quarterdeck.agents.subagent_book import SHELL_NAME, SUBAGENT_NAME_LENGTH, pane_id, short, subagent
from quarterdeck.agents.subagent_files import SubagentFiles
from quarterdeck.core.foreign_json import object_at, objects_at, parse_object, text_at
from quarterdeck.core.subagent import MOST_SUBAGENTS, SubagentState
from quarterdeck.foreign_files import read_bytes
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.ledger import Ledger
    from quarterdeck.agents.subagent_book import SubagentBook
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.subagent import Subagent

_TAG = re.compile(r"<(task-id|status)>\s*([\w@.-]{1,100})\s*</\1>")
NOTIFICATION_LENGTH = 2_000
"""Characters in which both stand, before what was found out."""
_STOPPED = "Successfully "
SMALL_FILE_BYTES = 256 * 1024
METAS_LOOKED_AT = 64
_SAFE = re.compile(r"[\w-]{1,100}")
_RUN = re.compile(r"workflows/[\w-]{1,100}")
JOURNAL_BYTES = 1024 * 1024


def take_notification(book: SubagentBook, text: str) -> None:
    """Enter that something in the background is over, where that is what is told."""
    told = dict(_TAG.findall(text[:NOTIFICATION_LENGTH]))
    # One without a status tells of something that happened meanwhile.
    if told.get("status", "running") not in GOING_ON:
        book.ended(told.get("task-id", ""))


def take_result(book: SubagentBook, call_id: str, result: Json, at: datetime | None) -> None:
    """Enter what a tool's result says of the background: what goes on from now on, and what was stopped or is over."""
    status = text_at(result, "status")
    if status == "async_launched" and text_at(result, "runId"):
        book.goes_on(
            call_id,
            text_at(result, "taskId"),
            name=text_at(result, "workflowName"),
            thought=text_at(result, "summary"),
            folder=f"workflows/{text_at(result, 'runId')}",
            at=at,
        )
    elif status == "async_launched":
        book.goes_on(call_id, text_at(result, "agentId"), thought=text_at(result, "description"), at=at)
    elif status == "teammate_spawned":
        book.goes_on(
            call_id,
            text_at(result, "agent_id") or text_at(result, "agentId"),
            name=text_at(result, "name"),
            pane=text_at(result, "tmux_pane_id"),
            team=text_at(result, "team_name"),
            at=at,
        )
    elif shell := text_at(result, "backgroundTaskId"):
        book.goes_on(call_id, shell, name=SHELL_NAME, is_command=True, at=at)
    elif (monitor := text_at(result, "taskId")) and book.is_command(call_id):
        book.goes_on(call_id, monitor, at=at)
    elif resumed := text_at(result, "resumedAgentId"):
        book.goes_on(call_id, resumed, at=at)
    task = object_at(result, "task") or result
    key = text_at(task, "task_id") or text_at(task, "shell_id") or text_at(task, "shellId")
    if key and (text_at(task, "status") in ENDED_STATUSES or text_at(task, "message").startswith(_STOPPED)):
        book.ended(key)


class ClaudeSubagents:
    """The files of one conversation's team, and of its subagents. Blocking; one thread at a time."""

    def __init__(self, take: Callable[[Ledger, Json], None]) -> None:
        self._files = SubagentFiles(_file_of, take)
        self._journals: dict[str, WorkflowJournal] = {}

    def read(self, path: Path, subagents: tuple[Subagent, ...]) -> tuple[Subagent, ...]:
        """Those that there are, with what they do."""
        return self._files.read(path, tuple(self._with_workflows(path, _with_team(path, subagents))))

    def _with_workflows(self, path: Path, subagents: tuple[Subagent, ...]) -> Iterator[Subagent]:
        """The subagents, and behind each workflow those that it runs now."""
        held = self._journals
        self._journals = {}
        for each in subagents:
            yield each
            if _RUN.fullmatch(each.folder):
                journal = held.get(each.key) or WorkflowJournal(_folder_of(path, each))
                self._journals[each.key] = journal
                # They began with it, or after it: none outlives the process that ran it.
                for one in journal.running():
                    yield replace(one, folder=each.folder, depth=each.depth + 1, since=each.since)


class WorkflowJournal:
    """The file in which a workflow writes which agents it started and which of them have answered."""

    def __init__(self, folder: Path) -> None:
        self._tail = FileTail(folder / "journal.jsonl", limit=JOURNAL_BYTES)
        self._began: dict[str, Subagent] = {}

    def running(self) -> tuple[Subagent, ...]:
        """Those that were started and have not answered."""
        try:
            fresh, rows = self._tail.read_rows()
        except OSError:
            return ()
        if fresh:
            self._began = {}
        for row in rows:
            key = text_at(row, "agentId")
            if row.get("type") == "started":
                self._began[key] = subagent(key, text_at(row, "label"), "")
            else:
                self._began.pop(key, None)
        return tuple(self._began.values())[-MOST_SUBAGENTS:]


def _with_team(path: Path, subagents: tuple[Subagent, ...]) -> tuple[Subagent, ...]:
    """The teammates as the file of their team has them; one that is not in it any more has left."""
    team = next((each.team for each in subagents if each.team), "")
    if not _SAFE.fullmatch(team):
        return subagents
    try:
        told = parse_object(read_bytes(path.parents[2] / "teams" / team / "config.json", SMALL_FILE_BYTES))
    except (OSError, IndexError):
        return subagents
    if told is None or text_at(told, "leadSessionId") != path.stem:
        return subagents  # another conversation's team, or a file that is just being written
    members = {short(text_at(each, "name"), SUBAGENT_NAME_LENGTH): each for each in objects_at(told, "members")}
    return tuple(
        _as_member(each, members[each.name]) if each.team else each
        for each in subagents
        if not each.team or each.name in members
    )


def _as_member(subagent: Subagent, member: Json) -> Subagent:
    rests = member.get("isActive") is False
    return replace(
        subagent,
        pane_id=pane_id(text_at(member, "tmuxPaneId")),
        state=SubagentState.IDLE if rests else subagent.state,
    )


def _folder_of(path: Path, subagent: Subagent) -> Path:
    return path.with_suffix("") / "subagents" / subagent.folder


def _file_of(path: Path, subagent: Subagent) -> Path | None:
    """The transcript of one of a conversation's subagents, by its own id or that of the call that began it."""
    key = subagent.key
    if not _SAFE.fullmatch(key) or (subagent.folder and not _RUN.fullmatch(subagent.folder)):
        return None
    folder = _folder_of(path, subagent)
    direct = folder / f"agent-{key}.jsonl"
    if direct.is_file():
        return direct
    if subagent.folder:
        return None  # a workflow itself, or one of its agents that has not written yet
    for file in newest_first(folder.glob("*.meta.json"))[:METAS_LOOKED_AT]:
        with suppress(OSError):
            meta = parse_object(read_bytes(file, SMALL_FILE_BYTES))
            if meta and text_at(meta, "toolUseId") == key:
                return file.with_name(file.name.removesuffix(".meta.json") + ".jsonl")
    return None
