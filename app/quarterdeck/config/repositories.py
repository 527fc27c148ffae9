"""The repositories that projects point to: which of them are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.config.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.config.loader import LoadedSettings


def is_repository(path: Path) -> bool:
    """Whether a checkout stands there; git itself is not asked."""
    return (path / ".git").exists()


def check_repositories(loaded: LoadedSettings) -> None:
    """Raise SettingsError that names the line of each project whose path holds no repository."""
    faults = [
        Fault(("projects", name, "path"), f"expected a git repository, but {project.path} is not one")
        for name, project in loaded.settings.projects.items()
        if not is_repository(project.path)
    ]
    loaded.refuse(faults)
