"""Reading the spool: what hooks wrote, oldest first, each report once."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.foreign_json import EMPTY, Json, parse_object, text_at
from quarterdeck.core.report import HEADER, PAYLOAD_BYTES, Report
from quarterdeck.foreign_files import open_file
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.processes import boot_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

log = logging.getLogger(__name__)

READ_AT_ONCE = 500
SET_ASIDE_KEPT = 20
STALE_AFTER = 60.0
"""Seconds: an unfinished file this old was left by a hook that died."""
KEPT_FOR_OTHERS = 600.0
"""Seconds for which a report waits for whoever watches its tmux server."""
LONGEST = PAYLOAD_BYTES + 4_096
_FIELD = re.compile(
    r'"(hook_event_name|type|session_id|agent_id|tool_name|notification_type|sessionID)"\s*:\s*"([\w.:/ -]{1,200})"'
)
_PANE = re.compile(r"%\d{1,10}")


class Drained(NamedTuple):
    """What one reading of the spool gave."""

    reports: list[Report]
    more: bool
    """Whether there is more to read."""


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


class Glimpse(NamedTuple):
    """A file in the spool, and the report in it."""

    name: str
    report: Report | None


def glance(spool: Path, *, since: float, seen: Collection[str] = ()) -> list[Glimpse]:
    """Reports written since, which stay where they are for whoever takes them. Blocking, bounded."""
    names = [name for written, name in _names(spool) if written >= since - 1 and name not in seen]
    boot = boot_time()
    return [Glimpse(name, read(spool / name, boot=boot)) for name in sorted(names)[:READ_AT_ONCE]]


def unread(spool: Path) -> dict[str, datetime]:
    """When the newest report that lies there was written, for each agent. Opens none of them."""
    found: dict[str, datetime] = {}
    for written, name in sorted(_names(spool)):
        agent = name.removesuffix(".report").rpartition(".")[2]
        found[agent] = datetime.fromtimestamp(written, UTC)
    return found


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
        data = os.read(descriptor, LONGEST)
    finally:
        os.close(descriptor)
    return parse(data, written_at=facts.st_mtime, boot=boot)


def parse(data: bytes, *, written_at: float, boot: float | None = None) -> Report | None:
    """The bytes of one report; None when they are none."""
    head, _, body = data.partition(b"\n")
    words = head.decode(errors="replace").split(" ", 5)
    if len(words) != 6 or " ".join(words[:2]) != HEADER or not words[2].isidentifier():
        return None
    _, _, agent, told, pane, tmux = words
    payload = parse_object(body)
    truncated = payload is None
    if payload is None:
        payload = _salvaged(body)
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
        truncated=truncated,
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
    found: dict[str, object] = {}
    for key, value in _FIELD.findall(body[:LONGEST].decode(errors="replace")):
        found.setdefault(key, value)
    return found or EMPTY


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
    log.warning("a report could not be read and was set aside: %s", name)


def _sweep(spool: Path) -> None:
    """Take away what died half-way: unfinished reports, and reports that a killed reader had taken."""
    now = wall_clock().timestamp()
    with suppress(OSError):
        for file in [*spool.glob("*.tmp"), *spool.glob("*.taken")]:
            with suppress(OSError):
                if now - file.lstat().st_mtime > STALE_AFTER:
                    file.unlink()
