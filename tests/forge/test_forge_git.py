from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quarterdeck.core.project import SetupCommand
from quarterdeck.errors import (
    BranchBusy,
    GitError,
    NotARepository,
    ProgramFailed,
    WorkWouldBeLost,
)
from quarterdeck.forge.git import GitWorktrees
from quarterdeck.forge.git_reading import list_worktrees, parse_status, parse_worktrees
from quarterdeck.ports.forge import WantedWorktree
from quarterdeck.process import run
from support.git_repo import Repository, git, make_repository
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_git_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "r")


@pytest.fixture
def local(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "r", has_origin=False)


@pytest.fixture
def worktrees(tmp_path: Path) -> GitWorktrees:
    return GitWorktrees(tmp_path / "projects")


def wanted(repository: Repository, session: str = "app-1", branch: str | None = None, **more: str) -> WantedWorktree:
    return WantedWorktree(
        repository=repository.path,
        session_id=session,
        project="app",
        branch=branch or f"session/{session}",
        default_branch=more.get("default"),
    )


def quiet(line: str) -> None:
    """Nobody listens."""


async def test_a_worktree_starts_from_what_origin_has_now(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(repository.origin), str(other))
    newest = repository.commit("news", folder=other)
    git(other, "push", "--quiet")

    made = await worktrees.create(wanted(repository), quiet)

    assert made.path == tmp_path / "projects/app/worktrees/app-1"
    assert made.base == newest
    assert git(made.path, "rev-parse", "HEAD") == newest
    assert git(made.path, "symbolic-ref", "--short", "HEAD") == "session/app-1"
    assert not git(made.path, "config", "branch.session/app-1.remote", check=False), "it must not push to main"
    assert repository.git("status", "--porcelain") == ""
    assert worktrees.is_ours(made.path)


