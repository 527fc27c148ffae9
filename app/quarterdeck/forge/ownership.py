"""Which worktrees are ours: those in our folder that we have a note of making."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from msgspec import Struct

from quarterdeck.errors import GitError
from quarterdeck.foreign_files import LARGEST_FILE_BYTES, LARGEST_SETTINGS, read_bytes, read_text
from quarterdeck.paths import private_folder, write_private
from quarterdeck.ports.clock import wall_clock


class Managed(Struct, frozen=True):
    """The folder that holds the worktrees of every project."""

    root: Path
    """`projects/` of our places."""

    def path(self, project: str, session_id: str) -> Path:
        """Where the worktree of a session stands."""
        return self.root / project / "worktrees" / session_id

    def note(self, path: Path, kind: str = "made") -> Path:
        """The file that says we made this worktree. It stands beside the worktrees, never inside one.

        What the `set-up` left may be a hundred thousand files: it must not stand where ours is told from others'.
        """
        return path.parent.parent / kind / f"{path.name}.json"

    def holds(self, path: Path) -> bool:
        """Whether, with every link resolved, the path is exactly where one of our worktrees stands."""
        return not path.is_symlink() and self._is_place(path)

    def _is_place(self, path: Path) -> bool:
        try:
            parts = path.parent.resolve().relative_to(self.root.resolve()).parts
        except (ValueError, OSError):
            return False
        return len(parts) == 2 and parts[1] == "worktrees" and path.name not in ("", ".", "..")

    def is_ours(self, path: Path) -> bool:
        """Whether the path is in our folder and we made it."""
        return self.holds(path) and self.repository_of(path) not in (None, path)

    def mark(self, path: Path, repository: Path) -> None:
        """Note, before it is made, that a worktree is ours."""
        private_folder(path.parent.parent)
        private_folder(path.parent)
        write_private(self.note(path), json.dumps({"repository": str(repository), "at": wall_clock().isoformat()}))

    def unmark(self, path: Path) -> None:
        """Forget a worktree that is gone."""
        self.note(path, "set-up").unlink(missing_ok=True)
        self.note(path).unlink(missing_ok=True)

    def repository_of(self, path: Path) -> Path | None:
        """The checkout a worktree of ours belongs to; None when we did not make it."""
        # Without a note that can be read we have not made it, and keep our hands off.
        repository = _object(self.note(path)).get("repository")
        return Path(repository) if isinstance(repository, str) else None

    def own(self, path: Path, names: list[str]) -> None:
        """Note files we put into a worktree ourselves, as they are now: they are nobody's work."""
        known = _object(self.note(path))
        if known:
            own = dict(known.get("own", {})) | {name: _print(path / name) for name in names}
            write_private(self.note(path), json.dumps(known | {"own": own}))

    def still_own(self, path: Path) -> frozenset[str]:
        """The files we put there that nobody has changed since."""
        own = _object(self.note(path)).get("own", {})
        return frozenset(name for name, kept in own.items() if kept and _print(path / name) == kept)

    def remember_set_up(self, path: Path, made: dict[str, str]) -> None:
        """Note the ignored files that the set-up of a worktree has left."""
        write_private(self.note(path, "set-up"), json.dumps(made))

    def set_up(self, path: Path) -> dict[str, str]:
        """The ignored files that the set-up has left, as they were then; all count as work where that is not known."""
        return _object(self.note(path, "set-up"), LARGEST_SETTINGS) or _object(self.note(path)).get("set_up", {})

    def set_aside(self, path: Path) -> Path:
        """Move something that stands in the way out of it; nothing is deleted."""
        if not self._is_place(path):
            raise GitError(f"{path} is in the way, and it is not ours to move.")
        folder = private_folder(path.parent.parent / "set-aside")
        stamp = wall_clock().strftime("%Y%m%dT%H%M%S%f")
        return path.rename(folder / f"{path.name}-{stamp}")

    def delete(self, path: Path) -> None:
        """Delete a folder of ours, with what is in it; links in it are not followed."""
        if not self.is_ours(path):
            raise GitError(f"{path} is not a worktree of ours, so it is not removed.")
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise GitError(f"{path} cannot be removed: {error.strerror}.") from error


def _object(file: Path, limit: int = LARGEST_FILE_BYTES) -> dict[str, Any]:
    """The JSON object in a file; nothing where that cannot be read."""
    try:
        value = json.loads(read_text(file, limit))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _print(file: Path) -> str:
    """What tells whether a file is as it was; "" when it cannot be read."""
    try:
        if file.is_symlink():
            return f"link:{file.readlink()}"
        return hashlib.sha256(read_bytes(file)).hexdigest()
    except OSError:
        return ""
