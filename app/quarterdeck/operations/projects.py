"""The projects of the settings, as operations see them, and what a worker can be spawned for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.project import (
    AgentChoice,
    Project,
    SetupCommand,
    Strategy,
    choose_agent,
    is_project_name,
    project_at,
)
from quarterdeck.core.work import Role
from quarterdeck.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.config.projects import Defaults, RoleSettings
    from quarterdeck.config.projects import ProjectSettings as Section
    from quarterdeck.config.settings import Settings
    from quarterdeck.core.issue import Issue
    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.ports.forge import Git


def projects_of(settings: Settings) -> dict[str, Project]:
    """Every project, with the defaults beside it. Whether its folder is there is asked when it is used."""
    return {name: _project(name, section, settings.defaults) for name, section in settings.projects.items()}


async def offer_project(git: Git, projects: Mapping[str, Project], folder: Path) -> Project:
    """The project a folder lies in; raises NotFound with the lines that would make one of its repository."""
    if (known := project_at(projects, folder)) is not None:
        return known
    repository = await git.repository_at(folder)
    if repository is None:
        raise NotFound(f"{folder} lies in no project and in no git repository.", hint="Name a project of the settings.")
    if (known := project_at(projects, repository)) is not None:
        return known
    name = repository.name if is_project_name(repository.name) else "app"
    table = f'"{name}"' if "." in name else name
    raise NotFound(
        f"{repository} is no project yet.",
        hint=f'Type `quarterdeck config edit`, and add:\n[projects.{table}]\npath = "{repository}"',
    )


def _project(name: str, section: Section, defaults: Defaults) -> Project:
    tracker = section.tracker
    return Project(
        name=name,
        path=Path(section.path),
        prefix=section.prefix,
        default_branch=section.default_branch or None,
        repo=section.repo or None,
        agent_choice=_agent_choice(section),
        workers=_agent_choice(section.worker),
        orchestrator=_agent_choice(section.orchestrator),
        defaults=_agent_choice(defaults),
        default_workers=_agent_choice(defaults.worker),
        default_orchestrator=_agent_choice(defaults.orchestrator),
        tracker=tracker.kind,
        scm=section.scm,
        tracker_options={"team": tracker.team, "key_variable": tracker.key_variable},
        tracker_files=tuple(tracker.files),
        symlinks=tuple(section.symlinks),
        post_create=tuple(
            SetupCommand(shell=command) if isinstance(command, str) else SetupCommand(argv=tuple(command))
            for command in section.post_create
        ),
        env=dict(section.env),
        rules=section.rules,
        rules_file=section.rules_file,
        orchestrator_rules=section.orchestrator_rules,
        orchestrator_strategy=Strategy(section.orchestrator_strategy),
        issue_strategy=Strategy(section.opencode_issue_strategy),
    )


def _agent_choice(given: RoleSettings | Section | Defaults) -> AgentChoice:
    return AgentChoice(
        agent=given.agent or None,
        model=given.model or None,
        permissions=given.permissions,
        subagent=given.subagent or None,
    )


MOST_ISSUES = 100


async def projects_near(context: WorkContext, session: Session | None) -> dict[str, str]:
    """Every project with its usual agent, first the one a session works in; NotFound says how to make the first."""
    projects = context.projects
    if not projects:
        await offer_project(context.git, projects, Path(session.cwd if session is not None else "."))
    found = project_at(projects, Path(session.cwd)) if session is not None and session.cwd else None
    near = session.work.project if session is not None and session.work else found.name if found else ""
    usual: dict[str, str] = {}
    for name in sorted(projects, key=lambda name: (name != near, name)):
        named = choose_agent(projects[name], Role.WORKER).agent or ""
        known = context.agents.get(named)
        usual[name] = known.spec.key if known is not None else named
    return usual


class IssueList(Struct, frozen=True, kw_only=True):
    """What a project's tracker has to choose from."""

    tracker: str = ""
    """Its name; "" when the project has none."""
    issues: tuple[Issue, ...] = ()


async def list_issues(context: WorkContext, name: str) -> IssueList:
    """The open issues of a project's tracker."""
    project = context.project(name)
    await context.learn([project])
    tracker = context.tracker(project)
    if tracker is None:
        return IssueList()
    return IssueList(tracker=tracker.name, issues=tuple(await tracker.issues(limit=MOST_ISSUES)))
