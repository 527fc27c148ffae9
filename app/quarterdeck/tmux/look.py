"""One look at a server: every pane and every real client, in one round trip."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import threading
from typing import IO, TYPE_CHECKING, Final

from quarterdeck.core.pane import NoServer, Snapshot
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.ports.clock import wall_clock
from quarterdeck.programs import tmux_missing_error
from quarterdeck.tmux import formats, one_call
from quarterdeck.tmux.one_call import ConnectionLost
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from quarterdeck.core.pane import Incarnation, Look, PaneId, ServerAddress
    from quarterdeck.ports.clock import Clock
    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.formats import Command, Details, PaneRow, Questions, Rows, Target
    from quarterdeck.tmux.one_call import Breaker

logger = logging.getLogger(__name__)

NOTHING_THERE: Final = "no current target"
"""What `display-message` says on a server that has no session (3.3a, with exit-empty off)."""
ENDING: Final = "server exited"
"""What a client says that reached a server on its way out (3.3a); a moment later there is none."""
RETRY_PAUSES_SECONDS: Final = (0.02, 0.1, 0.3)
LOOK_CHUNK_BYTES: Final = 65_536
PROGRAM_SETTLING_SECONDS: Final = 1.0
"""Seconds after which a new pane's program is surely what it will be. Right after its start tmux 3.3a tells an empty
path, and its own name as the command."""


class PaneMemory:
    """The details of each pane, as looks at one run of the server have told them."""

    def __init__(self) -> None:
        self._incarnation: Incarnation | None = None
        self._panes: list[PaneRow] = []
        self._details: dict[Target, Details] = {}
        self._young: dict[Target, float] = {}
        """When panes were first seen whose details may not be the last word."""

    def due(self, moved: Collection[PaneId] | None) -> list[Target] | None:
        """Whose details to ask with the next look; None when asking everybody's costs less or is wanted."""
        if moved is None or not self._details:
            return None
        wanted = [row.target for row in self._panes if row.pane_id in moved or row.target in self._young]
        # A pane asked by itself costs about twice what it costs in the listing.
        return wanted if 2 * len(wanted) <= len(self._details) else None

    def fill(self, rows: Rows, now: float) -> list[Target]:
        """Complete the details that were asked by those known of the same process; the answer is who has none."""
        first = rows.incarnation != self._incarnation
        if first:
            self._incarnation = rows.incarnation
            self._details, self._young = {}, {}
        details: dict[Target, Details] = {}
        young: dict[Target, float] = {}
        unknown: list[Target] = []
        for row in rows.panes:
            before = self._details.get(row.target)
            is_new = not first and (before is None or before.pid != row.pid)
            asked = rows.details.get(row.target)
            # What did not change stays the same object, so that the pane does too.
            found = before if asked is None or asked == before else asked
            if found is not None and found.pid == row.pid:
                details[row.target] = found
            else:
                unknown.append(row.target)
            if is_new or row.target in self._young:
                since = self._young.get(row.target, now)
                if asked is None or now - since < PROGRAM_SETTLING_SECONDS:
                    young[row.target] = since
        self._panes, self._young = rows.panes, young
        self._details = rows.details = details
        return unknown


