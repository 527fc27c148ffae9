"""What a worker can be spawned for: the projects with their usual agents, and the open issues of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.project import choose_agent, project_at
from quarterdeck.core.work import Role
from quarterdeck.operations.projects import offer_project

if TYPE_CHECKING:
    from quarterdeck.core.issue import Issue
    from quarterdeck.core.project import Project
    from quarterdeck.core.session import Session
    from quarterdeck.operations.work_context import WorkContext

MOST_ISSUES = 100


async def projects_near(context: WorkContext, session: Session | None) -> dict[str, str]:
    """Every project with its usual agent, first the one a session works in; NotFound says how to make the first."""
    projects = context.projects
    if not projects:
        await offer_project(context.git, projects, Path(session.cwd if session is not None else "."))
    found = project_at(projects, Path(session.cwd)) if session is not None and session.cwd else None
    near = session.work.project if session is not None and session.work else found.name if found else ""
    return {
        name: _usual_agent(context, projects[name]) for name in sorted(projects, key=lambda name: (name != near, name))
    }


def _usual_agent(context: WorkContext, project: Project) -> str:
    named = choose_agent(project, Role.WORKER).agent or ""
    known = context.agents.get(named)
    return known.spec.key if known is not None else named


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
