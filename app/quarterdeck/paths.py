"""Where Quarterdeck keeps its things: the only module that knows."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.errors import QuarterdeckError
from quarterdeck.foreign_files import open_file
from quarterdeck.roots import HOME_VARIABLE, STATE_FILE, chosen_home, system_folders

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class Places(NamedTuple):
    """Every file and folder of one installation; none of them need exist yet."""

    config_file: Path
    themes: Path
    """Themes of the operator's own."""
    agent_rules: Path
    """Rules of the operator's own, by which agents are read."""
    state_file: Path
    spool: Path
    """Agent reports not yet read."""
    lock_dir: Path
    projects: Path
    """Worktrees and prompt files, one folder a project."""
    log_file: Path
    home: Path | None = None
    """The one folder that holds everything, when there is one; children are told of it."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that must be the operator's alone, outermost first and each once."""
        around = [file.parent for file in (self.config_file, self.state_file, self.projects, self.log_file)]
        wanted = (self.home, *around, self.spool, self.lock_dir, self.projects)
        return tuple(dict.fromkeys(folder for folder in wanted if folder))

    @property
    def shells(self) -> Path:
        """What shells say of their commands, one file each."""
        return self.spool / "shells"

    @property
    def pictures(self) -> Path:
        """Pictures of the screen that the operator took."""
        return self.state_file.parent / "screenshots"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that must be readable by the operator alone."""
        return (self.config_file, self.state_file, self.log_file)


def find_places(home: str | Path | None = None, environ: Mapping[str, str] = os.environ) -> Places:
    """The places under `home`, else under QUARTERDECK_HOME, else where the system keeps such things."""
    chosen = chosen_home(home if home is None else str(home), environ)
    config, state, data, log = map(Path, (chosen,) * 4 if chosen else system_folders())
    return Places(
        config_file=config / "config.toml",
        themes=config / "themes",
        agent_rules=config / "agents",
        state_file=state / STATE_FILE,
        spool=state / "spool",
        lock_dir=state / "locks",
        projects=data / "projects",
        log_file=log / "quarterdeck.log",
        home=Path(chosen) if chosen else None,
    )


def private_folder(folder: Path) -> Path:
    """Make `folder`, or tighten it, so that only the operator can look inside.

    A folder that others share (such as `/tmp`) or that is the user's whole home is refused, never tightened.
    """
    try:
        # `mkdir(parents=True)` would leave the folders between open to others.
        for missing in reversed([above for above in folder.parents if not above.exists()]):
            missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        found = folder.stat()
        if found.st_mode & stat.S_ISVTX or folder.resolve() in {Path("/"), Path.home().resolve()}:
            raise QuarterdeckError(
                f"{folder} is not for Quarterdeck alone, so nothing is kept there.",
                hint=f"Give {HOME_VARIABLE} or --home a folder of its own.",
            )
        if stat.S_IMODE(found.st_mode) != FOLDER_MODE:
            folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise QuarterdeckError(f"Cannot use the folder {folder}: {error.strerror}.") from error
    return folder


def write_private(file: Path, text: str) -> Path:
    """Write a whole file that only the operator can read; what was there is replaced at once or not at all."""
    private_folder(file.parent)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = open_file(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        draft.replace(file)
    except OSError as error:
        raise QuarterdeckError(f"Cannot write the file {file}: {error.strerror}.") from error
    return file
