"""Projects as operations see them, made from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.project import Command, Crew, Project, Strategy

if TYPE_CHECKING:
    from quarterdeck.config.projects import Defaults, Role, Tracker
    from quarterdeck.config.projects import Project as ProjectSettings
    from quarterdeck.config.settings import Settings

AUTO = "auto"


def resolved_projects(settings: Settings) -> dict[str, Project]:
    """Every project of the settings, by name, with the defaults beside its own values."""
    return {name: _project(name, project, settings.defaults) for name, project in settings.projects.items()}


def _project(name: str, project: ProjectSettings, defaults: Defaults) -> Project:
    return Project(
        name=name,
        path=project.path,
        prefix=project.prefix,
        default_branch=project.default_branch or None,
        repo=project.repo or None,
        crew=_crew(project),
        workers=_crew(project.worker),
        orchestrator=_crew(project.orchestrator),
        defaults=_crew(defaults),
        default_workers=_crew(defaults.worker),
        default_orchestrator=_crew(defaults.orchestrator),
        tracker=None if project.tracker.kind == AUTO else project.tracker.kind,
        scm=None if project.scm == AUTO else project.scm,
        tracker_options=_tracker_options(project.tracker),
        symlinks=project.symlinks,
        post_create=tuple(
            Command(shell=command) if isinstance(command, str) else Command(argv=command)
            for command in project.post_create
        ),
        env=project.env,
        rules=project.rules,
        rules_file=project.rules_file,
        orchestrator_rules=project.orchestrator_rules,
        orchestrator_strategy=Strategy(project.orchestrator_strategy),
        issue_strategy=Strategy(project.opencode_issue_strategy),
    )


def _crew(values: Role | Defaults | ProjectSettings) -> Crew:
    return Crew(
        agent=values.agent or None,
        model=values.model or None,
        permissions=values.permissions,
        subagent=values.subagent or None,
    )


def _tracker_options(tracker: Tracker) -> dict[str, str]:
    options = {"team": tracker.team, "key_variable": tracker.key_variable, "files": ",".join(tracker.files)}
    return {name: value for name, value in options.items() if value}
