"""What we ask of git: worktrees that come and go without losing work; and of a forge: issues, and pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from quarterdeck.core.issue import Issue
    from quarterdeck.core.project import SetupCommand
    from quarterdeck.core.pull_request import PullRequest

    Say = Callable[[str], None]
    """Takes one line about what is going on, for a person."""


class WantedWorktree(Struct, frozen=True, kw_only=True):
    """A worktree to be made or brought back."""

    repository: Path
    """The operator's own checkout; never touched beyond what `git worktree` itself writes."""
    session_id: str
    project: str
    branch: str
    default_branch: str | None = None


class Worktree(Struct, frozen=True, kw_only=True):
    """A worktree as git lists it."""

    path: Path
    head: str = ""
    branch: str | None = None
    """None when detached or bare."""
    lock_reason: str = ""


class MadeWorktree(Struct, frozen=True, kw_only=True):
    """A worktree that is ready, and what is to be said about how it came to be."""

    path: Path
    branch: str
    base: str = ""
    """The commit the branch was started from; "" where the branch existed already."""
    notices: tuple[str, ...] = ()


MOST_NAMED = 1_000
"""Ignored files that are named; there may be very many."""


class WorkAtRisk(Struct, frozen=True, kw_only=True):
    """What a worktree holds that is nowhere else, or may not be. Stashes are the repository's, and survive it."""

    branch: str | None = None
    head: str = ""
    changed: tuple[str, ...] = ()
    """Tracked files with changes, staged or not."""
    untracked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Files that git ignores and that can not be had again; not more than one above `MOST_NAMED`."""
    unpushed: int = 0
    """Commits on no remote and on no other branch."""
    is_detached: bool = False
    in_progress: str | None = None
    """A merge, rebase or the like that is not finished."""
    unkeepable: tuple[str, ...] = ()
    """What a commit cannot hold: repositories inside it with work of their own."""
    is_missing: bool = False
    """There is no worktree, so nothing to lose."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing would be lost."""
        held = (self.changed, self.untracked, self.ignored, self.unpushed, self.in_progress, self.unkeepable)
        return not any(held)

    def describe(self) -> str:
        """What would be lost, in words; "" when nothing would."""
        parts = [
            _count(len(self.changed), "changed file", self.changed),
            _count(len(self.untracked), "untracked file", self.untracked),
            _ignored(self.ignored),
            _count(self.unpushed, "commit") + " pushed nowhere" if self.unpushed else "",
            f"a {self.in_progress} in progress" if self.in_progress else "",
            *(f"unsaved work in {path}" for path in self.unkeepable),
        ]
        return ", ".join(part for part in parts if part)

    def sentences(self) -> tuple[str, ...]:
        """What would be lost, one sentence for each kind of it, with more names than `describe` has room for."""
        here = f"the branch {self.branch}" if self.branch else "no branch"
        kinds = (
            ("Not committed", self.changed),
            ("Not known to git", self.untracked),
            ("Ignored by git", self.ignored),
            ("Repositories of their own with unsaved work", self.unkeepable),
        )
        said = [f"{kind}: {', '.join(names[:8])}{_more(names, 8)}." for kind, names in kinds if names]
        if self.unpushed:
            said.append(f"Pushed nowhere: {_count(self.unpushed, 'commit')} on {here}.")
        if self.in_progress:
            said.append(f"Not finished: a {self.in_progress}.")
        return tuple(said)


def _more(names: Sequence[str], shown: int) -> str:
    if len(names) > MOST_NAMED:
        return f" and more than {MOST_NAMED - shown} more"
    return f" and {len(names) - shown} more" if len(names) > shown else ""


