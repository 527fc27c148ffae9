from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from quarterdeck.core.display_name import display_name, shorten
from quarterdeck.core.project import (
    Crew,
    Project,
    choose_crew,
    is_project_name,
    project_at,
)
from quarterdeck.core.work import Role

PROJECT = Project(
    name="web",
    path=Path("/src/web"),
    prefix="web",
    crew=Crew(agent="codex", model="m1", permissions="auto-edit"),
    workers=Crew(model="m2"),
    orchestrator=Crew(agent="claude"),
    default_workers=Crew(agent="aider"),
    defaults=Crew(agent="gemini", subagent="builder"),
)


def test_narrow_settings_come_before_wide_ones() -> None:
    crew = choose_crew(PROJECT, Role.WORKER)

    assert crew == Crew(agent="codex", model="m2", permissions="auto-edit", subagent="builder")
    assert choose_crew(replace(PROJECT, crew=Crew()), Role.WORKER).agent == "aider"
    assert choose_crew(replace(PROJECT, crew=Crew(), default_workers=Crew()), Role.WORKER).agent == "gemini"


def test_what_a_session_began_with_it_goes_on_with() -> None:
    assert choose_crew(PROJECT, Role.WORKER, kept_agent="opencode", asked=Crew(agent="claude")).agent == "opencode"
    assert choose_crew(PROJECT, Role.WORKER, asked=Crew(agent="claude")).agent == "claude"


def test_an_orchestrator_is_always_permissionless() -> None:
    crew = choose_crew(PROJECT, Role.ORCHESTRATOR)

    assert crew.agent == "claude"
    assert crew.permissions == "permissionless"


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
