"""The slash commands of the operator's own that Claude Code knows: files of commands, and skills."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.claude_files import config_folder
from quarterdeck.agents.command_files import command_names
from quarterdeck.foreign_files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.ports.agent_process import AgentHome

MOST_SKILLS = 500
SKILL_HEAD_BYTES = 4_096
_NAME = re.compile(rb"^name:[ \t]*[\"']?([\w:.-]+)[\"']?[ \t\r]*$", re.MULTILINE)
_HIDDEN = re.compile(rb"^user-invocable:[ \t]*false\b", re.MULTILINE)


def own_commands(home: AgentHome | None, cwd: str) -> tuple[str, ...]:
    """Their names without the slash, of the user and of the project that this folder is in."""
    folders = [config_folder(home), *(each / ".claude" for each in _project_folders(cwd))]
    names = (name for folder in folders for name in (*_of_files(folder / "commands"), *_of_skills(folder / "skills")))
    return tuple(dict.fromkeys(names))


def _project_folders(cwd: str) -> Iterator[Path]:
    """The folder and those above it, as far as the repository goes; alone where there is none."""
    here = Path(cwd)
    if not here.is_absolute():
        return
    above = [here, *here.parents]
    top = next((at for at, each in enumerate(above) if (each / ".git").exists()), 0)
    yield from above[: top + 1]


def _of_files(folder: Path) -> Iterator[str]:
    """One in a folder of its own goes by its name alone, too."""
    for name in command_names(folder, (".md",)):
        yield name
        yield name.rpartition(":")[2]


def _of_skills(folder: Path) -> Iterator[str]:
    """A skill goes by its folder's name and by its own; one that only the agent may use is no command."""
    try:
        found = [each.name for each in islice(os.scandir(folder), MOST_SKILLS) if each.is_dir()]
    except OSError:
        return
    for name in found:
        try:
            head = read_head(folder / name / "SKILL.md", SKILL_HEAD_BYTES)
        except OSError:
            continue
        if not _HIDDEN.search(head):
            yield name
            yield from (own[1].decode() for own in _NAME.finditer(head))
