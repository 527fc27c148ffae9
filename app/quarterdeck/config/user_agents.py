"""Settings of agents: the operator's own, and what they change of the built-in ones."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from quarterdeck.config.fields import Command, Count, Flag, Section, Texts, VariableName, wrong

Permissions = Literal["default", "suggest", "auto-edit", "permissionless"]
Meaning = Literal["permission", "question", "asks", "working", "finished", "error", "interrupted", "idle", "unclear"]
Region = Literal["dialog", "near", "head", "previous", "under_head", "last", "foot", "end", "body"]


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise wrong(f"a regular expression ({error})") from error
    return value


def _are_names(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(word.strip() for word in value):
        raise wrong("names of programs, none of them blank")
    return value


Pattern = Annotated[str, AfterValidator(_is_pattern)]
Programs = Annotated[Texts, AfterValidator(_are_names)]


class TitleRuleSetting(Section):
    """What a pane title means."""

    id: str = Field(min_length=1, max_length=60)
    """Shown as the reason when the rule matches."""
    means: Meaning
    """What the agent is then doing or asking."""
    pattern: Pattern
    """Regular expression that must match."""
    exact: Flag = True
    """Whether the whole title must match."""


class ScreenRuleSetting(Section):
    """What words at some place of the screen mean."""

    id: str = Field(min_length=1, max_length=60)
    """Shown as the reason when the rule matches."""
    means: Meaning
    """What the agent is then doing or asking."""
    pattern: Pattern
    """Regular expression that must match."""
    region: Region = "last"
    """Where to look: an open dialog, or a line above the prompt box."""
    unless: Pattern | None = None
    """Regular expression that must not match there."""
    priority: Count = Field(default=10, ge=-1000, le=1000)
    """Which rule wins when several match; the built-in ones have 0."""
    confidence: Literal["low", "medium", "high"] = "medium"
    """How sure a match makes us."""


class UserAgent(Section):
    """One agent program, or what is different about a built-in one."""

    base: str | None = None
    """Agent it is like; the one of its own name when there is one."""
    name: str | None = Field(default=None, max_length=40)
    """Name shown in the row."""
    commands: Programs | None = None
    """Names its program runs under; the first is the one started."""
    scripts: Texts | None = None
    """Names of scripts by which an interpreter that runs it is recognised."""
    context_limit: Count | None = Field(default=None, ge=1000, le=100_000_000)
    """Tokens its context holds."""
    flags: Command | None = None
    """Arguments it is always started with."""
    permissions: dict[Permissions, Command] | None = None
    """Arguments for each level of what it may do without asking."""
    model_flag: Command | None = None
    """Arguments that name the model."""
    prompt: Literal["argument", "paste"] | None = None
    """How it is given its first task: as an argument, or pasted once it is ready."""
    prompt_flag: Command | None = None
    """Arguments that come before the task."""
    resume: Command | None = None
    """Arguments that bring its last conversation back."""
    env: dict[VariableName, str] | None = None
    """Environment it gets on top of ours."""
    screen: tuple[ScreenRuleSetting, ...] = ()
    """How its screen is read."""
    title: tuple[TitleRuleSetting, ...] = ()
    """How its pane's title is read."""
