from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.project import SetupCommand, Strategy, choose_agent
from quarterdeck.core.work import Role
from quarterdeck.errors import NotFound
from quarterdeck.forge.git import GitWorktrees
from quarterdeck.operations.projects import offer_project, projects_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.git_repo import Repository


def settings(path: Path) -> Settings:
    return Settings.model_validate(
        {
            "defaults": {"agent": "codex", "worker": {"model": "small"}},
            "projects": {
                "web": {
                    "path": str(path),
                    "permissions": "auto-edit",
                    "orchestrator": {"agent": "claude"},
                    "symlinks": [".env"],
                    "post_create": ["make deps", ["touch", "a b"]],
                    "env": {"A": "1"},
                    "tracker": {"kind": "files", "files": ["docs/*.md"]},
                    "orchestrator_strategy": "ignore",
                }
            },
        }
    )


def test_a_project_of_the_settings_is_whole(tmp_path: Path) -> None:
    project = projects_of(settings(tmp_path / "website"))["web"]

    worker, lead = choose_agent(project, Role.WORKER), choose_agent(project, Role.ORCHESTRATOR)
    assert (worker.agent, worker.model, worker.permissions) == ("codex", "small", "auto-edit")
    assert (lead.agent, lead.model, lead.permissions) == ("claude", None, "permissionless")
    assert project.prefix == "web"
    assert project.post_create == (SetupCommand(shell="make deps"), SetupCommand(argv=("touch", "a b")))
    assert project.symlinks == (".env",)
    assert project.tracker == "files"
    assert project.tracker_files == ("docs/*.md",)
    assert project.orchestrator_strategy is Strategy.IGNORE
    assert project.default_branch is None


async def test_a_folder_in_a_repository_without_a_project_is_offered_one(
    repository: Repository, tmp_path: Path
) -> None:
    git = GitWorktrees(tmp_path / "projects")
    projects = projects_of(settings(repository.path))
    inside = repository.path / "src"
    inside.mkdir()

    assert (await offer_project(git, projects, inside)).name == "web"
    with pytest.raises(NotFound) as caught:
        await offer_project(git, {}, inside)
    assert caught.value.hint.endswith(f'\n[projects.{repository.path.name}]\npath = "{repository.path}"')
    with pytest.raises(NotFound, match="in no git repository"):
        await offer_project(git, projects, tmp_path)
