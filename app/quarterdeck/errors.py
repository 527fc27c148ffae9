"""Every error the operator can meet, named by what they can do about it."""

from __future__ import annotations

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar


class QuarterdeckError(Exception):
    """An error that knows how to be shown: one sentence, and a hint on what to do."""

    code: ClassVar[str] = "failed"
    """Stable name for scripts (`error.code` with --json)."""
    exit_code: ClassVar[int] = 1
    """What the process exits with."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(QuarterdeckError):
    """The command was called wrongly."""

    code = "usage"
    exit_code = 2


class NotFound(QuarterdeckError):
    """What was named does not exist."""

    code = "not_found"
    exit_code = 3


class TmuxError(QuarterdeckError):
    """tmux could not be used."""

    code = "tmux"
    exit_code = 4


class TmuxMissing(TmuxError):
    """There is no tmux program, or it is too old."""

    code = "tmux_missing"


class TmuxUnreachable(TmuxError):
    """The server did not answer, so nothing is known: never to be read as "no sessions"."""

    code = "tmux_unreachable"


class TmuxRefused(TmuxError):
    """The server answered and refused the command."""

    code = "tmux_refused"
    exit_code = 1


class Refused(QuarterdeckError):
    """The session's state does not allow what was asked."""

    code = "refused"
    exit_code = 5


class NotRestorable(Refused):
    """The session is not one that can be brought back."""

    code = "not_restorable"


class WorktreeMissing(Refused):
    """The session's worktree is gone and cannot be made again."""

    code = "worktree_missing"


class WorkWouldBeLost(Refused):
    """The worktree holds work that is nowhere else; the operator has to agree first."""

    code = "work_would_be_lost"


class AlreadyReserved(Refused):
    """Another process is making this very session."""

    code = "already_reserved"


class SettingsError(QuarterdeckError):
    """A setting is wrong; the message names file, line, key and what was expected."""

    code = "settings"
    exit_code = 78


class StoreError(QuarterdeckError):
    """The state database cannot be read or written."""

    code = "store"


class StoreTooNew(StoreError):
    """The state database was written by a newer version."""

    code = "store_too_new"


class AgentError(QuarterdeckError):
    """An agent program could not be started, resumed or understood."""

    code = "agent"


class GitError(QuarterdeckError):
    """git refused or failed."""

    code = "git"


class BranchBusy(GitError):
    """The branch is checked out in another worktree."""

    code = "branch_busy"


class NotARepository(GitError):
    """The folder is not a git repository."""

    code = "not_a_repository"


class ThinkerError(QuarterdeckError):
    """The program or endpoint that thoughts are asked of failed, or said nothing."""

    code = "thinker"


class BudgetSpent(ThinkerError):
    """What thoughts may cost is spent for now; nothing was asked."""

    code = "budget_spent"


class ForgeError(QuarterdeckError):
    """A tracker or forge could not be asked."""

    code = "forge"


class IssueNotFound(ForgeError):
    """The tracker answered that there is no such issue."""

    code = "issue_not_found"


class ProgramError(QuarterdeckError):
    """Another program could not be used."""

    code = "program"


class ProgramMissing(ProgramError):
    """The program is not installed."""

    code = "program_missing"


class ProgramFailed(ProgramError):
    """The program could not be started."""

    code = "program_failed"


class ProgramTimedOut(ProgramError):
    """The program did not end in time, and was ended."""

    code = "program_timed_out"


def raise_together(failed: Sequence[QuarterdeckError]) -> None:
    """Raise several failures as one; nothing when there are none."""
    if failed:
        raise QuarterdeckError(" ".join(error.message for error in failed), hint=failed[0].hint)
