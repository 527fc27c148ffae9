"""Real repositories for tests: an origin, a checkout of it, and short ways to change and look at them."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from support.patience import PATIENCE

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@localhost",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@localhost",
    "LC_ALL": "C",
}


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run git in a folder and return what it printed."""
    result = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if check and result.returncode:
        raise AssertionError(f"git {arguments}: {result.stderr}")
    return result.stdout.strip()


@dataclass(frozen=True)
class Repository:
    """A checkout, and the bare repository it came from."""

    path: Path
    origin: Path | None

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git in the checkout."""
        return git(self.path, *arguments, check=check)

    def commit(self, name: str, text: str = "x\n", folder: Path | None = None) -> str:
        """Commit one file, here or in a worktree; returns the commit."""
        where = folder or self.path
        file = where / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        git(where, "add", "--", name)
        git(where, "commit", "--quiet", "-m", f"change {name}")
        return git(where, "rev-parse", "HEAD")


def make_repository(folder: Path, *, has_origin: bool = True) -> Repository:
    """A checkout with one commit on main."""
    made = _made_once(has_origin)
    shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
    path, origin = folder / "checkout", folder / "origin.git" if has_origin else None
    settings = path / ".git/config"
    settings.write_text(settings.read_text().replace(str(made), str(folder)))
    git(path, "update-index", "--refresh")
    return Repository(path, origin)


@cache
def _made_once(has_origin: bool) -> Path:
    """The folder that every repository is a copy of: nine calls of git for each test are most of what it costs."""
    folder = Path(tempfile.mkdtemp(prefix="qd-repository-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "checkout"
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "-b", "main")
    (path / "README").write_text("hello\n")
    (path / ".gitignore").write_text(".env\n")
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "begin")
    if has_origin:
        origin = folder / "origin.git"
        git(folder, "init", "--quiet", "--bare", "-b", "main", str(origin))
        git(path, "remote", "add", "origin", str(origin))
        git(path, "push", "--quiet", "-u", "origin", "main")
    return folder
