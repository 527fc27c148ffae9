"""Files that git ignores are work, too, unless they can be had again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.project import SetupCommand
from quarterdeck.errors import GitError, WorkWouldBeLost
from quarterdeck.foreign_files import LARGEST_FILE_BYTES
from quarterdeck.forge import ignored
from quarterdeck.forge.git import GitWorktrees
from quarterdeck.forge.ignored import is_disposable
from quarterdeck.forge.ownership import Managed
from quarterdeck.ports.forge import MOST_NAMED, WantedWorktree
from quarterdeck.process import run
from support.git_repo import Repository, make_repository
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

IGNORES = "*.log\n.env*\ndata/\nnode_modules/\nbuild/\n__pycache__/\n*.db\n"


@pytest.fixture(autouse=True)
def _no_git_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = make_repository(tmp_path / "r", has_origin=False)
    made.commit(".gitignore", IGNORES)
    return made


@pytest.fixture
def worktrees(tmp_path: Path) -> GitWorktrees:
    return GitWorktrees(tmp_path / "projects", lambda project: ("dist", "out/*.tmp") if project == "app" else ())


def quiet(line: str) -> None:
    """Nobody listens."""


async def fresh(worktrees: GitWorktrees, repository: Repository, *set_up: str) -> Path:
    wanted = WantedWorktree(
        repository=repository.path, session_id="app-1", project="app", branch="session/app-1", default_branch=None
    )
    path = (await worktrees.create(wanted, quiet)).path
    await worktrees.prepare(path, repository.path, (), [SetupCommand(shell=line) for line in set_up], quiet)
    return path


def fill(path: Path, *names: str) -> None:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"{name}\n")


async def test_a_worktree_stays_ours_whatever_its_set_up_has_left(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    path = await fresh(worktrees, repository)
    managed = Managed(tmp_path / "projects")
    many = {f"packages/{number}/{'long' * 20}.js": "12:345678901234567890" for number in range(60_000)}
    assert sum(map(len, many)) > LARGEST_FILE_BYTES

    managed.remember_set_up(path, many)

    assert worktrees.is_ours(path)
    assert managed.set_up(path) == many
    managed.unmark(path)
    assert managed.set_up(path) == {}


async def test_ignored_files_keep_a_worktree_from_going_and_are_named(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = await fresh(worktrees, repository)
    fill(path, ".env.local", "data/deep/results.csv", "notes.log", "data/more.db")

    risk = await worktrees.at_risk(path)

    assert not risk.is_clean
    assert risk.ignored == (".env.local", "data/deep/results.csv", "data/more.db", "notes.log")
    assert risk.describe() == "4 ignored files (.env.local, data/deep/results.csv, data/more.db, …)"
    assert risk.sentences() == ("Ignored by git: .env.local, data/deep/results.csv, data/more.db, notes.log.",)
    with pytest.raises(WorkWouldBeLost, match="4 ignored files"):
        await worktrees.remove(path)
    assert (path / "data/deep/results.csv").exists()


async def test_what_tools_make_again_does_not_count(repository: Repository, worktrees: GitWorktrees) -> None:
    path = await fresh(worktrees, repository)
    fill(path, "node_modules/a/b.js", "src/__pycache__/m.pyc", "data/__pycache__/m.pyc", "data/dist/x", "build/dist")

    assert (await worktrees.at_risk(path)).is_clean
    await worktrees.remove(path)
    assert not path.exists()


async def test_what_the_set_up_made_does_not_count_until_it_is_changed(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = await fresh(
        worktrees, repository, "echo x > .env", "mkdir build data && echo 1 > build/a && echo 1 > data/b"
    )
    assert (await worktrees.at_risk(path)).is_clean

    (path / ".env").write_text("SECRET=mine\n")
    fill(path, "build/new")

    assert (await worktrees.at_risk(path)).ignored == (".env", "build/new")


async def test_a_folder_of_very_many_files_from_the_set_up_is_passed_over(
    repository: Repository, worktrees: GitWorktrees, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ignored, "MOST_IN_A_FOLDER", 3)
    path = await fresh(worktrees, repository, "mkdir data && touch data/1 data/2 data/3 data/4")
    fill(path, "data/5", "build/mine")

    assert (await worktrees.at_risk(path)).ignored == ("build/mine",)


async def test_kept_ignored_files_come_back_with_the_rest(repository: Repository, worktrees: GitWorktrees) -> None:
    path = await fresh(worktrees, repository, "echo made > .env")
    fill(path, "new", "data/results.csv", "data/-odd\nname", "node_modules/x.js", "data/__pycache__/y.pyc")
    (path / "data/link").symlink_to("results.csv")

    kept = await worktrees.keep(path, "app-1")

    assert kept is not None
    assert (path / "data/results.csv").exists()
    await worktrees.remove(path, accept_loss=True)
    back = await run(["sh", "-c", kept.how_to_get_it_back], timeout=PATIENCE)
    assert back.ok, back.err
    repository.git("switch", "--quiet", "app-1-kept")
    checkout = repository.path
    assert (checkout / "data/results.csv").read_text() == "data/results.csv\n"
    assert (checkout / "data/-odd\nname").exists()
    assert str((checkout / "data/link").readlink()) == "results.csv"
    assert (checkout / "new").exists()
    assert not (checkout / "node_modules").exists()
    assert not (checkout / "data/__pycache__").exists()
    assert not (checkout / ".env").exists()


async def test_ignored_files_alone_are_kept(repository: Repository, worktrees: GitWorktrees) -> None:
    path = await fresh(worktrees, repository)
    fill(path, "a.log")

    kept = await worktrees.keep(path, "app-1")

    assert kept is not None
    assert repository.git("show", f"{kept.ref}:a.log") == "a.log"


async def test_all_are_kept_though_only_so_many_are_named(
    repository: Repository, worktrees: GitWorktrees, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await fresh(worktrees, repository)
    fill(path, *(f"data/{number:05}" for number in range(MOST_NAMED + 200)))

    risk = await worktrees.at_risk(path)
    kept = await worktrees.keep(path, "app-1")

    assert len(risk.ignored) == MOST_NAMED + 1
    assert risk.describe() == "more than 1000 files that git ignores (data/00000, data/00001, data/00002, …)"
    assert risk.sentences()[0].endswith("data/00007 and more than 992 more.")
    assert kept is not None
    assert len(repository.git("ls-tree", "-r", "--name-only", kept.ref, "data/").splitlines()) == MOST_NAMED + 200


async def test_a_repository_among_ignored_files_is_never_lost_unsaid(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = await fresh(worktrees, repository)
    make_repository(path / "data" / "inner", has_origin=False)

    assert (await worktrees.at_risk(path)).unkeepable == ("data/inner/checkout/",)
    with pytest.raises(GitError, match="repository of its own"):
        await worktrees.keep(path, "app-1")


async def test_a_name_that_is_no_text_is_not_lost_and_a_socket_is_nothing(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = await fresh(worktrees, repository)
    os.close(os.open(os.fsencode(path) + b"/caf\xe9.log", os.O_CREAT))
    (path / "data").mkdir()
    os.close(os.open(os.fsencode(path) + b"/data/caf\xe9", os.O_CREAT))
    os.mkfifo(path / "data" / "pipe")

    assert len((await worktrees.at_risk(path)).ignored) == 2


@given(st.lists(st.sampled_from(["a", "dist", "x.tmp", "out", "é", "-"]), min_size=1, max_size=4))
def test_a_pattern_without_a_slash_names_any_part_and_one_with_a_slash_begins_at_the_top(parts: list[str]) -> None:
    name = "/".join(parts)

    assert is_disposable(name, ["dist"]) == ("dist" in parts)
    assert is_disposable(f"{name}/", ["out/*.tmp"]) == (parts[:2] == ["out", "x.tmp"])
    assert is_disposable(name, ["/dist"]) == (parts[0] == "dist")
    assert is_disposable(name, ["*.tmp"]) == ("x.tmp" in parts)
    assert not is_disposable(name, [])
