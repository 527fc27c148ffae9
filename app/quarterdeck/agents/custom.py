"""The user's own agents: sections of `config.toml`, and changes to the agents we know."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.screen import Meaning, Region, ScreenRule, in_order
from quarterdeck.agents.title_rules import TitleRule
from quarterdeck.core.session import Confidence
from quarterdeck.errors import SettingsError
from quarterdeck.ports.agent import AgentSpec, Permissions, PromptDelivery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    means: Meaning
    pattern: re.Pattern[str]


class CustomScreenRule(_Rule):
    """One `[[agents.NAME.screen]]` table."""

    region: Region = Region.LAST
    unless: re.Pattern[str] | None = None
    priority: int = 10
    """Above our own rules, which have 0, unless told otherwise."""
    confidence: Confidence = Confidence.MEDIUM


class CustomTitleRule(_Rule):
    """One `[[agents.NAME.title]]` table."""

    exact: bool = True


class CustomAgent(BaseModel):
    """One `[agents.NAME]` section."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str | None = None
    """Key of the agent it is like; the section's own name when that is one we know."""
    name: str | None = None
    """As shown."""
    commands: tuple[str, ...] | None = None
    """Names its program runs under; the first is the one started."""
    scripts: tuple[str, ...] | None = None
    context_limit: int | None = Field(default=None, ge=1_000, le=100_000_000)
    flags: tuple[str, ...] | None = None
    """Always given when it is started."""
    permissions: dict[Permissions, tuple[str, ...]] | None = None
    model_flag: tuple[str, ...] | None = None
    prompt: PromptDelivery | None = None
    prompt_flag: tuple[str, ...] | None = None
    resume: tuple[str, ...] | None = None
    env: dict[str, str] | None = None
    screen: tuple[CustomScreenRule, ...] = ()
    title: tuple[CustomTitleRule, ...] = ()

    @field_validator("commands")
    @classmethod
    def _named(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and not all(word.strip() for word in value):
            raise ValueError("a command may not be blank")
        return value or None


def custom_agents(
    sections: Mapping[str, CustomAgent | Mapping[str, object]], known: Iterable[CodingAgent]
) -> tuple[CodingAgent, ...]:
    """The agents that the settings describe; raises SettingsError for what cannot be understood."""
    by_key = {agent.spec.key: agent for agent in known}
    return tuple(_made(key, _section(key, section), by_key) for key, section in sections.items())


def _section(key: str, section: CustomAgent | Mapping[str, object]) -> CustomAgent:
    if isinstance(section, CustomAgent):
        return section
    try:
        return CustomAgent.model_validate(section)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(("agents", key, *map(str, first["loc"])))
        raise SettingsError(f"{where}: {first['msg']}") from error


def _made(key: str, section: CustomAgent, known: Mapping[str, CodingAgent]) -> CodingAgent:
    base_key = section.base or key
    base = known.get(base_key)
    if base is None and section.base:
        raise SettingsError(
            f"agents.{key}.base: there is no agent {section.base!r}.", hint="Known: " + ", ".join(known)
        )
    agent = base or CodingAgent(spec=AgentSpec(key=key, name=key, commands=(key,)))
    changes: dict[str, object] = {
        "name": section.name or (agent.spec.name if key == base_key else key),
        "commands": section.commands or (agent.spec.commands if key == base_key else (key,)),
        "scripts": section.scripts if section.scripts is not None else agent.spec.scripts if key == base_key else (),
        "context_limit": section.context_limit,
        "launch_flags": section.flags,
        "permission_flags": section.permissions,
        "model_flag": section.model_flag,
        "prompt_delivery": section.prompt,
        "prompt_flag": section.prompt_flag,
        "resume": section.resume,
        "env": section.env,
    }
    told = {field: value for field, value in changes.items() if value is not None}
    # mypy cannot see that the names and types above are AgentSpec's own; the section's model has checked them.
    spec = replace(agent.spec, key=key, **told)  # type: ignore[arg-type]
    return replace(
        agent,
        spec=spec,
        screen_rules=in_order((*map(_screen_rule, section.screen), *agent.screen_rules)),
        title_rules=(*map(_title_rule, section.title), *agent.title_rules),
    )


def _screen_rule(rule: CustomScreenRule) -> ScreenRule:
    return ScreenRule(
        id=rule.id,
        means=rule.means,
        region=rule.region,
        pattern=rule.pattern,
        unless=rule.unless,
        priority=rule.priority,
        confidence=rule.confidence,
    )


def _title_rule(rule: CustomTitleRule) -> TitleRule:
    return TitleRule(id=rule.id, means=rule.means, pattern=rule.pattern, exact=rule.exact)
