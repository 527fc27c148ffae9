from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.core.project import (
    AgentChoice,
    Project,
    choose_agent,
    is_project_name,
    project_at,
)
from quarterdeck.core.session_names import display_name, shorten
from quarterdeck.core.work import Role
from quarterdeck.values import replace

PROJECT = Project(
    name="web",
    path=Path("/src/web"),
    prefix="web",
    agent_choice=AgentChoice(agent="codex", model="m1", permissions="auto-edit"),
    workers=AgentChoice(model="m2"),
    orchestrator=AgentChoice(agent="claude"),
    default_workers=AgentChoice(agent="aider"),
    defaults=AgentChoice(agent="gemini", subagent="builder"),
)


def test_narrow_settings_come_before_wide_ones() -> None:
    agent_choice = choose_agent(PROJECT, Role.WORKER)

    assert agent_choice == AgentChoice(agent="codex", model="m2", permissions="auto-edit", subagent="builder")
    assert choose_agent(replace(PROJECT, agent_choice=AgentChoice()), Role.WORKER).agent == "aider"
    assert (
        choose_agent(replace(PROJECT, agent_choice=AgentChoice(), default_workers=AgentChoice()), Role.WORKER).agent
        == "gemini"
    )


def test_what_a_session_began_with_it_goes_on_with() -> None:
    assert (
        choose_agent(PROJECT, Role.WORKER, kept_agent="opencode", asked=AgentChoice(agent="claude")).agent == "opencode"
    )
    assert choose_agent(PROJECT, Role.WORKER, asked=AgentChoice(agent="claude")).agent == "claude"


def test_an_orchestrator_is_always_permissionless() -> None:
    agent_choice = choose_agent(PROJECT, Role.ORCHESTRATOR)

    assert agent_choice.agent == "claude"
    assert agent_choice.permissions == "permissionless"


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "a/b", "a b", "x" * 129])
def test_names_that_would_lead_out_of_their_folder_are_no_projects(name: str) -> None:
    assert not is_project_name(name)


def test_a_folder_belongs_to_the_innermost_project() -> None:
    inner = replace(PROJECT, name="inner", path=Path("/src/web/inner"))
    projects = {"web": PROJECT, "inner": inner}

    assert project_at(projects, Path("/src/web/inner/x")) is inner
    assert project_at(projects, Path("/src/web")) is PROJECT
    assert project_at(projects, Path("/src/website")) is None


@pytest.mark.parametrize(
    ("title", "prompt", "expected"),
    [
        ("Fix  the\tlogin", "whatever", "Fix the login"),
        ("  ", "\n\n## Do this\nand that", "Do this"),
        (None, "#hash stays", "#hash stays"),
        (None, "#\nnext", "next"),
        (None, None, None),
        (None, " \n ", None),
    ],
)
def test_a_session_is_called_by_its_issue_or_its_prompt(
    title: str | None, prompt: str | None, expected: str | None
) -> None:
    assert display_name(title, prompt) == expected


def test_a_long_name_is_cut_between_characters() -> None:
    assert shorten("é" * 80) == "é" * 80
    assert shorten("🙂" * 81) == "🙂" * 79 + "…"
