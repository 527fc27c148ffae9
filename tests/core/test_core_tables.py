"""The small tables: rest states, tools, context limits, confidence of causes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quarterdeck.core.agent_programs import context_limit_for_tool, detect_in_command_line, detect_tool_name
from quarterdeck.core.evidence import confidence_of
from quarterdeck.core.rest import fallback_rest_state, rest_state_from_idle
from quarterdeck.core.session import RestState, SessionState, ThoughtState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "rests"),
    [
        pytest.param("exited", "deep_sleep deep_sleep deep_sleep", id="exited"),
        pytest.param("idle", "active drowsy sleeping", id="idle"),
        pytest.param("busy", "active active active", id="busy"),
        pytest.param("error", "active active active", id="error"),
        pytest.param("attention", "active active active", id="attention"),
    ],
)
def test_rest_of_a_placeholder_follows_its_thought(state: str, rests: str) -> None:
    thoughts = (ThoughtState.ACTIVE, ThoughtState.HOLDING, ThoughtState.SLEEPING)

    assert [fallback_rest_state(SessionState(state), thought) for thought in thoughts] == rests.split()


@pytest.mark.parametrize(
    ("state", "silence", "wanted"),
    [
        pytest.param("idle", timedelta(seconds=29.999), RestState.ACTIVE, id="just before 30 s"),
        pytest.param("idle", timedelta(seconds=30), RestState.DROWSY, id="exactly 30 s"),
        pytest.param("idle", timedelta(hours=2), RestState.DROWSY, id="two hours are still only drowsy"),
        pytest.param("idle", timedelta(hours=-1), RestState.ACTIVE, id="activity in the future"),
        pytest.param("busy", timedelta(hours=2), RestState.ACTIVE, id="busy"),
        pytest.param("error", timedelta(hours=2), RestState.ACTIVE, id="error"),
        pytest.param("attention", timedelta(hours=2), RestState.ACTIVE, id="attention"),
        pytest.param("exited", timedelta(0), RestState.DEEP_SLEEP, id="exited"),
    ],
)
def test_silence_makes_an_idle_session_drowsy_and_no_more(state: str, silence: timedelta, wanted: RestState) -> None:
    assert rest_state_from_idle(SessionState(state), NOON - silence, NOON) is wanted


@pytest.mark.parametrize(
    ("word", "tool"),
    [
        pytest.param("claude", "Claude Code", id="claude"),
        pytest.param("claude_code", "Claude Code", id="underscore"),
        pytest.param("codex-cli", "Codex", id="codex-cli"),
        pytest.param("grok", "Grok", id="grok"),
        pytest.param("amp", "Amp", id="amp"),
        pytest.param("open-code", "OpenCode", id="open-code"),
        pytest.param("aider", "Aider", id="aider"),
        pytest.param("goose", "Goose", id="goose"),
        pytest.param("cline", "Cline", id="cline"),
        pytest.param("cursor", "Cursor", id="cursor"),
        pytest.param("gemini_cli", "Gemini CLI", id="gemini"),
        pytest.param("/usr/local/bin/Claude", "Claude Code", id="path and capitals"),
        pytest.param("-codex", "Codex", id="login shell dash"),
        pytest.param('"claude";', "Claude Code", id="quotes"),
        pytest.param("[/opt/x/aider]", "Aider", id="brackets"),
        pytest.param("codex exec 'do it'", "Codex", id="only the first word counts"),
        pytest.param("FOO=1 codex", None, id="the second does not"),
        pytest.param("claudette", None, id="no prefix match"),
        pytest.param("bash", None, id="shell"),
        pytest.param("", None, id="empty"),
        pytest.param("  ", None, id="blank"),
        pytest.param("/", None, id="slash"),
    ],
)
def test_the_first_word_names_the_tool(word: str, tool: str | None) -> None:
    assert detect_tool_name(word) == tool


@pytest.mark.parametrize(
    ("line", "tool"),
    [
        pytest.param("FOO=1 /usr/local/bin/claude-code --print", "Claude Code", id="assignment"),
        pytest.param("node /opt/lib/bin/claude", "Claude Code", id="interpreter"),
        pytest.param("bash -l", None, id="no tool"),
    ],
)
def test_any_word_of_a_command_line_may_name_the_tool(line: str, tool: str | None) -> None:
    assert detect_in_command_line(line) == tool


@pytest.mark.parametrize(
    ("limit", "tools"),
    [
        (192_000, ["Codex"]),
        (200_000, ["Claude Code", "Amp", "Goose", "Cline", "Cursor"]),
        (128_000, ["Grok", "Aider", "OpenCode", "something else", "", None]),
    ],
)
def test_context_limit_follows_the_tool(limit: int, tools: list[str | None]) -> None:
    assert {context_limit_for_tool(tool) for tool in tools} == {limit}


@pytest.mark.parametrize(("alias", "tool", "limit"), [("claude", "Claude Code", 200_000), ("codex", "Codex", 192_000)])
def test_a_spawned_tool_has_its_name_and_limit(alias: str, tool: str, limit: int) -> None:
    assert detect_tool_name(alias) == tool
    assert context_limit_for_tool(detect_tool_name(alias)) == limit


@pytest.mark.parametrize(
    ("confidence", "causes"),
    [
        pytest.param(
            "high",
            "osc133_command osc133_prompt error_pattern process_exit startup_missing_tmux liveness_no_children"
            " liveness_has_children",
            id="high",
        ),
        pytest.param(
            "medium",
            "fallback_non_prompt_output fallback_prompt_detected output_silence_expired local_input dismiss_attention"
            " error_timer_expired attention_timer_expired",
            id="medium",
        ),
        pytest.param("low", "initial_state tmux_reconcile_missing persistence_stale never_heard_of", id="low"),
    ],
)
def test_each_cause_has_its_confidence(confidence: str, causes: str) -> None:
    assert {confidence_of(cause) for cause in causes.split()} == {confidence}
