"""Worktrees of a project's repository: made, brought back, looked at, and removed without losing work."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.session_names import is_safe_branch
from quarterdeck.errors import BranchBusy, GitError, NotARepository, WorkWouldBeLost
from quarterdeck.forge.git_command import LONG, Fetches, ask, git, refusal
from quarterdeck.forge.git_reading import forget_lost, list_worktrees, read_risk, worktree_at
from quarterdeck.forge.ignored import ignored_work, remember
from quarterdeck.forge.kept_work import keep_work
from quarterdeck.forge.ownership import Managed
from quarterdeck.forge.worktree_setup import link, run_commands
from quarterdeck.ports.forge import MOST_NAMED, MadeWorktree, WorkAtRisk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from quarterdeck.core.project import SetupCommand
    from quarterdeck.forge.ignored import Ignored
    from quarterdeck.ports.forge import Kept, Say, WantedWorktree

HEADS_SECONDS = 5.0


class GitWorktrees:
    """Implements `ports.forge.Git` for the folder that holds our worktrees."""

    def __init__(self, projects: Path, disposable: Callable[[str], Collection[str]] = lambda project: ()) -> None:
        self._managed = Managed(projects)
        self._disposable = disposable
        """What a project's settings say can be had again, of the files that git ignores."""
        self._fetches = Fetches()

    async def check_repository(self, repository: Path) -> None:
        """Raise a GitError when this is no repository that worktrees can be made of."""
        if not repository.is_dir():
            raise NotARepository(f"There is no folder {repository}.", hint="Correct the project's path.")
        await ask(repository, "rev-parse", "--git-dir")
        if await self._commit_of(repository, "HEAD"):
            return
        if not await ask(repository, "for-each-ref", "--count=1", "refs/heads", "refs/remotes"):
            raise GitError(
                f"{repository} has no commit yet, so no worktree can be made of it.", hint="Make a first commit there."
            )

    async def repository_at(self, folder: Path) -> Path | None:
        """The main checkout of the repository a folder lies in; None when it lies in none."""
        result = await git(folder, "rev-parse", "--git-dir")
        if not result.ok:
            error = refusal(result, folder, ("rev-parse",))
            if isinstance(error, NotARepository):
                return None
            raise error
        return (await list_worktrees(folder))[0].path

    async def default_branch(self, repository: Path) -> str:
        """The branch new work starts from: what the remote calls its head, else main or master, else the current."""
        head = await git(repository, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        if head.ok:
            return head.out.strip().removeprefix("origin/")
        for name in ("main", "master"):
            for ref in (f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
                if await self._commit_of(repository, ref):
                    return name
        current = await self.current_branch(repository)
        if current and await self._commit_of(repository, f"refs/heads/{current}"):
            return current
        raise GitError(
            f"It is not clear which branch of {repository} new work starts from.",
            hint="Set default_branch for the project.",
        )

    async def session_heads(self, repository: Path) -> list[str]:
        """The `session/*` branches, local ones and the remote's; a remote that does not answer in 5 s has none."""
        places = ("refs/heads/session/", "refs/remotes/origin/session/")
        here, there = await asyncio.gather(
            ask(repository, "for-each-ref", "--format=%(refname)", *places), self._heads_at_origin(repository)
        )
        return [line.replace("refs/remotes/origin/", "refs/heads/") for line in here.splitlines()] + there

    async def _heads_at_origin(self, repository: Path) -> list[str]:
        heads = ("ls-remote", "--heads", "origin", "refs/heads/session/*")
        try:
            told = await git(repository, *heads, timeout=HEADS_SECONDS)
        except GitError:
            return []
        return [line.partition("\t")[2] for line in told.out.splitlines()] if told.ok else []

    async def create(self, wanted: WantedWorktree, say: Say, *, is_restored: bool = False) -> MadeWorktree:
        """Make a worktree in our folder. What was half made is taken away again when it fails."""
        repository, path = wanted.repository, self._managed.path(wanted.project, wanted.session_id)
        notices: list[str] = []
        await self._clear_the_way(repository, path, notices)
        await self._fetches.fetch(repository, notices, say)
        base = await self._base(repository, wanted.default_branch, notices)
        self._managed.mark(path, repository)
        try:
            started_from = await self._add(wanted, path, base, notices, is_restored=is_restored)
        except BaseException:
            await asyncio.shield(self._take_away(repository, path))
            raise
        for notice in notices:
            say(notice)
        return MadeWorktree(path=path, branch=wanted.branch, base=started_from, notices=tuple(notices))

    async def restore(self, wanted: WantedWorktree, path: Path, say: Say) -> MadeWorktree:
        """Bring a worktree back where it was, on its branch as the branch is now."""
        if await self.is_worktree(path):
            return MadeWorktree(path=path, branch=await self.current_branch(path) or wanted.branch)
        if path != self._managed.path(wanted.project, wanted.session_id):
            raise GitError(f"{path} is not where our worktrees stand, so it is not made again.")
        return await self.create(wanted, say, is_restored=True)

    async def find_managed(self, wanted: WantedWorktree) -> MadeWorktree | None:
        """The worktree of ours that has this branch checked out already."""
        place = self._managed.path(wanted.project, wanted.session_id)
        trees = await list_worktrees(wanted.repository)
        holding = [tree.path for tree in trees if tree.branch == wanted.branch and tree.path.exists()]
        if not holding:
            return None
        elsewhere = [path for path in holding if path.resolve() != place.resolve()]
        if elsewhere or not self._managed.holds(place):
            raise BranchBusy(
                f"The branch {wanted.branch} is checked out in {(elsewhere or [place])[0]}.",
                hint="Remove that worktree, or switch it to another branch.",
            )
        return MadeWorktree(path=place, branch=wanted.branch)

    async def is_worktree(self, path: Path) -> bool:
        """Whether the path is there and is the top of a work tree."""
        if not path.is_dir():
            return False
        result = await git(path, "rev-parse", "--show-toplevel")
        return result.ok and Path(result.out.rstrip("\n")).resolve() == path.resolve()

    async def current_branch(self, path: Path) -> str | None:
        """The branch checked out there; None when detached."""
        result = await git(path, "symbolic-ref", "--quiet", "--short", "HEAD")
        if result.code not in (0, 1):
            raise refusal(result, path, ("symbolic-ref",))
        return result.out.strip() or None

    async def at_risk(self, path: Path) -> WorkAtRisk:
        """What the worktree holds that would go with it."""
        if not path.exists():
            return WorkAtRisk(is_missing=True)
        if not await self.is_worktree(path):
            raise GitError(
                f"{path} is no git worktree any more, so it is not known what would be lost with it.",
                hint="Look inside, and move what you need out of it.",
            )
        return await read_risk(path, self._managed.still_own(path), await self._ignored(path, MOST_NAMED))

    async def keep(self, path: Path, session_id: str) -> Kept | None:
        """Keep what is not committed, and a detached head, as a commit under `refs/quarterdeck/kept/`."""
        risk = await self.at_risk(path)
        if risk.is_missing:
            return None
        repository = (await list_worktrees(path))[0].path
        own = self._managed.still_own(path)
        ignored = (await self._ignored(path)).files if risk.ignored else ()
        return await keep_work(path, repository, session_id, risk, own, [name for name in ignored if name not in own])

    async def _ignored(self, path: Path, most: int | None = None) -> Ignored:
        # A worktree of ours stands in a folder of its project's name.
        disposable = self._disposable(path.parent.parent.name)
        set_up = await asyncio.to_thread(self._managed.set_up, path)
        return await ignored_work(path, disposable, set_up, most=most)

    def is_ours(self, path: Path) -> bool:
        """Whether, resolved, the path lies in our folder and we made it."""
        return self._managed.is_ours(path)

    def own(self, path: Path, names: Sequence[str]) -> None:
        """Note files we put into a worktree of ours, so that they do not count as somebody's work."""
        self._managed.own(path, list(names))

    async def remove(self, path: Path, *, accept_loss: bool = False) -> None:
        """Remove a worktree of ours; refuses one that is not ours or holds work, unless the loss was agreed to."""
        if not self.is_ours(path):
            raise GitError(f"{path} is not a worktree of ours, so it is not removed.")
        repository = self._managed.repository_of(path)
        assert repository is not None
        if not accept_loss:
            await self._check_nothing_lost(path)
        await self._remove(repository, path, is_forced=accept_loss)
        self._managed.unmark(path)

    async def unmake(self, made: MadeWorktree, repository: Path) -> None:
        """Take back `create`: the worktree, and its branch if that was new and nothing has been added to it."""
        await self.remove(made.path, accept_loss=True)
        await self.drop_unused_branch(repository, made.branch, made.base)

    async def drop_unused_branch(self, repository: Path, branch: str, base: str) -> None:
        """Delete a branch that still stands exactly where it was started; any other stays."""
        if base:
            await git(repository, "update-ref", "-d", f"refs/heads/{branch}", base)

    async def prepare(
        self,
        worktree: Path,
        repository: Path,
        symlinks: Sequence[str],
        commands: Sequence[SetupCommand],
        say: Say,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Link files of the checkout into a new worktree and run the operator's commands there."""
        self._managed.own(worktree, await asyncio.to_thread(link, worktree, repository, symlinks))
        await run_commands(worktree, commands, env or {}, say)
        if commands:
            made = await remember(worktree, self._disposable(worktree.parent.parent.name))
            await asyncio.to_thread(self._managed.remember_set_up, worktree, made)

    async def _check_nothing_lost(self, path: Path) -> None:
        risk = await self.at_risk(path)
        if not risk.is_clean and not risk.is_missing:
            raise WorkWouldBeLost(f"{path} holds {risk.describe()}.", hint="Commit and push it, or have it kept.")

    async def _clear_the_way(self, repository: Path, path: Path, notices: list[str]) -> None:
        if os.path.lexists(path):
            if (path / ".git").exists() and await worktree_at(repository, path):
                raise GitError(
                    f"There is a worktree at {path} already.", hint=f"Remove it with `git worktree remove {path}`."
                )
            aside = await asyncio.to_thread(self._managed.set_aside, path)
            notices.append(f"{path} was in the way and is now {aside}.")
        await forget_lost(repository, path)

    async def _base(self, repository: Path, default: str | None, notices: list[str]) -> tuple[str, str]:
        name = default or await self.default_branch(repository)
        there = await self._commit_of(repository, f"refs/remotes/origin/{name}")
        here = await self._commit_of(repository, f"refs/heads/{name}")
        if there:
            ahead = await self._count_ahead(repository, here, there) if here and here != there else 0
            if ahead:
                notices.append(f"{name} has {ahead} commit(s) that origin/{name} has not; work starts without them.")
            return f"origin/{name}", there
        if here:
            return name, here
        raise GitError(
            f"{repository} has no branch {name}, neither here nor at origin.",
            hint="Set default_branch for the project.",
        )

    async def _add(
        self, wanted: WantedWorktree, path: Path, base: tuple[str, str], notices: list[str], *, is_restored: bool
    ) -> str:
        """Add the worktree; returns the commit the branch was started from, "" when it was there before."""
        repository, branch, place = wanted.repository, wanted.branch, str(path)
        if not is_safe_branch(branch):
            raise GitError(f"git does not accept a branch named {branch!r}.")
        mine = await self._commit_of(repository, f"refs/heads/{branch}")
        theirs = await self._commit_of(repository, f"refs/remotes/origin/{branch}")
        is_new = mine is None and theirs is None
        if is_new:
            arguments = ["--no-track", "-b", branch, place, base[1]]
            if is_restored:
                notices.append(f"The branch {branch} is gone; starting it again from {base[0]}.")
        elif mine is None:
            arguments = ["--track", "-b", branch, place, f"refs/remotes/origin/{branch}"]
            notices.append(f"The branch {branch} is at origin already; going on with it.")
        elif is_restored or await self._count_ahead(repository, mine, base[1]):
            # Starting it afresh would lose its commits.
            arguments = [place, branch]
            if not is_restored:
                notices.append(f"The branch {branch} is there already; going on with it.")
        else:
            arguments = ["--no-track", "-B", branch, place, base[1]]
        try:
            await ask(repository, "worktree", "add", "--quiet", *arguments, timeout=LONG)
        except BaseException as error:
            if is_new and "already exists" not in str(error):
                # git makes the branch first; cut off after that, it leaves it.
                await asyncio.shield(self._take_away(repository, path))
                await asyncio.shield(self.drop_unused_branch(repository, branch, base[1]))
            raise
        return base[1] if is_new else ""

    async def _take_away(self, repository: Path, path: Path) -> None:
        """Remove what a failed `worktree add` left; nothing has worked in it yet."""
        if path.exists():
            await self._remove(repository, path, is_forced=True)
        self._managed.unmark(path)

    async def _remove(self, repository: Path, path: Path, *, is_forced: bool) -> None:
        if path.exists() and repository.is_dir():
            result = await git(repository, "worktree", "remove", str(path), timeout=LONG)
            if not result.ok and "locked working tree" in result.err:
                tree = await worktree_at(repository, path)
                # git itself has it locked while it makes it: when that is so still, that git has been killed.
                if tree is None or tree.lock_reason != "initializing":
                    raise refusal(result, path, ("worktree",))
                await git(repository, "worktree", "unlock", str(path))
            if not result.ok:
                # git also refuses submodules, and files that we put there ourselves.
                if not is_forced:
                    await self._check_nothing_lost(path)
                await git(repository, "worktree", "remove", "--force", str(path), timeout=LONG)
        if path.exists():
            # git has forgotten it, or a program wrote into it meanwhile.
            await asyncio.to_thread(self._managed.delete, path)
        if repository.is_dir():
            await forget_lost(repository, path)

    async def _count_ahead(self, repository: Path, commit: str, base: str) -> int:
        return int(await ask(repository, "rev-list", "--count", commit, f"^{base}"))

    async def _commit_of(self, repository: Path, ref: str) -> str | None:
        result = await git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return result.out.strip() if result.ok else None
