"""Which subagents and background commands have begun and not ended, as the rows of a transcript tell it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from quarterdeck.agents.gist import SHELL_TOOLS, command_of
from quarterdeck.core.foreign_json import text_at
from quarterdeck.core.pane import PaneId
from quarterdeck.core.redact import masked
from quarterdeck.core.subagent import MOST_SUBAGENTS, SUBAGENT_THOUGHT_LENGTH, Subagent
from quarterdeck.core.text import clean
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json

V = TypeVar("V")
SUBAGENT_NAME_LENGTH = 40
READ_LENGTH = 2_000
"""Characters looked at; a secret that the cut would halve is masked before."""
SHELL_NAME, MONITOR_NAME = "shell", "monitor"
MONITOR_TOOL = "Monitor"
"""Claude Code's tool that runs a command and tells of each line it prints."""
NAMELESS = "agent"
CALLS_KEPT = 200
"""Tool calls that may yet turn out to go on in the background."""
TASK_TOOLS = frozenset({"Agent", "Task", "task", "spawn_agent"})
"""Tools that start a subagent, and have no result while it works unless they say that it goes on."""
_NAME_KEYS = ("name", "task_name", "subagent_type", "agent_type")
_THOUGHT_KEYS = ("description", "message", "prompt")
_PANE = re.compile(r"%\d{1,9}")


def short(text: str, length: int) -> str:
    """Foreign text on one short line, without secrets."""
    return clean(masked(text[:READ_LENGTH]), length)


def pane_id(told: str) -> PaneId | None:
    """A pane's id, where that is what was told."""
    return PaneId(told) if _PANE.fullmatch(told) else None


class SubagentBook:
    """Mutable while a transcript is read; `view` is what others get. What nobody told to begin cannot end."""

    def __init__(self) -> None:
        self._waited_for: dict[str, Subagent] = {}
        """Calls of subagents without a result."""
        self._commands: dict[str, tuple[str, str, datetime | None]] = {}
        """Calls of commands without a result: what it will be called, its words as they are, and when."""
        self._began: dict[str, Subagent] = {}
        """What goes on, whatever becomes of the call that began it."""
        self._past: dict[str, Subagent] = {}
        """What has ended, since a subagent may be told to go on."""

    def called(self, call_id: str, tool: str, arguments: Json, at: datetime | None) -> None:
        """Enter a tool call that may begin something."""
        self.answered(call_id)
        if tool in TASK_TOOLS:
            name, does = (_first(arguments, keys) for keys in (_NAME_KEYS, _THOUGHT_KEYS))
            self._waited_for[call_id] = subagent(call_id, name, does, at)
            _forget_oldest(self._waited_for)
        elif tool == MONITOR_TOOL or SHELL_TOOLS.fullmatch(tool):
            name = MONITOR_NAME if tool == MONITOR_TOOL else SHELL_NAME
            self._commands[call_id] = (name, command_of(arguments)[:READ_LENGTH], at)
            _forget_oldest(self._commands)

    def answered(self, call_id: str) -> None:
        """Enter that a call has its result: what does not go on is over."""
        self._waited_for.pop(call_id, None)
        self._commands.pop(call_id, None)

    def is_command(self, call_id: str) -> bool:
        """Whether a call without a result is that of a command."""
        return call_id in self._commands

    def goes_on(
        self, call_id: str, key: str, *, name: str = "", thought: str = "", pane: str = "", team: str = "",
        folder: str = "", is_command: bool = False, at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Enter that what a call began goes on, under an id of its own; what is known of it already stays."""
        known = self._began.get(key) or self._call(call_id, key) or self._past.pop(key, None)
        self.answered(call_id)
        if not key:
            return
        known = known or subagent(key, "", "", at)
        self._began[key] = replace(
            known,
            key=key,
            name=short(name, SUBAGENT_NAME_LENGTH) or known.name,
            thought=known.thought or short(thought, SUBAGENT_THOUGHT_LENGTH) or None,
            pane_id=pane_id(pane) or known.pane_id,
            team=team or known.team,
            folder=folder or known.folder,
            is_command=is_command or known.is_command,
            since=at if known.key == key and key not in self._began else known.since,
        )
        _forget_oldest(self._began)

    def _call(self, call_id: str, key: str) -> Subagent | None:
        if call_id in self._commands:
            name, words, at = self._commands[call_id]
            return replace(subagent(key, name, words, at), is_command=True)
        return self._waited_for.get(call_id)

    def ended(self, key: str) -> None:
        """Enter that something is over."""
        if (over := self._began.pop(key, None)) is not None and not over.is_command:
            self._past[key] = over
            _forget_oldest(self._past)

    def all_stopped(self) -> None:
        """Enter that the operator stopped every subagent that is no teammate; commands go on."""
        for key in [key for key, each in self._began.items() if not each.is_command and not each.team]:
            self.ended(key)

    @property
    def works_behind(self) -> bool:
        """Whether subagents go on by themselves, with whose answers the next turn will begin."""
        return any(not each.is_command and not each.team for each in self._began.values())

    def turn_over(self, at: datetime | None) -> None:
        """Enter that nobody waits any more for the calls that were made before."""
        for call_id, each in [*self._waited_for.items()]:
            if at is None or each.since is None or each.since <= at:
                del self._waited_for[call_id]

    def view(self) -> tuple[Subagent, ...]:
        """Those that run now, in the order in which they began."""
        return (*self._began.values(), *self._waited_for.values())[-MOST_SUBAGENTS:]


def subagent(key: str, name: str, thought: str, at: datetime | None = None) -> Subagent:
    """One that has begun, in foreign words."""
    return Subagent(
        key=key,
        name=short(name, SUBAGENT_NAME_LENGTH) or NAMELESS,
        thought=short(thought, SUBAGENT_THOUGHT_LENGTH) or None,
        since=at,
    )


def with_thought(one: Subagent, *said: str) -> Subagent:
    """The subagent with what it does, in foreign words: the newest first."""
    return replace(one, thought=short(" · ".join(filter(None, said)), SUBAGENT_THOUGHT_LENGTH) or None)


def _first(arguments: Json, keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := text_at(arguments, key))), "")


def _forget_oldest(held: dict[str, V]) -> None:
    while len(held) > CALLS_KEPT:
        del held[next(iter(held))]
