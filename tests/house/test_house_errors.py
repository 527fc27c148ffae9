"""The names of errors that scripts go by."""

from __future__ import annotations

from quarterdeck import errors
from quarterdeck.errors import QuarterdeckError, Refused

CODES = (
    "agent already_reserved ambiguous branch_busy budget_spent failed forge git issue_not_found not_a_repository"
    " not_found not_restorable plugin program program_failed program_missing program_timed_out refused settings store"
    " store_too_new thinker tmux tmux_missing tmux_refused tmux_unreachable usage work_would_be_lost worktree_missing"
)


def test_house_errors_keep_the_names_that_scripts_know() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, QuarterdeckError)]

    assert " ".join(sorted(kind.code for kind in kinds)) == CODES


def test_house_errors_of_another_module_have_the_name_of_what_they_are_a_kind_of() -> None:
    class NobodyAtHome(Refused):
        pass

    assert NobodyAtHome.code == "refused"
