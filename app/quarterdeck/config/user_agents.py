"""Settings of agents: the operator's own, and what they change of the built-in ones."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from quarterdeck.config.fields import Command, Count, Environment, Flag, Section, Texts, wrong


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise wrong(f"a regular expression ({error})") from error
    return value


Pattern = Annotated[str, AfterValidator(_is_pattern), Field(min_length=1, max_length=1000)]


class ScreenRule(Section):
    """What words at some place of the screen mean."""

    name: str = Field(min_length=1, max_length=60)
    """Shown as the reason when the rule matches; a rule with the name of a built-in one takes its place."""
    pattern: Pattern
    """Regular expression that must match."""
    unless: Annotated[str, AfterValidator(_is_pattern)] = ""
    """Regular expression that must not match in the same region."""
    region: Literal["screen", "tail", "prompt", "title"] = "tail"
    """Where to look: the whole screen, its last lines, the input box, or the pane's title."""
    means: Literal["working", "idle", "permission", "question", "error"]
    """What the session is then doing or asking."""
    priority: Count = Field(default=50, ge=0, le=100)
    """Which rule wins when several match: the higher one, and a waiting one before a working one."""


class UserAgent(Section):
    """One agent program, or what is different about a built-in one."""

    display: str = Field(default="", max_length=40)
    """Name shown in the row; empty is the agent's name."""
    programs: Texts = ()
    """Program names by which a running agent is recognised; empty is the agent's name."""
    command: Command = ()
    """What starts it."""
    resume: Command = ()
    """What brings its last conversation back; `{id}` stands for the conversation's id."""
    prompt: Literal["argument", "typed"] = "argument"
    """How it is given its first prompt: as the last argument, or typed once it is ready."""
    model_option: str = ""
    """Option that names the model, such as `--model`."""
    permissionless: Command = ()
    """Arguments that let it do everything without asking."""
    context_limit: Count | None = Field(default=None, ge=1000)
    """Tokens its context holds."""
    env: Environment
    """Environment it gets on top of ours."""
    hidden: Flag = False
    """Leave it out of the list to choose from."""
    rules: tuple[ScreenRule, ...] = ()
    """How its screen is read."""
