"""What we do to a server: by id or exact name, bounded in time, and seen to be done."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from quarterdeck.core.pane import PaneId, TmuxSessionId
from quarterdeck.errors import TmuxError, TmuxRefused, TmuxUnreachable
from quarterdeck.tmux import formats, one_call
from quarterdeck.tmux.new_session import START_TIMEOUT_SECONDS as STARTING
from quarterdeck.tmux.new_session import new_pane, new_session, no_such_name
from quarterdeck.tmux.one_call import Breaker
from quarterdeck.tmux.quoting import all_on_screen, control_line, unexpanded, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import Client, Pane, ServerAddress
    from quarterdeck.ports.mux import NewPane, NewSession

logger = logging.getLogger(__name__)

PASTE_TIMEOUT: Final = 10.0
"""Seconds; a paste may be long."""

ASK_ATTEMPTS: Final = 4
ASK_PAUSE_SECONDS: Final = 0.05
"""A server on its way out answers neither yes nor no for some milliseconds (3.3a): so often and so late it is asked."""

GONE: Final = ("can't find session", "can't find pane", "no sessions", "no current target")
"""What tmux says of what is not there; the last one while the server ends with its last session (3.3a)."""

_UNPASTEABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters but tab and line feed: ESC would end a bracketed paste from within."""


