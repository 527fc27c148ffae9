"""A fleet in which sessions have several windows and split ones, each with an agent, for the console's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.core.session import Ask, Need, RestState, SessionId, SessionState, Source
from quarterdeck.core.subagent import Subagent
from quarterdeck.core.work import Work
from quarterdeck.values import replace
from support.fleet import RESTING, THEMES, ago, evidence, fleet_of, session

if TYPE_CHECKING:
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session

SHOP, LEDGER, ATLAS = ({"cwd": path, "repo_theme_id": path} for path in THEMES)
ASKS: dict[str, Any] = {"state": SessionState.ATTENTION}
CALM: dict[str, Any] = {
    "state": SessionState.IDLE,
    "rest_state": RestState.DEEP_SLEEP,
    "state_evidence": RESTING,
}


def question(kind: Need, text: str, minutes: int, *choices: str) -> dict[str, Any]:
    """What a row is that asks this."""
    asks = Ask(kind=kind, text=text, choices=choices, since=ago(minutes=minutes))
    seen = evidence("question_open", Source.HOOK, "asked by its hook")
    return {**ASKS, "needs": kind, "asks": asks, "state_evidence": seen, "last_activity_at": ago(minutes=minutes)}


def beside(*rows: Session) -> list[Session]:
    """Rows of one tmux session, which know of each other."""
    windows = [row.window_index for row in rows]
    return [
        replace(
            row,
            tmux_id=TmuxSessionId(f"${rows[0].session_id}"),
            rows_in_session=len(rows),
            rows_in_window=windows.count(row.window_index),
        )
        for row in rows
    ]


def shared_sessions() -> list[Session]:
    """Two sessions of several rows among others of one."""
    web = beside(
        session(1, "web", **SHOP, tool="Codex", current_command="codex", window_index=0, window_name="review",
                token_count=61_000, context_limit=272_000,
                **question(Need.QUESTION, "Which database should the service use?", 1, "Postgres", "SQLite")),
        session(2, "web", **SHOP, window_index=1, window_name="login", token_count=76_000, model="opus-4.6",
                thought="running pytest, 3rd time · fix the login redirect"),
        session(3, "web", **SHOP, window_index=2, token_count=24_000, last_activity_at=ago(minutes=2),
                thought="comparing the two search indexes",
                subagents=(Subagent(name="Explore", thought="reads the tests", key="a1", since=ago(minutes=1)),)),
        session(4, "web", **SHOP, window_index=3, window_name="docs", thought="wrote the page about refunds",
                last_activity_at=ago(hours=3), token_count=55_000, **CALM),
    )  # fmt: skip
    tiles = beside(
        session(6, "tiles", **ATLAS, window_index=1, pane_index=0, thought="moving the tile cache behind one lock",
                token_count=131_000),
        session(7, "tiles", **ATLAS, tool="Gemini CLI", current_command="gemini", window_index=1, pane_index=1,
                thought="measuring how long a tile takes", token_count=9_000),
    )  # fmt: skip
    alone = [
        session(5, "api", **LEDGER, token_count=88_000,
                **question(Need.PERMISSION, "May I run `rm -r build`?", 4, "Yes", "No")),
        session(8, "infra", cwd="/home/kim/infra", thought="plan approved, nothing begun",
                last_activity_at=ago(hours=2), token_count=12_000, **CALM),
        replace(session(9, "atlas-12", **ATLAS, token_count=42_000, thought="fixing unit tests · two checks fail"),
                session_id=SessionId("atl-12"),
                work=Work(project="atlas", agent="claude", status="ci_failed", branch="feat/tile-cache-lock",
                          prs=({"number": 41},), created_at=ago(hours=2))),
    ]  # fmt: skip
    return [*web, *tiles, *alone]


def plain_panes() -> list[Pane]:
    """Panes in which no agent runs."""
    found = [
        ("web", 0, "review", 1, "vim", "/home/kim/shop/src"),
        ("web", 4, "", 0, "zsh", "/home/kim/shop"),
        ("notes", 0, "", 0, "less", "/var/log"),
    ]
    return [
        Pane(
            pane_id=PaneId(f"%{50 + number}"),
            window_id=WindowId(f"@{50 + number}"),
            tmux_id=TmuxSessionId("$50"),
            session_name=name,
            session_created=1_772_000_000,
            window_index=window,
            window_name=window_name,
            pane_index=pane,
            pid=9000 + number,
            command=command,
            path=path,
        )
        for number, (name, window, window_name, pane, command, path) in enumerate(found)
    ]


def shared_fleet() -> Fleet:
    """The whole of it."""
    return fleet_of(*shared_sessions())
