"""Recordings of real agents in every state: screens, titles, reports, transcripts and the agents' own files.

A folder is `SIZE/AGENT/STATE` or `SIZE/AGENT@VERSION/STATE`; the latter is what `quarterdeck agents record` writes.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from quarterdeck.core.report import Report
from quarterdeck.core.session import Need, SessionState
from quarterdeck.plugins.loading import load
from quarterdeck.ports.agent import Agent, ScreenLook
from quarterdeck.ports.agent_process import Program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.reading import Reading

HERE = Path(__file__).resolve().parents[1] / "agents" / "recordings"
AGENTS = ("claude", "codex", "gemini", "opencode")
"""Those that tests have screens of their own making for. Recordings may be of any agent there is."""
ANSWERED_IN_WORDS = frozenset({"question-open", "question-words"})
"""Questions that have no choices."""
SIZES = tuple(sorted(folder.name for folder in HERE.iterdir()))
FULL = "120x36"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

TRUTH: Mapping[str, tuple[SessionState, frozenset[Need | None]]] = {
    "idle": (SessionState.IDLE, frozenset({None, Need.FINISHED})),
    "finished": (SessionState.IDLE, frozenset({None, Need.FINISHED})),
    "interrupted": (SessionState.IDLE, frozenset({None})),
    "working": (SessionState.BUSY, frozenset({None})),
    "waiting-permission": (SessionState.ATTENTION, frozenset({Need.PERMISSION})),
    "waiting-answer": (SessionState.ATTENTION, frozenset({Need.QUESTION})),
    "error": (SessionState.ERROR, frozenset({Need.ERROR})),
}
"""Recorded state → the state and the needs that are right for it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One agent in one state."""

    made_with: str
    """The agent, with its version behind `@` where that is known."""
    name: str
    size: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.made_with}-{self.name}-{self.size}"

    @property
    def agent_key(self) -> str:
        """Which agent it is of."""
        return self.made_with.partition("@")[0]

    @property
    def agent(self) -> Agent:
        """The agent it is of."""
        return agent(self.agent_key)

    @property
    def facts(self) -> dict[str, object]:
        """The true state, the pane's fields and its processes."""
        facts: dict[str, object] = _json(_text(self.folder / "facts.json"))
        return facts

    @property
    def truth(self) -> str:
        """The true state, in the recorder's words."""
        return str(self.facts["state"])

    @property
    def title(self) -> str:
        """The pane's title."""
        return str(self.facts["title"])

    @property
    def screen(self) -> str:
        """The rendered screen, with its colours."""
        return _text(self.folder / "screen.ansi")

    @property
    def programs(self) -> tuple[Program, ...]:
        """The pane's processes, the shell first."""
        rows = cast("list[dict[str, object]]", self.facts["programs"])
        return tuple(
            Program(
                pid=cast("int", row["pid"]),
                command=str(row["command"]),
                argv=tuple(cast("list[str]", row["argv"])),
                started=str(row.get("started", "")),
            )
            for row in rows
        )

    def look(self, *, still_for: float | None = None, title: str | None = None) -> ScreenLook:
        """What a watcher would have captured."""
        return ScreenLook(text=self.screen, at=NOW, title=self.title if title is None else title, still_for=still_for)

    @property
    def seen_at(self) -> datetime:
        """When the recorder looked, or, where it did not say so, a little after the newest thing that is dated."""
        if "at" in self.facts:
            return datetime.fromisoformat(str(self.facts["at"]))
        view = None if self.size != FULL else _last_time(self)
        return view or NOW

    def transcript_lines(self) -> list[str]:
        """The agent's transcript at that moment (OpenCode: its database's rows)."""
        for name in ("database.jsonl", "transcript.jsonl"):
            if (self.folder / name).exists():
                return _text(self.folder / name).splitlines(keepends=True)
        count = self.facts.get("transcript_lines")
        whole = self.folder.parent / "transcript.jsonl"
        return _text(whole).splitlines(keepends=True)[:count] if isinstance(count, int) else []

    def transcript_in(self, folder: Path) -> Path | None:
        """The transcript written out as the agent keeps it; None when there is none yet."""
        lines = self.transcript_lines()
        if not lines:
            return None
        kept = Path(str(self.facts.get("transcript", ""))).parts[1:]
        if (self.folder / "database.jsonl").exists():
            # Where several agents have one kind of database, its name tells whose it is.
            return opencode_database(folder / (kept or ("opencode.db",))[-1], [_json(line) for line in lines])
        # Some agents tell by its name whose it is.
        file = folder.joinpath(*kept) if kept else folder / "transcript.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(lines))
        return file

    def files_in(self, folder: Path) -> None:
        """The agent's other files of that moment written out, below a home folder."""
        files = cast("dict[str, str]", self.facts.get("files", {}))
        for name, text in files.items():
            file = folder.joinpath(*Path(name).parts[1:])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def reports(self, *, before: datetime) -> list[Report]:
        """What the hooks told from the state's trigger until the look."""
        file = self.folder / "reports.jsonl"
        rows = [_json(line) for line in _text(file).splitlines()] if file.exists() else []
        if rows and "at" in rows[0]:
            return [
                Report(
                    agent=self.agent_key,
                    event=row["event"],
                    at=datetime.fromisoformat(row["at"]),
                    payload=row["payload"],
                )
                for row in rows
            ]
        rows = [row for row in rows if row["from"] in {"hook", "event", "notify"}]
        end = max((row["dt"] for row in rows), default=0.0)
        end = max(end, cast("float", self.facts["seconds"]))
        return [
            Report(
                agent=self.agent_key,
                event=row["payload"].get("hook_event_name") or row["payload"]["type"],
                at=before - timedelta(seconds=end - row["dt"]),
                payload=row["payload"],
            )
            for row in rows
        ]


