"""What agents' hooks report: taken out of the spool, and folded into one state for each conversation in a pane.

An agent may run another one, or itself, for a task of its own: that one's hooks report from the same pane.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.foreign_json import EMPTY, Json, parse_object, text_at
from quarterdeck.core.report import PAYLOAD_BYTES, REPORT_HEADER, Report, ReportState
from quarterdeck.core.times import EPOCH
from quarterdeck.foreign_files import open_file
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.processes import boot_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping

    from quarterdeck.core.pane import PaneId
    from quarterdeck.ports.agent import Agents
    from quarterdeck.supervisor.file_watcher import WatchedFiles


logger = logging.getLogger(__name__)

READ_AT_ONCE = 500
SET_ASIDE_KEPT = 20
STALE_AFTER = 60.0
"""Seconds: an unfinished file this old was left by a hook that died."""
KEPT_FOR_OTHERS = 600.0
"""Seconds for which a report waits for whoever watches its tmux server."""
LONGEST_REPORT_BYTES = PAYLOAD_BYTES + 4_096
_FIELD = re.compile(
    r'"(hook_event_name|type|session_id|agent_id|tool_name|notification_type|sessionID)"\s*:\s*"([\w.:/ -]{1,200})"'
)
_PANE = re.compile(r"%\d{1,10}")


class Drained(NamedTuple):
    """What one reading of the spool gave, and whether there is more to read."""

    reports: list[Report]
    more: bool


def drain(spool: Path, *, limit: int = READ_AT_ONCE, socket: str | None = None) -> Drained:
    """Take the reports out of the spool. Two readers never get the same one. Blocking, bounded.

    What is no report is set aside in `bad/`.
    With `socket` reports from other tmux servers are left for whoever watches those, for as long as they may come.
    """
    boot = boot_time()
    names = sorted(_names(spool))
    reports: list[Report] = []
    for written, name in names[:limit]:
        if socket is not None and wall_clock().timestamp() - written < KEPT_FOR_OTHERS:
            told = read(spool / name, boot=boot)
            if told is not None and told.socket and Path(told.socket).resolve() != Path(socket):
                continue
        mine = spool / f"{name}.{os.getpid()}.taken"
        try:
            (spool / name).rename(mine)  # whoever can rename it has it
        except OSError:
            continue
        report = read(mine, boot=boot)
        if report is None:
            _set_aside(spool, mine, name)
        else:
            reports.append(report)
            with suppress(OSError):
                mine.unlink()
    _sweep(spool)
    reports.sort(key=lambda each: each.at)
    return Drained(reports, len(names) > limit)


def glance(spool: Path, *, since: float, seen: Collection[str] = ()) -> dict[str, Report | None]:
    """Files written since, and the report in each; they stay for whoever takes them. Blocking, bounded."""
    names = [name for written, name in _names(spool) if written >= since - 1 and name not in seen]
    boot = boot_time()
    return {name: read(spool / name, boot=boot) for name in sorted(names)[:READ_AT_ONCE]}


def unread(spool: Path) -> dict[str, datetime]:
    """When the newest report that lies there was written, for each agent. Opens none of them."""
    return {
        name.removesuffix(".report").rpartition(".")[2]: datetime.fromtimestamp(written, UTC)
        for written, name in sorted(_names(spool))
    }


def read(file: Path, *, boot: float | None = None) -> Report | None:
    """One report; None when the file is none."""
    try:
        descriptor = open_file(file, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if facts.st_uid != os.getuid():
            return None
        data = os.read(descriptor, LONGEST_REPORT_BYTES)
    finally:
        os.close(descriptor)
    return parse(data, written_at=facts.st_mtime, boot=boot)


def parse(data: bytes, *, written_at: float, boot: float | None = None) -> Report | None:
    """The bytes of one report; None when they are none."""
    head, _, body = data.partition(b"\n")
    words = head.decode(errors="replace").split(" ", 5)
    if len(words) != 6 or " ".join(words[:2]) != REPORT_HEADER or not words[2].isidentifier():
        return None
    _, _, agent, told, pane, tmux = words
    whole = parse_object(body)
    payload = _salvaged(body) if whole is None else whole
    event = text_at(payload, "hook_event_name") or text_at(payload, "type")
    if not event:
        return None
    return Report(
        agent=agent,
        event=event[:100],
        pane_id=pane if _PANE.fullmatch(pane) else "",
        socket=tmux.partition(",")[0] if tmux != "-" else "",
        at=datetime.fromtimestamp(_told_at(told, written_at, boot), UTC),
        payload=payload,
    )


def _told_at(told: str, written_at: float, boot: float | None) -> float:
    """The time a hook began: `@seconds` since 1970, or seconds since the machine started."""
    try:
        seconds = float(told.lstrip("@"))
    except ValueError:
        return written_at
    found = seconds if told.startswith("@") else boot + seconds if boot is not None and seconds > 0 else written_at
    # A clock that was set, or a machine that slept: then the file's own time is nearer.
    return found if abs(found - written_at) < 30 else written_at


def _salvaged(body: bytes) -> Json:
    """The plain fields of a payload that was cut."""
    fields = _FIELD.findall(body[:LONGEST_REPORT_BYTES].decode(errors="replace"))
    # The first of each name counts.
    return dict(reversed(fields)) or EMPTY


def _names(spool: Path) -> Iterator[tuple[float, str]]:
    try:
        with os.scandir(spool) as entries:
            for entry in entries:
                if entry.name.endswith(".report"):
                    with suppress(OSError):
                        yield entry.stat(follow_symlinks=False).st_mtime, entry.name
    except (FileNotFoundError, NotADirectoryError):
        return


def _set_aside(spool: Path, file: Path, name: str) -> None:
    bad = spool / "bad"
    with suppress(OSError):
        bad.mkdir(mode=0o700, exist_ok=True)
        file.rename(bad / name)
        kept = sorted(bad.iterdir(), key=lambda each: each.lstat().st_mtime, reverse=True)
        for old in kept[SET_ASIDE_KEPT:]:
            old.unlink()
    logger.warning("a report could not be read and was set aside: %s", name)


def _sweep(spool: Path) -> None:
    """Take away what died half-way: unfinished reports, and reports that a killed reader had taken."""
    now = wall_clock().timestamp()
    with suppress(OSError):
        for file in [*spool.glob("*.tmp"), *spool.glob("*.taken")]:
            with suppress(OSError):
                if now - file.lstat().st_mtime > STALE_AFTER:
                    file.unlink()


SPOOL_EVERY_SECONDS = 0.15
"""Where nothing tells of new reports, seconds between two glances at the spool; one that did not change is not read."""
READ_GAP_SECONDS = 0.05
"""Seconds between two readings, however many reports come."""
NOTED_EVERY = timedelta(seconds=30)
"""Between two notes of when one agent was heard."""
FOLLOWED_FOR = timedelta(seconds=60)
"""For which a report under a pane that is gone waits for a pane that shows what it is about."""
CONVERSATIONS_KEPT = 8
"""Of one pane."""
NOTHING_REPORTED = ReportState()
Key = tuple[str, str]
"""Agent and conversation."""


class Reports:
    """Empties the spool of what concerns one tmux server."""

    def __init__(
        self,
        *,
        spool: Path,
        socket: str,
        agents: Agents,
        note_heard: Callable[[Mapping[str, datetime]], Awaitable[None]],
    ) -> None:
        self._spool = spool
        self._socket = socket
        self._agents = agents
        self._note_heard = note_heard
        self._heard: dict[str, datetime] = {}
        self._noted: dict[str, datetime] = {}
        self._states: dict[str, dict[Key, ReportState]] = {}
        self._shown: dict[str, Key] = {}
        """The conversation that each pane is known to show."""
        self._stamp: object = None

    def of(self, pane_id: PaneId, agent: str = "", conversation: str = "") -> ReportState:
        """What the reports of a conversation add up to; those of the latest where it is not known, or its agent.

        A report names the pane whose environment its hook has, and an agent whose conversations share one process has
        that of the pane where the process began: so a conversation that is known is looked for under every pane.
        """
        if agent and conversation:
            found = (states[agent, conversation] for states in self._states.values() if (agent, conversation) in states)
            return max(found, key=_time_of, default=NOTHING_REPORTED)
        elsewhere = {key for pane, key in self._shown.items() if pane != pane_id}
        states = {key: state for key, state in self._states.get(pane_id, {}).items() if key not in elsewhere}
        key = _latest(states, agent)
        return states[key] if key else NOTHING_REPORTED

    def shows(self, pane_id: PaneId, agent: str, conversation: str) -> None:
        """Take in which conversation a pane is known to show; "" = that is not known."""
        if agent and conversation:
            self._shown[pane_id] = agent, conversation
        else:
            self._shown.pop(pane_id, None)

    def drop(self, pane_id: PaneId) -> None:
        """Another agent runs in the pane: what the one before reported is void."""
        self._states.pop(pane_id, None)

    def keep_only(self, panes: Collection[PaneId]) -> None:
        """Forget panes that are gone, but for what was reported under them of conversations that others show."""
        present = set(panes)
        for pane_id in self._shown.keys() - present:
            del self._shown[pane_id]
        shown = set(self._shown.values())
        recent = wall_clock() - FOLLOWED_FOR
        for pane_id in self._states.keys() - present:
            states = self._states[pane_id]
            kept = {key: state for key, state in states.items() if key in shown or _time_of(state) >= recent}
            if kept:
                self._states[pane_id] = kept
            else:
                del self._states[pane_id]

    async def watch(
        self, watched: WatchedFiles, told: Callable[[Collection[str]], None], *, may_read: Callable[[], bool]
    ) -> None:
        """Read what comes until cancelled; `told` gets the panes that something was reported of."""
        await watched.read_on(self.read, told, may_read=may_read, gap=READ_GAP_SECONDS, every=SPOOL_EVERY_SECONDS)

    async def read(self) -> set[str]:
        """Fold in what lies in the spool; answers the panes it concerned."""
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return set()
        panes: set[str] = set()
        more = True
        while more:
            drained = await asyncio.to_thread(drain, self._spool, socket=self._socket)
            panes |= {pane for report in drained.reports for pane in self._fold(report)}
            more = drained.more and bool(drained.reports)
        # As it was before reading: a report that came meanwhile is seen the next time.
        self._stamp = stamp if stamp == self._look() else None
        # When agents were heard is kept at once the first time, and now and then as they go on.
        news = {key: at for key, at in self._heard.items() if at - self._noted.get(key, EPOCH) >= NOTED_EVERY}
        if news:
            self._noted |= news
            await self._note_heard(news)
        return panes

    def _fold(self, report: Report) -> set[str]:
        """Take in one report; answers the panes that it may concern."""
        agent = self._agents.get(report.agent)
        if agent is None:
            return set()
        self._heard[agent.spec.key] = max(report.at, self._heard.get(agent.spec.key, EPOCH))
        if not report.pane_id:
            return set()
        states = self._states.setdefault(report.pane_id, {})
        told = text_at(report.payload, "session_id")
        key = (report.agent, told) if told else _latest(states, report.agent) or (report.agent, "")
        try:
            states[key] = agent.read_report(states.get(key, NOTHING_REPORTED), report)
        except Exception:  # a boundary: what a hook wrote is foreign, and one odd report must not stop the others
            logger.exception("a report of %s could not be understood", report.agent)
            return set()
        while len(states) > CONVERSATIONS_KEPT:
            del states[min(states, key=lambda each: _time_of(states[each]))]
        return {report.pane_id, *(pane for pane, shown in self._shown.items() if shown == key)}

    def _look(self) -> object:
        # Without a folder no hook has reported yet.
        with suppress(OSError):
            return self._spool.stat().st_mtime_ns
        return None


def _latest(states: Mapping[Key, ReportState], agent: str) -> Key | None:
    """Who reported last, of one agent or of all; the end of one that was left is no word on the one after it."""
    theirs = [key for key in states if agent in {"", key[0]}]
    return max(theirs, key=lambda key: (not states[key].has_ended, _time_of(states[key])), default=None)


def _time_of(state: ReportState) -> datetime:
    return state.at or EPOCH
