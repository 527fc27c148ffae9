"""The settings fit what other parts make of them."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from quarterdeck.agents.custom import custom_agents
from quarterdeck.agents.screen import Meaning, Region
from quarterdeck.config import user_agents
from quarterdeck.config.projects import Strategy as StrategySetting
from quarterdeck.config.settings import Settings
from quarterdeck.core.project import Strategy
from quarterdeck.ports.agent_spec import Permissions, PromptDelivery


def prompt_choices() -> object:
    """What `prompt` of an agent's settings offers."""
    choices, _ = get_args(user_agents.UserAgent.model_fields["prompt"].annotation)
    return choices


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        (user_agents.Meaning, Meaning),
        (user_agents.Region, Region),
        (user_agents.Permissions, Permissions),
        (prompt_choices(), PromptDelivery),
        (StrategySetting, Strategy),
    ],
)
def test_a_choice_offers_what_there_is(setting: Any, values: Any) -> None:
    assert set(get_args(setting)) == {value.value for value in values}


def test_an_agent_of_the_operators_own_is_made_from_its_settings() -> None:
    settings = Settings.model_validate(
        {
            "agents": {
                "mine": {
                    "commands": "my-agent",
                    "flags": "--quiet --fast",
                    "permissions": {"permissionless": ["--yes"]},
                    "screen": [{"id": "asks", "means": "question", "pattern": "^Really"}],
                }
            }
        }
    )

    (agent,) = custom_agents(settings.agents, ())

    assert agent.spec.commands == ("my-agent",)
    assert agent.spec.launch_flags == ("--quiet", "--fast")
    assert agent.readers.screen_rules[0].id == "asks"
