"""The steps an agent has set itself, from the tool calls by which it keeps its list, and which of them it is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.foreign_json import objects_at, text_at
from quarterdeck.core.text import clean

if TYPE_CHECKING:
    from quarterdeck.core.foreign_json import Json

MOST_STEPS = 200
STEP_LENGTH = 200
_LISTS = ("plan", "todos")
"""Codex calls it a plan; Claude Code, Gemini CLI, Qwen Code, OpenCode and Kilo call them todos."""
_WORDS = ("step", "content", "description", "text")
_GONE = frozenset({"cancelled", "deleted"})


class _PlannedStep(NamedTuple):
    words: str
    status: str


class PlanSteps:
    """Mutable while a transcript is read."""

    def __init__(self) -> None:
        self._steps: list[_PlannedStep] = []
        self._is_list = False
        """Whether it was told as a whole, and not step by step."""

    def called(self, tool: str, arguments: Json) -> None:
        """Enter a tool call, if it is one that is about the steps."""
        if tool == "TaskCreate" and (words := text_at(arguments, "subject")):
            if self._is_list:
                self.clear()
            self._steps = [*self._steps, _PlannedStep(clean(words, STEP_LENGTH), "pending")][:MOST_STEPS]
        elif tool == "TaskUpdate":
            self._update(arguments)
        elif found := next((rows for key in _LISTS if (rows := objects_at(arguments, key))), []):
            told = [_step_of(row) for row in found[:MOST_STEPS]]
            if all(step.words and step.status for step in told):
                self._steps, self._is_list = told, True

    def _update(self, arguments: Json) -> None:
        """They have the numbers in whose order they were made."""
        told = text_at(arguments, "taskId")
        at = int(told) - 1 if told.isascii() and told.isdigit() and len(told) < 5 else -1
        if self._is_list or not 0 <= at < len(self._steps):
            return
        words, status = self._steps[at]
        changed = clean(text_at(arguments, "subject"), STEP_LENGTH), text_at(arguments, "status")
        self._steps[at] = _PlannedStep(changed[0] or words, changed[1] or status)

    def clear(self) -> None:
        """Forget them: something else was asked for."""
        self._steps, self._is_list = [], False

    def now(self) -> str:
        """The step it is at, as `2/5 write the tests`; "" where it is at none."""
        steps = [step for step in self._steps if step.status not in _GONE]
        at = next((index for index, step in enumerate(steps) if step.status == "in_progress"), None)
        return "" if at is None else f"{at + 1}/{len(steps)} {steps[at].words}"


def _step_of(row: Json) -> _PlannedStep:
    words = next((text for key in _WORDS if (text := text_at(row, key))), "")
    return _PlannedStep(clean(words, STEP_LENGTH), text_at(row, "status"))