def _ignored(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"more than {MOST_NAMED} files that git ignores ({', '.join(names[:3])}, …)"
    return _count(len(names), "ignored file", names)


def _count(count: int, noun: str, names: Sequence[str] = ()) -> str:
    if not count:
        return ""
    shown = f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else ""
    return f"{count} {noun}{'' if count == 1 else 's'}{shown}"


class Kept(Struct, frozen=True):
    """Work that has been kept as a commit."""

    ref: str
    commit: str
    how_to_get_it_back: str


def kept_ref(session_id: str) -> str:
    """Where a session's work is kept."""
    return f"refs/quarterdeck/kept/{session_id}"


class Git(Protocol):
    """The repositories of projects. Every call is bounded in time and raises a GitError that says what to do."""

    async def check_repository(self, repository: Path) -> None:
        """Raise a GitError when this is no repository that worktrees can be made of."""

    async def repository_at(self, folder: Path) -> Path | None:
        """The main checkout of the repository a folder lies in; None when it lies in none."""

    async def default_branch(self, repository: Path) -> str:
        """The branch new work starts from, as the repository itself tells."""

    async def session_heads(self, repository: Path) -> list[str]:
        """The `session/*` branches, local ones and the remote's; a remote that does not answer in 5 s has none."""

    async def create(self, wanted: WantedWorktree, say: Say) -> MadeWorktree:
        """Make a worktree in our folder. What was half made is taken away again when it fails."""

    async def restore(self, wanted: WantedWorktree, path: Path, say: Say) -> MadeWorktree:
        """Bring a worktree back where it was, on its branch as the branch is now."""

    async def find_managed(self, wanted: WantedWorktree) -> MadeWorktree | None:
        """The worktree of ours that has this branch checked out already."""

    async def is_worktree(self, path: Path) -> bool:
        """Whether the path is there and inside a work tree."""

    async def current_branch(self, path: Path) -> str | None:
        """The branch checked out there; None when detached."""

    async def at_risk(self, path: Path) -> WorkAtRisk:
        """What the worktree holds that would go with it."""

    async def keep(self, path: Path, session_id: str) -> Kept | None:
        """Keep what is not committed, ignored files with it, and a detached head, under `refs/quarterdeck/kept/`.

        The index, the head and the files stay as they are. None when there is nothing to keep.
        """

    def is_ours(self, path: Path) -> bool:
        """Whether, resolved, the path lies in our folder and we made it."""

    async def remove(self, path: Path, *, accept_loss: bool = False) -> None:
        """Remove a worktree of ours; refuses one that is not ours or holds work, unless the loss was agreed to."""

    def own(self, path: Path, names: Sequence[str]) -> None:
        """Note files we put into a worktree of ours, so that they do not count as somebody's work."""

    async def unmake(self, made: MadeWorktree, repository: Path) -> None:
        """Take back `create`: the worktree, and its branch if that was new and nothing has been added to it."""

    async def drop_unused_branch(self, repository: Path, branch: str, base: str) -> None:
        """Delete a branch that still stands exactly at `base`; any other stays."""

    async def prepare(
        self,
        worktree: Path,
        repository: Path,
        symlinks: Sequence[str],
        commands: Sequence[SetupCommand],
        say: Say,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Link files of the checkout into a new worktree and run the operator's commands there.

        Ignored files that the commands leave are remembered: as they are then they are nobody's work.
        """


class Tracker(Protocol):
    """Where a project's issues are. Every call is bounded in time; one without an answer raises a ForgeError."""

    @property
    def name(self) -> str:
        """As shown: `GitHub`."""

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""

    async def issues(self, *, limit: int = 50) -> list[Issue]:
        """Open issues, the newest first."""

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""


class Scm(Protocol):
    """A forge's pull requests. Calls are as those of a tracker."""

    @property
    def name(self) -> str:
        """As shown: `GitHub`."""

    async def resolve(self, reference: str) -> PullRequest:
        """The pull request of a number or an address; raises NotFound when there is none."""

    async def find(self, branch: str) -> PullRequest | None:
        """The newest open pull request of a branch; None when it has none."""

    async def state(self, pr: PullRequest) -> str:
        """`open`, `merged` or `closed`, asked afresh."""

    async def checkout(self, pr: PullRequest, worktree: Path) -> bool:
        """Check the pull request's branch out; answers whether the branch changed. Refuses a worktree with changes."""

    async def assign(self, pr: PullRequest) -> None:
        """Assign the pull request to the operator."""