@cache
def _text(file: Path) -> str:
    return file.read_text()


@cache
def _json(text: str) -> Any:
    return json.loads(text)


@cache
def _last_time(recording: Recording) -> datetime | None:
    times = [parsed for line in recording.transcript_lines() if (parsed := _time_of(_json(line)))]
    registry = recording.facts.get("registry")
    if isinstance(registry, dict):
        times.append(datetime.fromtimestamp(registry["statusUpdatedAt"] / 1000, UTC))
    return max(times, default=None)


def _time_of(row: dict[str, object]) -> datetime | None:
    told = row.get("timestamp", row.get("time_updated"))
    if isinstance(told, str):
        return datetime.fromisoformat(told.replace("Z", "+00:00"))
    return datetime.fromtimestamp(told / 1000, UTC) if isinstance(told, int) else None


def opencode_database(file: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A database of OpenCode with these rows in it."""
    columns = {
        "session": "id, title, directory, parent_id, cost, tokens_input, tokens_output, tokens_reasoning,"
        " tokens_cache_read, tokens_cache_write, time_updated",
        "message": "id, session_id, time_updated, data",
        "part": "id, message_id, session_id, data",
    }
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as database, database:
        for table, names in columns.items():
            database.execute(f"create table {table} ({names})")
        for row in rows:
            table = str(row["table"])
            fields = [field.strip() for field in columns[table].split(",")]
            values = [json.dumps(row[field]) if field == "data" else row.get(field) for field in fields]
            marks = ", ".join("?" * len(fields))
            database.execute(f"insert into {table} values ({marks})", values)  # noqa: S608 - names are ours
    return file


@cache
def agent(key: str) -> Agent:
    """One of the built-in agents."""
    return cast("Agent", load(key))


def recordings(size: str | None = None) -> list[Recording]:
    """Every recording, or those of one terminal size."""
    return [
        Recording(made.name, folder.name, each, folder)
        for each in ([size] if size else SIZES)
        for made in sorted((HERE / each).iterdir())
        for folder in sorted(made.iterdir())
        if (folder / "facts.json").exists()
    ]


def verdict(reading: Reading | None, truth: str) -> str:
    """`right`, `unsure` or `wrong`; a reading of low confidence that errs is unsure, as it is shown."""
    if reading is None:
        return "unsure"
    state, needs = TRUTH[truth]
    if reading.state is state and reading.needs in needs:
        return "right"
    return "unsure" if reading.confidence.value == "low" else "wrong"