class Looker:
    """Looks down the control connection where there is one, else by one spawned tmux; remembers between looks.

    A pane that did not change is the very same `Pane` object as before, so that comparing two looks is cheap.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        control: ControlClient | None,
        breaker: Breaker,
        clock: Clock,
        timeout: float,
    ) -> None:
        self._address = address
        self._control = control
        self._breaker = breaker
        self._clock = clock
        self._timeout = timeout
        self._memory = PaneMemory()
        self._rows: dict[str, PaneRow] = {}
        self._panes: formats.Panes = {}

    async def look(self, moved: Collection[PaneId] | None) -> Look:
        """All panes at once; raises TmuxUnreachable when nothing could be learned."""
        # A server that was too slow lately must answer something small before it is asked for everything.
        slow = bool(self._breaker.remaining)
        with self._breaker.judging("look", self._timeout):
            if self._control is not None and self._control.linked:
                try:
                    if slow:
                        await self._control.ask((), self._timeout)
                    return await self._down_the_pipe(self._control, moved)
                except ConnectionLost as error:
                    # The session our client was attached to has ended, or the server has: one spawned tmux tells which.
                    logger.debug("looking without the control connection: %s", error.message)
            if slow:
                await one_call.run(self._address, "list-sessions", "-F", "#{session_id}", timeout=self._timeout)
            return await self._spawned()

    async def _down_the_pipe(self, control: ControlClient, moved: Collection[PaneId] | None) -> Look:
        due = self._memory.due(moved)
        questions = formats.Questions()
        listing = (questions.panes(details=due is None), questions.clients())
        rows = await self._ask(control, questions, (*listing, *map(questions.details, due or ()), questions.server()))
        new = self._memory.fill(rows, self._clock.monotonic())
        if new:
            more = formats.Questions()
            found = await self._ask(control, more, (*map(more.details, new), more.server()))
            if found.incarnation == rows.incarnation:
                rows.details = found.details
                self._memory.fill(rows, self._clock.monotonic())
        return self._snapshot(rows)

    async def _spawned(self) -> Look:
        questions = formats.Questions()
        for pause in (*RETRY_PAUSES_SECONDS, None):
            ran = await one_call.run(
                self._address, *questions.everything(), timeout=self._timeout, most=one_call.MOST_BYTES_OF_ROWS
            )
            if pause is None or not ran.err.startswith(ENDING):
                break
            await asyncio.sleep(pause)
        if not ran.exit_code:
            rows = _whole(questions.read(ran.out, self._rows))
            self._memory.fill(rows, self._clock.monotonic())
            return self._snapshot(rows)
        error = one_call.failure(self._address, ran.err)
        if ran.err == NOTHING_THERE or isinstance(error, one_call.ServerAbsent):
            return NoServer(at=self._clock.now().timestamp())
        raise TmuxUnreachable(error.message, hint=error.hint)

    async def _ask(self, control: ControlClient, questions: Questions, commands: Sequence[Command]) -> Rows:
        blocks = await control.ask(commands, self._timeout)
        for command, block in zip(commands, blocks, strict=True):
            # A question about a single pane may fail, for the pane may be gone.
            if block.failed and "-t" not in command:
                # As when the last session has just gone: one spawned tmux tells what that means.
                raise ConnectionLost(f"tmux does not answer {command[0]}: {block.text}")
        return _whole(
            questions.read(b"\n".join(block.body for block in blocks if block.lines and not block.failed), self._rows)
        )

    def _snapshot(self, rows: Rows) -> Snapshot:
        snapshot, self._panes = formats.snapshot(rows, self._clock.now().timestamp(), self._panes)
        self._rows = rows.by_text
        return snapshot


def _whole(rows: Rows) -> Rows:
    """Rows whose last one, which tells who the server is, has come too."""
    if rows.incarnation is None and not rows.panes:
        raise one_call.Nonsense
    if rows.incarnation is None:
        raise TmuxUnreachable("tmux's answer was cut short.")
    return rows


class FirstLook:
    """One spawned tmux that lists everything, asked before all else: it answers while the program still starts.

    It may be asked for again at any time; the answer stays.
    """

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        self._questions = formats.Questions()
        self._answer: tuple[int, bytes, str] | None = None
        try:
            self._tmux = subprocess.Popen(
                one_call.command(address, *self._questions.everything()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=one_call.environment(),
            )
        except OSError as error:
            raise tmux_missing_error() from error
        # A thread, because a full pipe would hold tmux up, and nobody has an event loop yet.
        self._reader = threading.Thread(target=self._read, name="first look", daemon=True)
        self._reader.start()

    def wait(self, seconds: float) -> Look | None:
        """What it saw; None when it has not answered by then or could not tell. Then it is given up."""
        self._reader.join(seconds)
        if self._answer is None:
            self._tmux.kill()
            logger.debug("tmux has not answered the first look within %g s", seconds)
            return None
        exit_code, out, err = self._answer
        if exit_code:
            is_absent = isinstance(one_call.failure(self._address, err), one_call.ServerAbsent)
            return NoServer(at=wall_clock().timestamp()) if is_absent else None
        rows = self._questions.read(out)
        if rows.incarnation is None:
            return None
        # The next look reads a bad row again, and says what is wrong with it.
        return replace(formats.snapshot(rows, wall_clock().timestamp())[0], bad_rows=())

    def _read(self) -> None:
        with self._tmux as tmux:
            assert tmux.stdout is not None
            assert tmux.stderr is not None
            # One after the other: what fills the second pipe first is no tmux, and is given up in time.
            out = _up_to(one_call.MOST_BYTES_OF_ROWS, tmux.stdout)
            err = _up_to(one_call.MOST_ANSWER_BYTES, tmux.stderr) if out is not None else None
            if out is None or err is None:
                tmux.kill()
                return
            exit_code = tmux.wait()
        self._answer = exit_code, out, err.decode(errors="replace").strip()


def _up_to(most: int, pipe: IO[bytes]) -> bytes | None:
    """All that is said, or None when it is more than so many bytes."""
    said = bytearray()
    while len(said) <= most:
        more = os.read(pipe.fileno(), LOOK_CHUNK_BYTES)
        if not more:
            return bytes(said)
        said += more
    return None
