"""The slash commands of the operator's own that Claude Code knows: files of commands, and skills."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.claude_files import config_folder
from quarterdeck.foreign_files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.ports.agent_process import AgentHome

MOST_OWN_COMMANDS = 500
DEEPEST_FOLDER = 4
SKILL_HEAD_BYTES = 4_096
_NAME = re.compile(rb"^name:[ \t]*[\"']?([\w:.-]+)[\"']?[ \t\r]*$", re.MULTILINE)
_HIDDEN = re.compile(rb"^user-invocable:[ \t]*false\b", re.MULTILINE)


def own_commands(home: AgentHome | None, cwd: str) -> tuple[str, ...]:
    """Their names without the slash, of the user and of the project that this folder is in."""
    folders = [config_folder(home), *(each / ".claude" for each in _project_folders(cwd))]
    names = (name for folder in folders for name in (*_of_files(folder / "commands"), *_of_skills(folder / "skills")))
    return tuple(dict.fromkeys(islice(names, MOST_OWN_COMMANDS)))


def _project_folders(cwd: str) -> Iterator[Path]:
    """The folder and those above it, as far as the repository goes; alone where there is none."""
    here = Path(cwd)
    if not here.is_absolute():
        return
    above = [here, *here.parents]
    top = next((at for at, each in enumerate(above) if (each / ".git").exists()), 0)
    yield from above[: top + 1]


def _of_files(folder: Path) -> Iterator[str]:
    """`folder/sub/name.md` is called `sub:name`, and `name` too."""
    for where, below, files in os.walk(folder):
        path = Path(where).relative_to(folder).parts
        if len(path) >= DEEPEST_FOLDER:
            below.clear()
        for name in (file.removesuffix(".md") for file in files if file.endswith(".md")):
            yield ":".join((*path, name))
            yield name


def _of_skills(folder: Path) -> Iterator[str]:
    """A skill goes by its folder's name and by its own; one that only the agent may use is no command."""
    try:
        found = [each.name for each in os.scandir(folder) if each.is_dir()]
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
