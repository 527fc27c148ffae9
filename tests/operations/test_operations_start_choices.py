"""Which agents a new session can have, and with which of them it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.operations.start_choices import tools
from quarterdeck.runtime.agent_loading import load_agents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("installed", "usual", "begins_with"),
    [
        (("claude", "codex"), "codex", "codex"),
        (("claude", "codex"), "Claude Code", "claude"),
        (("codex",), "claude", "codex"),
        (("codex", "gemini"), "claude", ""),
        (("codex", "gemini"), "nobody", ""),
        ((), "claude", ""),
    ],
    ids=["usual", "by its shown name", "the only one", "usual one missing", "usual one unknown", "none"],
)
def test_a_new_session_begins_with_the_usual_agent_or_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], usual: str, begins_with: str
) -> None:
    for name in installed:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = tools(load_agents({}), usual)

    assert (set(found.names), found.usual) == (set(installed), begins_with)