async def test_without_a_network_a_worktree_starts_from_what_is_here(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    assert repository.origin
    shutil.rmtree(repository.origin)

    made = await worktrees.create(wanted(repository), quiet)

    assert made.path.is_dir()
    assert any("origin could not be asked" in notice for notice in made.notices)


@pytest.mark.process
async def test_a_repository_without_a_remote_will_do(local: Repository, worktrees: GitWorktrees) -> None:
    made = await worktrees.create(wanted(local), quiet)

    assert (made.path / "README").read_text() == "hello\n"
    assert made.notices == ()


async def test_commits_that_origin_has_not_are_told_of(repository: Repository, worktrees: GitWorktrees) -> None:
    repository.commit("mine")

    made = await worktrees.create(wanted(repository), quiet)

    assert any("main has 1 commit(s) that origin/main has not" in notice for notice in made.notices)


async def test_a_branch_with_commits_goes_on_and_loses_none(repository: Repository, worktrees: GitWorktrees) -> None:
    repository.git("switch", "--quiet", "-c", "feat/x")
    tip = repository.commit("half")
    repository.git("switch", "--quiet", "main")

    made = await worktrees.create(wanted(repository, branch="feat/x"), quiet)

    assert git(made.path, "rev-parse", "HEAD") == tip
    assert made.base == "", "an old branch is not ours to delete"
    assert any("there already" in notice for notice in made.notices)


async def test_a_branch_without_commits_of_its_own_starts_afresh(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    repository.git("branch", "feat/x")
    newest = repository.commit("news")
    repository.git("push", "--quiet")

    made = await worktrees.create(wanted(repository, branch="feat/x"), quiet)

    assert git(made.path, "rev-parse", "HEAD") == newest


async def test_a_branch_only_origin_has_goes_on(repository: Repository, worktrees: GitWorktrees) -> None:
    repository.git("switch", "--quiet", "-c", "feat/x")
    tip = repository.commit("half")
    repository.git("push", "--quiet", "origin", "feat/x")
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "-D", "feat/x")

    made = await worktrees.create(wanted(repository, branch="feat/x"), quiet)

    assert git(made.path, "rev-parse", "HEAD") == tip


async def test_a_branch_checked_out_elsewhere_is_refused_and_nothing_stays(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    with pytest.raises(BranchBusy) as caught:
        await worktrees.create(wanted(repository, branch="main"), quiet)

    assert str(repository.path) in caught.value.message
    assert not (tmp_path / "projects/app/worktrees/app-1").exists()
    assert len(repository.git("worktree", "list").splitlines()) == 1
    assert not worktrees.is_ours(tmp_path / "projects/app/worktrees/app-1")


async def test_a_branch_named_like_a_folder_of_branches_is_a_clear_error(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    repository.git("branch", "session")

    with pytest.raises(GitError, match="while refs/heads/session exists"):
        await worktrees.create(wanted(repository), quiet)


async def test_what_stands_in_the_way_is_moved_and_not_deleted(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    stale = tmp_path / "projects/app/worktrees/app-1"
    stale.mkdir(parents=True)
    (stale / "notes").write_text("precious")

    made = await worktrees.create(wanted(repository), quiet)

    assert (made.path / "README").exists()
    kept = list((tmp_path / "projects/app/set-aside").glob("app-1-*/notes"))
    assert [file.read_text() for file in kept] == ["precious"]


async def test_a_path_that_is_registered_is_refused(repository: Repository, worktrees: GitWorktrees) -> None:
    await worktrees.create(wanted(repository), quiet)

    with pytest.raises(GitError, match="There is a worktree at"):
        await worktrees.create(wanted(repository, branch="another"), quiet)


async def test_a_lost_worktree_does_not_stand_in_the_way(repository: Repository, worktrees: GitWorktrees) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    shutil.rmtree(made.path)

    again = await worktrees.create(wanted(repository), quiet)

    assert again.path.is_dir()


async def test_worktrees_of_others_stay_in_gits_books(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    repository.git("worktree", "add", "--quiet", "-b", "theirs", str(away))
    away.rename(tmp_path / "on a disk that is not here")

    made = await worktrees.create(wanted(repository), quiet)
    await worktrees.remove(made.path)

    assert f"worktree {away}" in repository.git("worktree", "list", "--porcelain").splitlines()


async def test_a_default_branch_that_is_nowhere_is_a_clear_error(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    with pytest.raises(GitError, match="no branch trunk") as caught:
        await worktrees.create(wanted(repository, default="trunk"), quiet)

    assert "default_branch" in caught.value.hint


@pytest.mark.process
async def test_the_default_branch_is_asked_of_the_repository(local: Repository, worktrees: GitWorktrees) -> None:
    local.git("branch", "-m", "main", "trunk")

    assert await worktrees.default_branch(local.path) == "trunk"


async def test_folders_that_are_no_repository_are_named(
    tmp_path: Path, worktrees: GitWorktrees, repository: Repository
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet")

    with pytest.raises(NotARepository, match="no folder"):
        await worktrees.check_repository(tmp_path / "nowhere")
    with pytest.raises(NotARepository):
        await worktrees.check_repository(tmp_path)
    with pytest.raises(GitError, match="no commit yet"):
        await worktrees.check_repository(empty)
    await worktrees.check_repository(repository.path)
    assert await worktrees.repository_at(tmp_path) is None


async def test_the_repository_of_a_worktree_is_its_main_checkout(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    made = await worktrees.create(wanted(repository), quiet)

    assert await worktrees.repository_at(made.path) == repository.path


async def test_session_branches_are_seen_here_and_at_origin(repository: Repository, worktrees: GitWorktrees) -> None:
    repository.git("push", "--quiet", "origin", "main:session/app-7", "main:feat/app-9")
    repository.git("branch", "session/app-2")

    heads = await worktrees.session_heads(repository.path)

    assert {"refs/heads/session/app-7", "refs/heads/session/app-2"} == set(heads)


async def test_a_remote_that_does_not_answer_has_no_branches(repository: Repository, worktrees: GitWorktrees) -> None:
    repository.git("remote", "set-url", "origin", "/nonexistent/x.git")
    repository.git("branch", "session/app-2")

    assert await worktrees.session_heads(repository.path) == ["refs/heads/session/app-2"]


async def test_a_clean_pushed_worktree_is_removed_and_its_branch_stays(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    made = await worktrees.create(wanted(repository), quiet)

    await worktrees.remove(made.path)

    assert not made.path.exists()
    assert len(repository.git("worktree", "list").splitlines()) == 1
    assert repository.git("rev-parse", "session/app-1")


@pytest.mark.parametrize("kind", ["changed", "staged", "untracked", "unpushed", "detached", "merging"])
async def test_work_that_would_be_lost_stops_the_removal(
    kind: str, repository: Repository, worktrees: GitWorktrees
) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    path = made.path
    if kind in ("changed", "staged"):
        (path / "README").write_text("changed\n")
    if kind == "staged":
        git(path, "add", "README")
    if kind == "untracked":
        (path / "new file\n").write_text("x")
    if kind in ("unpushed", "detached"):
        if kind == "detached":
            git(path, "checkout", "--quiet", "--detach")
        repository.commit("work", folder=path)
    if kind == "merging":
        side = git(path, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "side")
        git(path, "merge", "--no-commit", "--no-ff", side)

    with pytest.raises(WorkWouldBeLost) as caught:
        await worktrees.remove(path)

    assert path.is_dir()
    assert len(caught.value.message) > len(str(path)) + 10, "it says what"


async def test_what_is_at_risk_is_told_apart(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    repository.commit("work", folder=path)
    (path / "README").write_text("stash me\n")
    git(path, "stash", "--quiet")
    (path / "README").write_text("changed\n")
    (path / "né w").write_text("x")
    (path / ".env").write_text("ignored")

    risk = await worktrees.at_risk(path)

    assert risk.changed == ("README",)
    assert risk.untracked == ("né w",)
    assert risk.unpushed == 1
    assert risk.ignored == (".env",)
    assert risk.branch == "session/app-1"
    assert risk.describe() == (
        "1 changed file (README), 1 untracked file (né w), 1 ignored file (.env), 1 commit pushed nowhere"
    )


async def test_commits_that_another_branch_or_origin_has_are_not_at_risk(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    repository.commit("work", folder=path)
    assert (await worktrees.at_risk(path)).unpushed == 1

    git(path, "push", "--quiet", "origin", "HEAD")

    assert (await worktrees.at_risk(path)).is_clean


async def test_a_worktree_that_is_gone_has_nothing_to_lose(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    shutil.rmtree(made.path)

    assert (await worktrees.at_risk(made.path)).is_missing
    await worktrees.remove(made.path)
    assert len(repository.git("worktree", "list").splitlines()) == 1


async def test_kept_work_comes_back_whole_and_nothing_is_touched(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    tip = repository.commit("work", folder=path)
    (path / "staged").write_text("as staged\n")
    git(path, "add", "staged")
    (path / "staged").write_text("changed since\n")
    (path / "README").write_text("changed\n")
    (path / "-odd\nname").write_text("odd")
    (path / "run").write_text("#!/bin/sh\n")
    (path / "run").chmod(0o755)
    before = git(path, "status", "--porcelain"), git(path, "ls-files", "--stage"), git(path, "rev-parse", "HEAD")

    kept = await worktrees.keep(path, "app-1")

    assert kept is not None
    assert kept.ref == "refs/quarterdeck/kept/app-1"
    assert before == (
        git(path, "status", "--porcelain"), git(path, "ls-files", "--stage"), git(path, "rev-parse", "HEAD")
    )  # fmt: skip
    await worktrees.remove(path, accept_loss=True)
    back = await run(["sh", "-c", kept.how_to_get_it_back], timeout=PATIENCE)
    assert back.ok, back.err
    checkout = repository.path
    assert repository.git("rev-parse", "--abbrev-ref", "HEAD") == "main"
    repository.git("switch", "--quiet", "app-1-kept")
    assert (checkout / "README").read_text() == "changed\n"
    assert (checkout / "staged").read_text() == "changed since\n"
    assert (checkout / "-odd\nname").read_text() == "odd"
    assert os.access(checkout / "run", os.X_OK)
    assert repository.git("rev-parse", "HEAD^1") == tip
    assert repository.git("show", "HEAD^2:staged") == "as staged"


async def test_a_second_keeping_holds_the_first(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    (path / "one").write_text("1")
    first = await worktrees.keep(path, "app-1")
    (path / "one").unlink()
    (path / "two").write_text("2")

    second = await worktrees.keep(path, "app-1")

    assert first
    assert second
    assert repository.git("merge-base", "--is-ancestor", first.commit, second.ref) == ""
    assert repository.git("show", f"{second.ref}:two") == "2"


async def test_commits_on_a_detached_head_are_kept(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    git(path, "checkout", "--quiet", "--detach")
    tip = repository.commit("work", folder=path)

    kept = await worktrees.keep(path, "app-1")

    assert kept
    await worktrees.remove(path, accept_loss=True)
    assert repository.git("rev-parse", f"{kept.ref}^1") == tip


async def test_conflicts_are_kept_as_they_stand(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    repository.commit("README", "theirs\n")
    repository.commit("README", "ours\n", folder=path)
    git(path, "merge", "main", check=False)

    kept = await worktrees.keep(path, "app-1")

    assert kept
    assert "<<<<<<<" in repository.git("show", f"{kept.ref}:README")
    assert (await worktrees.at_risk(path)).in_progress == "merge"


async def test_with_nothing_to_keep_nothing_is_kept(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path

    assert await worktrees.keep(path, "app-1") is None
    assert not repository.git("for-each-ref", "refs/quarterdeck")


async def test_a_repository_inside_the_worktree_is_never_lost_unsaid(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    make_repository(path / "inner", has_origin=False)

    risk = await worktrees.at_risk(path)

    assert risk.unkeepable == ("inner/checkout/",)
    with pytest.raises(GitError, match="repository of its own"):
        await worktrees.keep(path, "app-1")
    with pytest.raises(WorkWouldBeLost):
        await worktrees.remove(path)


async def test_a_worktree_with_a_clean_submodule_can_go_and_one_with_work_cannot(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    library = make_repository(tmp_path / "lib")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet")
    repository.git(*add, "add", str(library.origin), "vendor/lib x")
    repository.git("commit", "--quiet", "-m", "add lib")
    repository.git("push", "--quiet")
    path = (await worktrees.create(wanted(repository), quiet)).path
    git(path, *add, "update", "--init")
    assert (await worktrees.at_risk(path)).is_clean
    repository.commit("deep", folder=path / "vendor/lib x")
    git(path, "add", "vendor/lib x")
    git(path, "commit", "--quiet", "-m", "bump")

    with pytest.raises(WorkWouldBeLost, match="vendor/lib x"):
        await worktrees.remove(path)

    git(path / "vendor/lib x", "push", "--quiet", "origin", "HEAD:refs/heads/deep")
    git(path, "push", "--quiet", "origin", "HEAD")
    await worktrees.remove(path)
    assert not path.exists()


async def test_only_worktrees_we_made_are_removed(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    foreign = tmp_path / "projects/app/worktrees/foreign"
    repository.git("worktree", "add", "--quiet", str(foreign))
    alias = tmp_path / "projects/app/worktrees/alias"
    alias.symlink_to(repository.path)
    inside = tmp_path / "projects/app/worktrees/app-1/../foreign"

    for path in (repository.path, foreign, alias, inside, tmp_path, made.path / ".git", made.path.parent):
        assert not worktrees.is_ours(path)
        with pytest.raises(GitError, match="not a worktree of ours"):
            await worktrees.remove(path, accept_loss=True)
    assert foreign.is_dir()
    assert (repository.path / "README").exists()


async def test_a_projects_folder_that_is_a_link_still_works(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "projects").symlink_to(tmp_path / "real")
    worktrees = GitWorktrees(tmp_path / "projects")

    made = await worktrees.create(wanted(repository), quiet)
    await worktrees.remove(made.path)

    assert not made.path.exists()


async def test_a_locked_worktree_is_left_alone(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    repository.git("worktree", "lock", str(path))

    with pytest.raises(GitError, match="is locked") as caught:
        await worktrees.remove(path)

    assert "unlock" in caught.value.hint
    assert path.is_dir()


async def test_a_worktree_whose_repository_is_gone_is_not_guessed_about(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    shutil.rmtree(repository.path)

    with pytest.raises(GitError, match="not known what would be lost"):
        await worktrees.remove(path)

    await worktrees.remove(path, accept_loss=True)
    assert not path.exists()


async def test_a_lost_worktree_is_restored_with_its_commits(repository: Repository, worktrees: GitWorktrees) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    tip = repository.commit("work", folder=made.path)
    shutil.rmtree(made.path)
    repository.commit("elsewhere")
    repository.git("push", "--quiet")

    restored = await worktrees.restore(wanted(repository), made.path, quiet)

    assert git(restored.path, "rev-parse", "HEAD") == tip
    assert worktrees.is_ours(restored.path)


async def test_a_restored_branch_is_not_moved_even_when_it_has_no_commits(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    shutil.rmtree(made.path)
    repository.commit("elsewhere")
    repository.git("push", "--quiet")

    restored = await worktrees.restore(wanted(repository), made.path, quiet)

    assert git(restored.path, "rev-parse", "HEAD") == made.base


async def test_a_worktree_that_is_there_is_not_restored_again(repository: Repository, worktrees: GitWorktrees) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    (made.path / "new").write_text("x")

    await worktrees.restore(wanted(repository), made.path, quiet)

    assert (made.path / "new").exists()


async def test_a_branch_that_is_gone_is_begun_again_and_said(repository: Repository, worktrees: GitWorktrees) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    shutil.rmtree(made.path)
    repository.git("worktree", "prune")
    repository.git("branch", "-D", "session/app-1")

    restored = await worktrees.restore(wanted(repository), made.path, quiet)

    assert any("is gone" in notice for notice in restored.notices)


async def test_an_orphan_of_ours_is_found_by_its_branch(
    repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    assert await worktrees.find_managed(wanted(repository)) is None
    made = await worktrees.create(wanted(repository), quiet)

    found = await worktrees.find_managed(wanted(repository))

    assert found is not None
    assert found.path == made.path
    with pytest.raises(BranchBusy):
        await worktrees.find_managed(wanted(repository, session="app-2", branch="session/app-1"))


async def test_unmaking_takes_back_the_new_branch_but_never_an_old_one(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    new = await worktrees.create(wanted(repository), quiet)
    repository.git("branch", "feat/old")
    old = await worktrees.create(wanted(repository, "app-2", "feat/old"), quiet)
    grown = await worktrees.create(wanted(repository, "app-3"), quiet)
    repository.commit("work", folder=grown.path)

    for made in (new, old, grown):
        await worktrees.unmake(made, repository.path)

    assert repository.git("branch", "--format=%(refname:short)").split() == ["feat/old", "main", "session/app-3"]


async def test_links_are_made_and_are_nobodys_work(repository: Repository, worktrees: GitWorktrees) -> None:
    (repository.path / "cache").mkdir()
    (repository.path / "deep").mkdir()
    (repository.path / "deep/settings").write_text("x")
    path = (await worktrees.create(wanted(repository), quiet)).path

    await worktrees.prepare(path, repository.path, ["cache", "deep/settings", "absent"], [], quiet)

    assert (path / "cache").readlink() == repository.path / "cache"
    assert (path / "deep/settings").read_text() == "x"
    assert not (path / "absent").is_symlink()
    assert (await worktrees.at_risk(path)).is_clean
    await worktrees.remove(path)
    assert (repository.path / "cache").is_dir()


async def test_our_own_files_count_as_work_once_somebody_changed_them(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    (path / "hooks.json").write_text("{}")
    worktrees.own(path, ["hooks.json"])
    (path / "work").write_text("x")

    kept = await worktrees.keep(path, "app-1")

    assert kept
    assert "hooks.json" not in repository.git("ls-tree", "--name-only", kept.ref)
    assert (await worktrees.at_risk(path)).untracked == ("work",)
    (path / "hooks.json").write_text("{1}")
    assert (await worktrees.at_risk(path)).untracked == ("hooks.json", "work")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "~/x", "out/x"])
async def test_links_never_lead_out_of_the_worktree(
    name: str, repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    (path / "out").symlink_to(tmp_path)

    with pytest.raises(GitError):
        await worktrees.prepare(path, repository.path, [name], [], quiet)

    assert not (tmp_path / "x").is_symlink()


async def test_commands_run_in_the_worktree_and_what_they_say_is_heard_as_it_comes(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    heard: list[str] = []
    commands = [
        SetupCommand(argv=("sh", "-c", "echo $1", "x", "a b; c")),
        SetupCommand(shell="pwd; echo \x1b[31mred >&2; echo $X"),
    ]

    await worktrees.prepare(path, repository.path, [], commands, heard.append, env={"X": "from us"})

    assert "a b; c" in heard
    assert str(path) in heard
    assert "from us" in heard
    assert all("\x1b" not in line for line in heard)


async def test_a_command_that_fails_ends_the_preparation(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    commands = [SetupCommand(shell="echo it broke >&2; exit 3"), SetupCommand(shell="touch never")]

    with pytest.raises(ProgramFailed, match="code 3: it broke"):
        await worktrees.prepare(path, repository.path, [], commands, quiet)

    assert not (path / "never").exists()


async def test_many_worktrees_can_be_made_at_once(repository: Repository, worktrees: GitWorktrees) -> None:
    made = await asyncio.gather(
        *(worktrees.create(wanted(repository, f"app-{number}"), quiet) for number in range(1, 6))
    )

    assert len({item.path for item in made}) == 5
    assert len(repository.git("worktree", "list").splitlines()) == 6


async def test_a_lock_left_by_another_git_is_named(repository: Repository, worktrees: GitWorktrees) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    lock = repository.path / ".git/refs/heads/session/app-1.lock"
    lock.touch()
    await worktrees.remove(path)

    with pytest.raises(GitError, match=r"Another git program is at work here: .*app-1\.lock exists"):
        await worktrees.create(wanted(repository), quiet)


async def test_git_variables_of_a_surrounding_git_do_not_lead_astray(
    repository: Repository, worktrees: GitWorktrees, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")

    made = await worktrees.create(wanted(repository), quiet)

    assert (await worktrees.at_risk(made.path)).is_clean


@example("1")
@example("2 \0")
@example("u S")
@given(st.text(alphabet=st.sampled_from("12u?# \0SMU./abc\n"), max_size=60))
def test_any_status_can_be_read(text: str) -> None:
    status = parse_status(text)

    # What says that something has changed is never taken for nothing, however it is cut off.
    is_change = text.split("\0")[0].partition(" ")[0] in {"1", "2", "u"}
    assert status.changed or not is_change


def test_worktrees_are_read_in_both_forms() -> None:
    lines = [
        "worktree /a b",
        "HEAD 1",
        "branch refs/heads/main",
        "",
        "worktree /c",
        "HEAD 2",
        "detached",
        "locked why",
        "",
        "",
    ]

    for end in ("\0", "\n"):
        main, other = parse_worktrees(end.join(lines), end)
        assert (str(main.path), main.branch, main.lock_reason) == ("/a b", "main", "")
        assert (str(other.path), other.branch, other.lock_reason) == ("/c", None, "why")


async def test_a_worktree_whose_git_was_killed_while_making_it_can_go(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    path = (await worktrees.create(wanted(repository), quiet)).path
    repository.git("worktree", "lock", "--reason", "initializing", str(path))

    await worktrees.remove(path, accept_loss=True)

    assert not path.exists()
    assert len(repository.git("worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.08, 0.12, 0.2])
async def test_making_a_worktree_can_be_cancelled_at_any_moment(
    seconds: float, repository: Repository, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    making = asyncio.ensure_future(worktrees.create(wanted(repository), quiet))
    done, _ = await asyncio.wait([making], timeout=seconds)
    making.cancel()
    await asyncio.wait([making])

    if not done:
        assert making.cancelled()
        assert repository.git("branch", "--format=%(refname:short)") == "main"
        assert len(repository.git("worktree", "list").splitlines()) == 1
        assert not (tmp_path / "projects/app/worktrees/app-1").exists()


async def test_a_worktree_that_another_git_is_just_making_is_waited_for(
    repository: Repository, worktrees: GitWorktrees
) -> None:
    made = await worktrees.create(wanted(repository), quiet)
    file = next(repository.path.glob(".git/worktrees/*/commondir"))
    whole = file.read_text()
    file.write_text("")
    asyncio.get_running_loop().call_later(0.1, file.write_text, whole)

    assert made.path in [tree.path for tree in await list_worktrees(repository.path)]
