from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.session import Need
from quarterdeck.core.skills import last_skill
from quarterdeck.core.transcript import ActionKind, AgentAction, action_cues

INSTALLED = ("Code-Review", "deep.research", "team/lint")


@pytest.mark.parametrize(
    ("prompt", "skill"),
    [
        ("/commit now", "commit"),
        ("please $describe this", "describe"),
        ("do it using the skill gog", "gog"),
        ("do it using skill `domain-planner`.", "domain-planner"),
        ("/code-review", "code-review"),
        ("/team/lint src", "team/lint"),
        ("$deep.research.", "deep.research"),
        ("<skill>\n<name>Anything-Else</name> ...</skill>", "anything-else"),
        ("/commit, then $describe", "describe"),
        ("$describe, then\n/commit", "commit"),
        ("/tmp/commit is a file", None),
        ("/usr/bin/env", None),
        ("/home", None),
        ("look at /commit in the middle of a line", None),
        ("echo $HOME", None),
        ("a$commit", None),
        ("/unknown", None),
        ("commit the change", None),
        ("", None),
        ("/commit " + "x" * 9_000, None),
    ],
)
def test_the_skill_named_last_is_found_and_paths_are_none(prompt: str, skill: str | None) -> None:
    assert last_skill(prompt, INSTALLED) == skill


@given(st.text(max_size=200))
def test_any_prompt_names_a_known_skill_or_none(prompt: str) -> None:
    found = last_skill(prompt)

    assert found is None or found == found.lower()


def step(word: str) -> AgentAction:
    kind, _, ended = word.partition(":")
    return AgentAction(kind=ActionKind(kind), text=word, ok={"": True, "failed": False, "running": None}[ended])


@pytest.mark.parametrize(
    ("steps", "needs", "cues"),
    [
        ("", None, ""),
        ("", Need.QUESTION, "awaiting_user"),
        ("", Need.FINISHED, ""),
        ("", Need.ERROR, ""),
        ("tool said", None, ""),
        ("edit", None, "validation_missing_after_edit"),
        ("edit:failed", None, ""),
        ("edit check:failed", None, "validation_missing_after_edit"),
        ("edit check:running", None, "validation_missing_after_edit"),
        ("check edit", None, "validation_missing_after_edit"),
        ("edit check", None, "dirty_check_missing"),
        ("edit check dirty_check", None, "commit_ready"),
        ("edit dirty_check check", None, "commit_ready"),
        ("edit check dirty_check edit", None, "validation_missing_after_edit"),
        ("edit check dirty_check commit", None, ""),
        ("edit check dirty_check commit:failed", None, "commit_ready"),
        ("edit check dirty_check", Need.FINISHED, "commit_ready"),
        ("edit check dirty_check", Need.PERMISSION, "awaiting_user commit_ready"),
    ],
)
def test_reminders_follow_from_what_was_done_since_the_latest_edit(steps: str, needs: Need | None, cues: str) -> None:
    found = action_cues([step(word) for word in steps.split()], needs)

    assert " ".join(cue.kind for cue in found) == cues
    assert all(cue.evidence for cue in found)
