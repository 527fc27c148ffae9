"""`events` and `watch`: what happened, and what happens now."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import TYPE_CHECKING

from quarterdeck.cli.call import services
from quarterdeck.cli.output import NobodyReads, json_text, write
from quarterdeck.core import events as happened
from quarterdeck.core.redact import masked
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import SessionId
from quarterdeck.core.session_json import EVENT_NAMES, event_to_wire
from quarterdeck.core.session_names import find_session
from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError, UsageError
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.store import Activity, ActivityQuery, Level
from quarterdeck.shutdown import BY_SIGNAL, Shutdown
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.cli.call import Call

FOLLOW_EVERY = 0.3
MOST_LINES_WAITING = 10_000
"""Lines that wait to be read; more are lost, and it is said how many."""
READER_PATIENCE = 1.0
"""Seconds that whoever reads gets at the end to take what is left."""
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def events(call: Call) -> int:
    """Print the activity log, oldest first."""
    shutdown = Shutdown()
    return shutdown.run(_events(call, shutdown))


async def _events(call: Call, shutdown: Shutdown) -> int:
    options = call.options
    query = ActivityQuery(
        project=options.project,
        kind=options.kind,
        level=Level(options.level) if options.level else None,
        since=moment_of(options.since, wall_clock()) if options.since is not None else None,
        search=options.search,
        limit=options.limit,
    )
    ends_by: list[int] = []
    if options.follow:
        # Here and now, for it may be asked to end while it waits for whoever reads, or for what is kept.
        main = asyncio.current_task()
        assert main is not None

        def told(number: int) -> None:
            ends_by.append(BY_SIGNAL + number)
            main.cancel()

        shutdown.listen(told)
    try:
        return await _print_events(call, query)
    except asyncio.CancelledError:
        if not ends_by:
            raise
        return ends_by[0]


async def _print_events(call: Call, query: ActivityQuery) -> int:
    from quarterdeck.store.sqlite import open_store

    options = call.options
    async with open_store(call.places) as store:
        if options.session:
            kept = find_session(options.session, await store.sessions())
            query = replace(query, session_id=kept.session_id if kept else SessionId(options.session))
        is_new = True
        while True:
            found = sorted(await store.activity(query), key=lambda each: each.id) if is_new else []
            write("".join(_line(activity, as_json=call.json) for activity in found))
            if not options.follow:
                return 0
            if found:
                query = replace(query, after_id=found[-1].id, since=None)
            # A whole answer may be only a part of what there is.
            is_more = query.after_id > 0 and len(found) >= query.limit
            if not is_more:
                await asyncio.sleep(FOLLOW_EVERY)
            is_new = is_more or await store.changed_elsewhere()


def moment_of(text: str, now: datetime) -> datetime:
    """A time given as an age (`90s`, `10m`, `2h`, `3d`) or as a date and time; raises UsageError."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    try:
        if found:
            return now - timedelta(seconds=int(found[1]) * UNITS[found[2]])
        # In UTC at once: a time at the edge of what there is cannot be told in every zone.
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is not a time.", hint="Give an age such as 10m or 2h, or 2026-03-08T14:00."
        ) from error


def _line(activity: Activity, *, as_json: bool) -> str:
    if as_json:
        return json_text(activity) + "\n"
    at = activity.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    level = "" if activity.level is Level.INFO else f" [{activity.level}]"
    return clean(f"{at}  {activity.kind:<24}{level}  {activity.session_id or '-':<12}  {activity.summary}") + "\n"


def watch(call: Call) -> int:
    """Watch without a screen until told to stop."""
    if call.options.print_unit:
        from quarterdeck.cli.invocation import print_unit

        return print_unit(call)
    shutdown = Shutdown()
    return shutdown.run(_watch(call, shutdown))


