"""Making a new worktree fit to work in: links to files of the checkout, and the operator's own commands."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from quarterdeck import process
from quarterdeck.core.text import clean
from quarterdeck.errors import GitError, ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.project import SetupCommand
    from quarterdeck.ports.forge import Say

COMMAND_SECONDS = 1800.0
"""What one command may take; installing a large project's dependencies is slow."""


def link(worktree: Path, repository: Path, names: Sequence[str]) -> list[str]:
    """Link these of the checkout into the worktree; returns those linked. One that is not there is left out."""
    inside = worktree.resolve()
    linked = []
    for name in names:
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts or name.startswith("~"):
            raise GitError(
                f"The link {name!r} would lead out of the worktree.",
                hint="The setting `symlinks` takes paths inside the repository, without `..`.",
            )
        source = repository / relative
        target = worktree / relative
        if not target.parent.resolve().is_relative_to(inside):
            raise GitError(f"The link {name!r} would be made outside the worktree: a folder above it is a link.")
        if not source.exists():
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir() and not target.is_symlink():
                # It has just been checked out, and is in the branch.
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            target.symlink_to(source)
        except OSError as error:
            raise GitError(f"{target} cannot be linked: {error.strerror}.") from error
        linked.append(str(relative))
    return linked


async def run_commands(worktree: Path, commands: Sequence[SetupCommand], env: Mapping[str, str], say: Say) -> None:
    """Run the operator's commands in order, each line they print said as it comes; the first that fails ends it."""
    for command in commands:
        argv = ("/bin/sh", "-c", command.shell) if command.shell else command.argv
        say(f"$ {clean(command.text)}")
        last = ""

        def hear(line: str) -> None:
            nonlocal last
            said = clean(line)
            last = said or last
            say(said)

        code = await process.stream(argv, on_line=hear, timeout=COMMAND_SECONDS, cwd=worktree, env=env)
        if code:
            raise ProgramFailed(
                f"post_create: `{command.text}` ended with code {code}{f': {last[:200]}' if last else ''}.",
                hint="Run it in a fresh worktree by hand, or correct post_create in the settings.",
            )