class TmuxCommands:
    """Everything that changes one server, and the questions that belong to that.

    A command that timed out would still be carried out when a stopped server goes on (3.3a). So each act begins with
    a harmless question: a server that is stopped leaves that one unanswered, and nothing is done then or later.
    """

    def __init__(
        self, address: ServerAddress, timeout: float = one_call.CALL_SECONDS, breaker: Breaker | None = None
    ) -> None:
        self.address = address
        self.breaker = breaker or Breaker(time.monotonic)
        self._timeout = timeout

    async def new_session(self, wanted: NewSession) -> Pane:
        """Make a session; raises TmuxRefused when tmux does not, or when its program ended at once."""
        with suppress(one_call.ServerAbsent):
            await self.incarnation()
        return await new_session(self.address, wanted, max(STARTING, self._timeout))

    async def new_pane(self, wanted: NewPane) -> Pane:
        """Make a window or a split of a session that is there; raises TmuxRefused as for a session."""
        await self.incarnation()
        return await new_pane(self.address, wanted, max(STARTING, self._timeout))

    async def kill_session(self, tmux_id: TmuxSessionId, *, of: str = "") -> None:
        """End a session and see that it is gone. One that is gone already is no error.

        With `of`, a server that was started anew since then is left alone: its ids count from 0 again.
        """
        await self._end("kill-session", _session(tmux_id), "has-session", of)

    async def kill_pane(self, pane_id: PaneId, *, of: str = "") -> None:
        """End a pane in the same way; the last of a window takes that along, the last of a session both."""
        await self._end("kill-pane", _pane(pane_id), "list-panes", of)

    async def _end(self, how: str, target: str, lists: str, of: str) -> None:
        """End a thing of tmux; `lists` is a command that fails once it is gone."""
        for attempt in range(ASK_ATTEMPTS):
            try:
                running = await self.incarnation()
                if of and running != of:
                    return
                await self._command(how, target=target)
                await self._command(lists, target=target)
            except TmuxError as error:
                if isinstance(error, one_call.ServerAbsent) or any(words in error.message for words in GONE):
                    return
                is_ending = isinstance(error, TmuxUnreachable) and "server exited" in error.message
                if attempt + 1 == ASK_ATTEMPTS or not is_ending:
                    raise
                await asyncio.sleep(ASK_PAUSE_SECONDS)
            else:
                raise TmuxRefused(f"tmux did not end {target}.")

    async def incarnation(self) -> str:
        """Which run of the server answers now, in the words of `core.pane.Incarnation`."""
        answer = await self._command("display-message", "-p", "#{pid}:#{start_time}")
        if len(answer) != 1 or re.fullmatch(r"\d+:\d+", answer[0]) is None:
            raise one_call.Nonsense
        return answer[0]

    async def rename_session(self, tmux_id: TmuxSessionId, name: str) -> None:
        """Give a session another name; raises TmuxRefused when it is taken, or when tmux takes no such name."""
        if not name:
            raise no_such_name(name)
        await self.incarnation()
        try:
            await self._command("rename-session", "--", unexpanded(name), target=_session(tmux_id))
        except TmuxRefused as error:
            if "duplicate session" in error.message:
                raise TmuxRefused(f"A session named {name!r} exists already.") from error
            if "invalid session" in error.message:
                raise no_such_name(name) from error
            raise

    async def send_keys(self, pane_id: PaneId, keys: Sequence[str]) -> None:
        """Press keys by tmux's names for them, such as `Enter` and `C-c`."""
        if keys:
            await self._type(pane_id, "--", *keys)

    async def send_keys_if(self, pane_id: PaneId, keys: Sequence[str], shows: Sequence[str]) -> bool:
        """Press keys if the visible screen shows all these words; tmux looks and presses in one go."""
        await self._refuse_dead(pane_id)
        said = await self._command(
            *("if-shell", "-F", all_on_screen(shows)),
            control_line(("send-keys", "-t", _pane(pane_id), "--", *keys)),
            control_line(_say("no")),
            target=_pane(pane_id),
        )
        return said != ["no"]

    async def send_text(self, pane_id: PaneId, text: str) -> None:
        """Type text literally, whatever it holds."""
        if text:
            await self._type(pane_id, "-l", "--", text)

    async def _type(self, pane_id: PaneId, *args: str) -> None:
        await self._refuse_dead(pane_id)
        await self._command("send-keys", *args, target=_pane(pane_id))

    async def paste(self, pane_id: PaneId, text: str) -> None:
        """Put text of any length into the pane as one bracketed paste, without its control characters."""
        stripped = _UNPASTEABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        if not stripped:
            return
        await self._refuse_dead(pane_id)
        # tmux's buffers are seen by every client of the server: a name nobody guesses, and gone with the paste.
        buffer = f"quarterdeck-{secrets.token_hex(8)}"
        try:
            await one_call.ask(
                self.address,
                *("load-buffer", "-b", buffer, "-", ";"),
                *("paste-buffer", "-p", "-r", "-d", "-b", buffer, "-t", _pane(pane_id)),
                stdin=stripped.encode(errors="replace"),
                timeout=max(PASTE_TIMEOUT, self._timeout),
            )
        except BaseException:
            try:
                await one_call.run(self.address, "delete-buffer", "-b", buffer, timeout=self._timeout)
            except TmuxError as error:
                logger.warning("a paste buffer may be left at the server: %s", error.message)
            raise

    async def leave_mode(self, pane_id: PaneId) -> None:
        """Leave copy mode, if the pane is in it."""
        await self._command("copy-mode", "-q", target=_pane(pane_id))

    async def clients(self) -> tuple[Client, ...]:
        """The real clients, control clients left out."""
        questions = formats.Questions()
        answer = await self._command(*questions.clients())
        return tuple(questions.read("\n".join(answer).encode()).clients)

    async def switch_client(self, client: str, pane_id: PaneId) -> None:
        """Show a pane on a client, its window as zoomed as it was, and see that it is shown."""
        await self.incarnation()
        await self._command("switch-client", "-Z", "-c", client, target=await self._in_session(client, pane_id))
        shown = next((known.pane_id for known in await self.clients() if known.name == client), None)
        if shown != pane_id:
            raise TmuxRefused(f"{client} does not show pane {pane_id}.", hint="Was it closed, or the client detached?")

    async def _in_session(self, client: str, pane_id: PaneId) -> str:
        """The pane in the session it is to be shown in, where its window stands in several.

        That is the one the client shows already, else one that another terminal shows, else the oldest.
        """
        places = await self._command(
            *("list-panes", "-a", "-f", f"#{{==:#{{pane_id}},{_pane(pane_id)}}}"),
            *("-F", "#{session_id}:#{window_id}.#{pane_id}"),
        )
        if len(places) < 2:
            return _pane(pane_id)
        clients = await self.clients()
        shown = {str(known.tmux_id) for known in clients}
        here = next((str(known.tmux_id) for known in clients if known.name == client), "")

        def rank(place: str) -> tuple[bool, bool, int]:
            tmux_id = place.partition(":")[0]
            return tmux_id != here, tmux_id not in shown, int(tmux_id.removeprefix("$"))

        return min(places, key=rank)

    async def detach_client(self, client: str) -> None:
        """Take a client off the server, which gives its terminal back."""
        await self._command("detach-client", "-t", client)

    async def tell(self, client: str, text: str) -> None:
        """Show a line on a terminal for a moment."""
        await self._command("display-message", "-c", client, unexpanded(text))

    async def options(self, names: Sequence[str]) -> dict[str, str]:
        """Global options by name; one this tmux does not know is missing."""
        found: dict[str, str] = {}
        left = list(names)
        while left:
            mark = secrets.token_hex(8)
            command = [part for name in left for part in (*words("show-options", "-gqv", name), ";", *_say(mark), ";")]
            answer = (await one_call.ask(self.address, *command[:-1], timeout=self._timeout)).decode(errors="replace")
            *values, rest = answer.split(f"{mark}\n")
            if rest or (len(left) == len(names) and not values):
                raise one_call.Nonsense
            found |= {name: value.removesuffix("\n") for name, value in zip(left, values, strict=False) if value}
            # tmux 3.2 leaves out what follows an option that it does not know, so the rest is asked again.
            left = left[len(values) + 1 :]
        return found

    async def set_option(self, name: str, value: str | None) -> None:
        """Set a server-wide option of ours (`@name`), or unset it with None."""
        rest = ("-u", name) if value is None else (name, value)
        await self._command("set-option", "-s", *rest)

    async def option(self, name: str) -> str | None:
        """A server-wide option of ours; None when it is not set."""
        answer = await self._command("show-options", "-sqv", name)
        return "\n".join(answer) or None

    async def session_of(self, pane_id: PaneId) -> TmuxSessionId | None:
        """The session a pane is in; None when there is no such pane: asked for it, tmux gives empty fields (3.3a)."""
        found, _, session = (await self._fields(pane_id, "#{pane_id} #{session_id}")).partition(" ")
        return TmuxSessionId(session) if found == pane_id else None

    async def newest_client(self, tmux_id: TmuxSessionId | None = None) -> str:
        """The name of the client with the newest key press, of one session or of all; "" when there is none."""
        target = None if tmux_id is None else f"{_session(tmux_id)}:"
        return " ".join(await self._command("display-message", "-p", "#{client_name}", target=target))

    async def _command(self, name: str, *args: str, target: str | None = None) -> list[str]:
        """Run one tmux command and give the lines it printed."""
        aim = () if target is None else ("-t", target)
        with self.breaker.judging(name, self._timeout):
            ran = await one_call.run(self.address, *words(name, *aim, *args), timeout=self._timeout)
        if ran.exit_code:
            raise one_call.failure(self.address, ran.err)
        return ran.out.decode(errors="replace").splitlines()

    async def _refuse_dead(self, pane_id: PaneId) -> None:
        """Keys for a program that has ended would vanish without a word (3.3a)."""
        found, _, dead = (await self._fields(pane_id, "#{pane_id} #{pane_dead}")).partition(" ")
        if found != pane_id:
            raise TmuxRefused(f"There is no pane {pane_id} any more.")
        if dead != "0":
            raise TmuxRefused(f"The program in pane {pane_id} has ended.")

    async def _fields(self, pane_id: PaneId, fmt: str) -> str:
        return " ".join(await self._command("display-message", "-p", fmt, target=_pane(pane_id)))


def _say(text: str) -> tuple[str, ...]:
    return ("display-message", "-p", text)


def _session(tmux_id: TmuxSessionId) -> str:
    """A target that can only be this id; anything else tmux would match against names."""
    if re.fullmatch(r"\$\d+", tmux_id) is None:
        raise TmuxRefused(f"{tmux_id!r} is no session id.")
    return tmux_id


def _pane(pane_id: PaneId) -> str:
    if re.fullmatch(r"%\d+", pane_id) is None:
        raise TmuxRefused(f"{pane_id!r} is no pane id.")
    return pane_id
