"""The user's own agents: sections of `config.toml`, and changes to the agents we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.errors import SettingsError
from quarterdeck.ports.agent_spec import AgentSpec, Permissions, PromptDelivery
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.config.user_agents import UserAgent


def custom_agents(sections: Mapping[str, UserAgent], known: Iterable[CodingAgent]) -> tuple[CodingAgent, ...]:
    """The agents that the settings describe; raises SettingsError for one that is like none we know."""
    by_key = {agent.spec.key: agent for agent in known}
    return tuple(_made(key, section, by_key) for key, section in sections.items())


def _made(key: str, section: UserAgent, known: Mapping[str, CodingAgent]) -> CodingAgent:
    base_key = section.base or key
    base = known.get(base_key)
    if base is None and section.base:
        raise SettingsError(
            f"agents.{key}.base: there is no agent {section.base!r}.", hint="Known: " + ", ".join(known)
        )
    agent = base or CodingAgent(spec=AgentSpec(key=key, name=key, commands=(key,)))
    levels = section.permissions
    changes: dict[str, object] = {
        "name": section.name or (agent.spec.name if key == base_key else key),
        "commands": section.commands or (agent.spec.commands if key == base_key else (key,)),
        "scripts": section.scripts if section.scripts is not None else agent.spec.scripts if key == base_key else (),
        "context_limit": section.context_limit,
        "launch_flags": section.flags,
        "permission_flags": {Permissions(level): words for level, words in levels.items()} if levels else levels,
        "model_flag": section.model_flag,
        "prompt_delivery": PromptDelivery(section.prompt) if section.prompt else None,
        "prompt_flag": section.prompt_flag,
        "resume": section.resume,
        "env": section.env,
    }
    told = {field: value for field, value in changes.items() if value is not None}
    # mypy cannot see that the names and types above are AgentSpec's own; the section's model has checked them.
    spec = replace(agent.spec, key=key, **told)  # type: ignore[arg-type]
    has_rules = section.screen or section.title
    return replace(agent, spec=spec, like=base_key, more=_with_rules(section) if has_rules else None)


def _with_rules(section: UserAgent) -> Callable[[AgentReaders], AgentReaders]:
    """Puts the rules of a section before those that an agent has."""

    def more(readers: AgentReaders) -> AgentReaders:
        from quarterdeck.agents.screen import Meaning, Region, ScreenRule, TitleRule, in_order
        from quarterdeck.core.session import Confidence

        screen = [
            ScreenRule(
                rule.id, Meaning(rule.means), Region(rule.region), rule.pattern, rule.unless, rule.priority,
                Confidence(rule.confidence),
            )
            for rule in section.screen
        ]  # fmt: skip
        titles = [TitleRule(rule.id, Meaning(rule.means), rule.pattern, rule.exact) for rule in section.title]
        return replace(
            readers,
            screen_rules=in_order((*screen, *readers.screen_rules)),
            title_rules=(*titles, *readers.title_rules),
        )

    return more
