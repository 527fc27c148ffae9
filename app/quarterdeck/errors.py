"""Every error the operator can meet, named by what they can do about it, with its exit code.

A class that another room makes of one is for callers there to tell apart: the operator sees the kind that is here.
"""

from __future__ import annotations

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar


class QuarterdeckError(Exception):
    """An error that knows how to be shown: one sentence, and a hint on what to do."""

    code: ClassVar[str] = "failed"
    """Stable name for scripts (`error.code` with --json), made from the name of each class here."""
    exit_code: ClassVar[int] = 1
    """What the process exits with."""

    def __init_subclass__(cls) -> None:
        # An error that another module has for itself keeps the code of what it is a kind of.
        if cls.__module__ == __name__:
            name = cls.__name__.removesuffix("Error")
            cls.code = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)[1:].lower()

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(QuarterdeckError):
    """The command was called wrongly."""

    exit_code = 2


class NotFound(QuarterdeckError):
    """What was named does not exist."""

    exit_code = 3


class Ambiguous(NotFound):
    """What was named stands for several, and it matters which."""

    def __init__(self, message: str, *, hint: str = "", choices: Sequence[Mapping[str, str | None]] = ()) -> None:
        super().__init__(message, hint=hint)
        self.choices = choices
        """What each of them goes by."""


class TmuxError(QuarterdeckError):
    """tmux could not be used."""

    exit_code = 4


class TmuxMissing(TmuxError):
    """There is no tmux program, or it is too old."""


class TmuxUnreachable(TmuxError):
    """The server did not answer, so nothing is known: never to be read as "no sessions"."""


class TmuxRefused(TmuxError):
    """The server answered and refused the command."""

    exit_code = 1


class Refused(QuarterdeckError):
    """The session's state does not allow what was asked."""

    exit_code = 5


class NotRestorable(Refused):
    """The session is not one that can be brought back."""


class WorktreeMissing(Refused):
    """The session's worktree is gone and cannot be made again."""


class WorkWouldBeLost(Refused):
    """The worktree holds work that is nowhere else; the operator has to agree first."""


class AlreadyReserved(Refused):
    """Another process is making this very session."""


class SettingsError(QuarterdeckError):
    """A setting is wrong; the message names file, line, key and what was expected."""

    exit_code = 78


class StoreError(QuarterdeckError):
    """The state database cannot be read or written."""


class StoreTooNew(StoreError):
    """The state database was written by a newer version."""


class AgentError(QuarterdeckError):
    """An agent program could not be started, resumed or understood."""


class PluginError(QuarterdeckError):
    """A plugin is not there, or cannot be loaded."""


class GitError(QuarterdeckError):
    """git refused or failed."""


class BranchBusy(GitError):
    """The branch is checked out in another worktree."""


class NotARepository(GitError):
    """The folder is not a git repository."""


class ThinkerError(QuarterdeckError):
    """The program or endpoint that thoughts are asked of failed, or said nothing."""


class BudgetSpent(ThinkerError):
    """What thoughts may cost is spent for now; nothing was asked."""


class ForgeError(QuarterdeckError):
    """A tracker or forge could not be asked."""


class IssueNotFound(ForgeError):
    """The tracker answered that there is no such issue."""


class ProgramError(QuarterdeckError):
    """Another program could not be used."""


class ProgramMissing(ProgramError):
    """The program is not installed."""


class ProgramFailed(ProgramError):
    """The program could not be started."""


class ProgramTimedOut(ProgramError):
    """The program did not end in time, and was ended."""


def raise_together(failed: Sequence[QuarterdeckError]) -> None:
    """Raise several failures as one; nothing when there are none."""
    if failed:
        raise QuarterdeckError(" ".join(error.message for error in failed), hint=failed[0].hint)