async def _watch(call: Call, shutdown: Shutdown) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    shutdown.listen(lambda _: stop.set())

    unheard: list[Exception] = []

    def lost(count: int) -> str:
        if call.json:
            return json_text({"event": "lines.lost", "count": count, "at": wall_clock()})
        return f"! {count} lines were lost, since nobody read them"

    def failed(error: Exception) -> None:
        unheard.append(error)
        loop.call_soon_threadsafe(stop.set)

    lines = LinesOut(lost, failed)

    def tell(event: happened.Event) -> None:
        if type(event) not in EVENT_NAMES:
            return
        line = json_text(event_to_wire(event)) if call.json else clean(masked(in_words(event)))
        if line and not unheard:
            lines.put(line)

    async with services(call, persistent=True, look=False) as opened:
        opened.workers.supervisor.subscribe(tell)
        if sys.stderr.isatty():
            from quarterdeck.supervisor.notifications import in_terminal

            in_terminal(opened.notifications.channels, sys.stderr)
        workers = asyncio.create_task(opened.workers.run())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({workers, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if workers.done():
            await workers
        workers.cancel()
        await asyncio.gather(workers, return_exceptions=True)
    lines.close()
    if unheard:
        raise unheard[0]
    return 0


def in_words(event: happened.Event) -> str:
    """An event as one line for eyes; "" for what is not worth one."""
    at = event.at.astimezone().strftime("%H:%M:%S")
    match event:
        case happened.SessionCreated(session=s):
            text = f"+ {s.session_id}  {row_name(s)}  ({event.reason})"
        case happened.SessionDeleted(session=s):
            status = "" if s.exit_status is None else f", status {s.exit_status}"
            text = f"- {s.session_id}  {row_name(s)}  ({event.reason}{status})"
        case happened.SessionStale(session=s):
            text = f"~ {s.session_id}  {row_name(s)}  (kept until it comes back)"
        case happened.SessionChanged(before=before, after=s) if (before.state, before.needs) != (s.state, s.needs):
            needs = f", needs you: {s.needs}" if s.needs else ""
            text = f"  {s.session_id}  {row_name(s)}  {before.state} → {s.state}{needs}"
        case happened.SessionForgotten(session_id=session_id):
            text = f"- {session_id}  (dismissed)"
        case happened.LookFailed(message=message, failures=1):
            text = f"! {message}"
        case happened.WorkerHealth(worker=worker, health=health, detail=detail):
            text = f"! {worker}: {health} {detail}".rstrip()
        case happened.SessionChanged() | happened.LookFailed() | happened.LookSucceeded() | happened.ThemeFound():
            return ""
        case _:
            text = f"! tmux server: {getattr(event, 'before', '') or 'none'} → {getattr(event, 'after', '') or 'none'}"
    return f"{at}  {text}"


class LinesOut:
    """Lines on their way to standard output, written by a thread: a slow reader holds up nobody but the lines."""

    def __init__(self, lost: Callable[[int], str], failed: Callable[[Exception], None]) -> None:
        self._lost_line = lost
        self._failed = failed
        """Called once, from the thread, when nothing can be written any more."""
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._lost = 0
        # A daemon, so that a reader that stopped reading does not keep us from ending.
        self._thread = threading.Thread(target=self._write_all, name="lines", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Have a line written; never waits."""
        if self._lines.qsize() >= MOST_LINES_WAITING:
            self._lost += 1
            return
        if self._lost:
            self._lines.put(self._lost_line(self._lost))
            self._lost = 0
        self._lines.put(line)

    def close(self) -> None:
        """Write what is left, as far as it is read in time."""
        self._lines.put(None)
        self._thread.join(READER_PATIENCE)

    def _write_all(self) -> None:
        output, encoding = sys.stdout.fileno(), sys.stdout.encoding or "utf-8"
        while (line := self._lines.get()) is not None:
            data = f"{line}\n".encode(encoding, "backslashreplace")
            try:
                # Past the stream, whose lock a write that waits would hold.
                while data:
                    data = data[os.write(output, data) :]
            except BrokenPipeError:
                return self._failed(NobodyReads())
            except OSError as error:
                return self._failed(QuarterdeckError(f"The output cannot be written: {error.strerror}."))
        return None
