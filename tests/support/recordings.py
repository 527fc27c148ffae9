"""Recordings of real agents in every state: screens, titles, reports, transcripts and registry files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from quarterdeck.core.session import Need, SessionState
from quarterdeck.plugins.plugins import load
from quarterdeck.ports.agent import Agent, Program, ScreenLook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.reading import Reading

HERE = Path(__file__).resolve().parents[1] / "agents" / "recordings"
AGENTS = ("claude", "codex", "gemini", "opencode")
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

    agent_key: str
    name: str
    size: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.agent_key}-{self.name}-{self.size}"

    @property
    def agent(self) -> Agent:
        """The agent it is of."""
        return agent(self.agent_key)

    @property
    def facts(self) -> dict[str, object]:
        """The true state, the pane's fields and its processes."""
        facts: dict[str, object] = json.loads((self.folder / "facts.json").read_text())
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
        return (self.folder / "screen.ansi").read_text()

    @property
    def programs(self) -> tuple[Program, ...]:
        """The pane's processes, the shell first."""
        rows = cast("list[dict[str, object]]", self.facts["programs"])
        return tuple(
            Program(
                pid=cast("int", row["pid"]),
                command=str(row["command"]),
                argv=tuple(cast("list[str]", row["argv"])),
            )
            for row in rows
        )

    def look(self, *, still_for: float | None = None, title: str | None = None) -> ScreenLook:
        """What a watcher would have captured."""
        return ScreenLook(text=self.screen, at=NOW, title=self.title if title is None else title, still_for=still_for)


@cache
def agent(key: str) -> Agent:
    """One of the built-in agents."""
    return cast("Agent", load("agents", key))


def recordings(size: str | None = None) -> list[Recording]:
    """Every recording, or those of one terminal size."""
    return [
        Recording(key, folder.name, each, folder)
        for each in ([size] if size else SIZES)
        for key in AGENTS
        for folder in sorted((HERE / each / key).iterdir())
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
