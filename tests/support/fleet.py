"""A fleet with a session in every state, for the console's tests and pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from quarterdeck.core.fleet import Fleet
from quarterdeck.core.pane import PaneId
from quarterdeck.core.repo_theme import RepoTheme
from quarterdeck.core.session import (
    ActionCue,
    ActionCueKind,
    Ask,
    Confidence,
    Evidence,
    ExitReason,
    Need,
    RestState,
    Session,
    SessionId,
    SessionState,
    Source,
    ThoughtSource,
    ThoughtState,
    TransportHealth,
)
from quarterdeck.core.subagent import Subagent, SubagentState
from quarterdeck.core.work import Work
from quarterdeck.values import replace

NOW = datetime(2026, 3, 8, 14, 0, tzinfo=UTC)
SOCKET = "/tmp/tmux-1000/default"

THEMES = {
    "/home/kim/shop": RepoTheme("#3FA7D6", "#1B4965", "#12303F", "#D67C3F"),
    "/home/kim/ledger": RepoTheme("#7FB069", "#3A5A40", "#1F3322", "#B069A7"),
    "/home/kim/atlas": RepoTheme("#C77DFF", "#5A189A", "#2C0C4D", "#7DFFC7"),
}


def ago(**units: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(**units)


def evidence(cause: str, source: Source, detail: str = "", confidence: Confidence = Confidence.HIGH) -> Evidence:
    """Why a state is believed, seen three seconds ago."""
    return Evidence(cause=cause, confidence=confidence, observed_at=ago(seconds=3), source=source, detail=detail)


KEYS = {"Claude Code": "claude", "Codex": "codex", "OpenCode": "opencode", "Gemini CLI": "gemini", "Aider": "aider"}
"""The agents of this fleet, and their short names."""
WORKING = evidence("turn_running", Source.HOOK, "UserPromptSubmit 40 s ago, no Stop since")
RESTING = evidence("turn_over", Source.HOOK, "Stop, 22 min ago")


def session(number: int, name: str, **fields: Any) -> Session:
    """A session of this fleet, Claude Code at work unless told otherwise."""
    base = Session(
        session_id=SessionId(f"sess_{number}"),
        tmux_name=name,
        tmux_server=SOCKET,
        pane_id=PaneId(f"%{number}"),
        state=SessionState.BUSY,
        state_evidence=WORKING,
        tool="Claude Code",
        current_command="claude",
        context_limit=200_000,
        thought_state=ThoughtState.ACTIVE,
        thought_source=ThoughtSource.LLM,
        thought_updated_at=ago(seconds=30),
        last_activity_at=ago(seconds=20),
        cwd=f"/home/kim/{name}",
        pid=4000 + number,
        created_at=ago(hours=3),
    )
    made = replace(base, **fields)
    return replace(made, agent=KEYS.get(made.tool or ""), runs_agent=made.tool is not None)


def canned_sessions() -> list[Session]:
    """One of every kind, and enough of them to fill a screen."""
    shop, ledger, atlas = ({"cwd": path, "repo_theme_id": path} for path in THEMES)
    return [
        session(
            1,
            "checkout-tax",
            **shop,
            needs=Need.PERMISSION,
            state=SessionState.ATTENTION,
            token_count=88_000,
            state_evidence=evidence("permission_prompt", Source.HOOK, "PermissionRequest: Bash"),
            model="opus-4.6",
            asks=Ask(
                kind=Need.PERMISSION,
                text="Run the migration on the staging database?\npsql -h staging -f 0042_tax.sql",
                choices=("Yes", "Yes, and do not ask again for psql", "No, and say what to do instead"),
                since=ago(minutes=4),
            ),
            thought="Wants to run the tax migration on staging",
            last_activity_at=ago(minutes=4),
            cost_usd=3.41,
        ),
        session(
            2,
            "ledger-import",
            **ledger,
            tool="Codex",
            current_command="codex",
            needs=Need.QUESTION,
            state=SessionState.ATTENTION,
            context_limit=272_000,
            token_count=61_000,
            state_evidence=evidence("question_open", Source.SCREEN, "rule codex/question: 'Which of the two'"),
            asks=Ask(
                kind=Need.QUESTION,
                text="Which of the two currencies wins when a row has both?",
                choices=("The account's", "The row's"),
                since=ago(minutes=17),
            ),
            thought="Needs a rule for rows with two currencies",
            last_activity_at=ago(minutes=17),
        ),
        session(
            3,
            "atlas-tiles",
            **atlas,
            needs=Need.ERROR,
            state=SessionState.ERROR,
            token_count=176_000,
            state_evidence=evidence(
                "api_error", Source.TRANSCRIPT, "API error 529: overloaded, gave up after 10 tries"
            ),
            thought="Rendering tiles for zoom level 12",
            last_activity_at=ago(minutes=9),
        ),
        session(
            4,
            "shop-search",
            **shop,
            needs=Need.FINISHED,
            state=SessionState.IDLE,
            rest_state=RestState.SLEEPING,
            state_evidence=RESTING,
            token_count=42_000,
            thought="Search ranks exact titles first; 31 tests pass",
            commit_candidate=True,
            last_activity_at=ago(minutes=2),
            action_cues=(ActionCue(kind=ActionCueKind.COMMIT_READY, evidence=("31 tests passed", "7 files changed")),),
        ),
        replace(
            session(
                5,
                "atlas-12",
                **atlas,
                token_count=131_000,
                thought="Moving the tile cache behind one lock",
                model="opus-4.6",
            ),
            session_id=SessionId("atl-12"),
            cost_usd=1.18,
            work=Work(
                project="atlas",
                agent="claude",
                status="working",
                branch="feat/tile-cache-lock",
                issue="118",
                worktree="/home/kim/.local/share/quarterdeck/projects/atlas/atl-12",
                prs=({"number": 131, "url": "https://example.org/atlas/pull/131", "state": "open"},),
                lifecycle={"state": "pr_open", "ci": "failing"},
                created_at=ago(hours=2),
            ),
        ),
        replace(
            session(
                6,
                "atlas-13",
                **atlas,
                tool="OpenCode",
                current_command="opencode",
                token_count=23_000,
                thought="Reading how the projection is chosen",
            ),
            session_id=SessionId("atl-13"),
            work=Work(
                project="atlas",
                agent="opencode",
                status="working",
                branch="fix/projection",
                issue="121",
                created_at=ago(minutes=40),
            ),
        ),
        session(7, "ledger-10", **ledger, token_count=12_000, thought="Writing the reconciliation report"),
        session(
            8,
            "ledger-9",
            **ledger,
            tool="Gemini CLI",
            current_command="gemini",
            token_count=9_000,
            thought="Comparing bank statements with entries",
            state_evidence=evidence("output", Source.SILENCE, "wrote 12 s ago", Confidence.LOW),
        ),
        session(
            9,
            "翻訳 docs",
            tool="Aider",
            current_command="aider",
            thought="日本語の手引きを見直しています",
            token_count=30_000,
            context_limit=128_000,
        ),
        session(
            10,
            "shop-docs",
            **shop,
            state=SessionState.IDLE,
            rest_state=RestState.DEEP_SLEEP,
            state_evidence=RESTING,
            token_count=55_000,
            thought="Wrote the page about refunds",
            last_activity_at=ago(hours=5),
        ),
        session(
            11,
            "scratch",
            tool=None,
            current_command="zsh",
            state=SessionState.IDLE,
            thought=None,
            cwd="/home/kim",
            state_evidence=evidence("prompt", Source.PROCESS, "zsh, no child", Confidence.MEDIUM),
            last_activity_at=ago(minutes=48),
        ),
        session(
            12,
            "newcomer",
            tool=None,
            current_command="node",
            state=SessionState.IDLE,
            state_evidence=Evidence(cause="initial_state"),
            last_activity_at=ago(seconds=5),
            thought=None,
        ),
        session(
            13,
            "remote-box",
            transport_health=TransportHealth.DISCONNECTED,
            thought="Was building the image",
            last_activity_at=ago(minutes=33),
        ),
        session(
            14,
            "last-week",
            **ledger,
            is_stale=True,
            state=SessionState.IDLE,
            thought="Split the journal by quarter",
            last_activity_at=ago(days=6),
        ),
    ]


def canned_exited() -> list[Session]:
    """Those that ended."""
    return [
        session(
            15,
            "hotfix",
            cwd="/home/kim/shop",
            repo_theme_id="/home/kim/shop",
            state=SessionState.EXITED,
            exit_reason=ExitReason.PROCESS_EXIT,
            exit_status=130,
            ended_at=ago(minutes=21),
            thought="Patched the rounding in refunds",
            last_activity_at=ago(minutes=21),
        )
    ]


def fleet_of(*sessions: Session, exited: tuple[Session, ...] = (), **fields: Any) -> Fleet:
    """A fleet that was looked at a second ago."""
    base = Fleet(
        sessions={item.session_id: item for item in sessions},
        exited={item.session_id: item for item in exited},
        themes=THEMES,
        incarnation="4001:1772000000",
        last_good_look=ago(seconds=1),
    )
    return replace(base, **fields)


def canned_fleet() -> Fleet:
    """The whole of it."""
    return fleet_of(*canned_sessions(), exited=tuple(canned_exited()))


def busy_leaders() -> Fleet:
    """A few sessions whose agents run others besides themselves, and a teammate in a pane of its own."""
    leader = session(
        1,
        "ledger-10",
        thought="Writing the reconciliation report",
        subagents=(
            Subagent(name="Explore", thought="Grep: reconcile · Find who calls the old report"),
            Subagent(name="Plan", thought="Read: statements.py", depth=1),
            Subagent(name="tester", thought="Run the slow tests", pane_id=PaneId("%2"), team="ledger"),
            Subagent(name="writer", thought="Describe the columns", state=SubagentState.IDLE, team="ledger"),
            Subagent(name="reviewer", thought="Bash: rm -r out", state=SubagentState.ATTENTION),
            Subagent(name="shell", thought="npm run dev -- --port 3000"),
        ),
    )
    codex = {"tool": "Codex", "current_command": "codex", "thought": "Comparing the two importers"}
    opencode = {"tool": "OpenCode", "current_command": "opencode", "thought": "Reading how the projection is chosen"}
    return fleet_of(
        leader,
        session(2, "ledger-tester", thought="Running the slow tests"),
        session(3, "importer", **codex, subagents=(Subagent(name="Hegel", thought="Read the old importer"),)),
        session(4, "projection", **opencode, subagents=(Subagent(name="general", thought="Look for the bug"),)),
        session(5, "alone", thought="Moving the tile cache behind one lock"),
    )


def crowd(count: int) -> Fleet:
    """Many sessions of all kinds, quiet for minutes to days, for measuring."""
    kinds = canned_sessions()
    return fleet_of(*(_one_of_many(number, kinds[number % len(kinds)]) for number in range(count)))


def _one_of_many(number: int, kind: Session) -> Session:
    since = ago(minutes=3 + number * 7 % 3000)
    return replace(
        kind,
        session_id=SessionId(f"sess_{number + 1}"),
        tmux_name=f"{kind.tmux_name}-{number}",
        work=None,
        last_activity_at=since,
        asks=replace(kind.asks, since=since) if kind.asks else None,
    )
