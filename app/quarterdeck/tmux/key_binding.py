"""Our key in tmux's prefix table: what it runs, how it is put there, known again and taken away."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from quarterdeck.errors import Refused, TmuxMissing, TmuxRefused, UsageError
from quarterdeck.ports.mux import FreeKey
from quarterdeck.tmux import one_call
from quarterdeck.tmux.quoting import unexpanded, words
from quarterdeck.tmux.tmux_commands import TmuxCommands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import ServerAddress

TABLE: Final = "prefix"
OUR_KEY_TABLE: Final = "quarterdeck"
"""A table of ours, in which no key stays."""
SPARE_KEY: Final = "User999"
"""A key that no terminal sends unless its operator says so, to stand beside the one that is asked for."""
NOTE: Final = "Quarterdeck: the console"
"""What `prefix ?` says of the key."""
BACK: Final = ("back", "--open", "--client")
POPUP: Final = ("console", "--from-key")
FREE_KEYS: Final = ("g", "Q", "G", "u", "y", "Y")
"""Keys that tmux leaves free, in the order in which one is proposed."""
WAS: Final = "@quarterdeck_key_was_"
"""Begins the name of the server option that holds what a key did before it was ours."""

_BINDING: Final = re.compile(r"bind-key\s+(?:-r\s+)?-T\s+(\S+)\s+(\S+)\s+(.*)")
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_MEANS_SOMETHING: Final = re.compile(r'[\\"$]')


class Binding(Struct, frozen=True):
    """One key of the prefix table."""

    key: str
    command: str
    """As tmux prints it."""
    line: str
    """The whole line that makes it."""

    @property
    def is_ours(self) -> bool:
        """Whether it opens the console."""
        return any(" ".join(mark) in self.command for mark in (BACK, POPUP))

    @property
    def is_popup(self) -> bool:
        """Whether it opens a popup."""
        return self.command.startswith("display-popup")


def console_command(program: Sequence[str], *, popup: bool) -> tuple[str, ...]:
    """What the key runs, as one tmux command."""
    if popup:
        # -EE: a console that could not start leaves what it said to be read.
        return (*("display-popup", "-EE", "-w", "90%", "-h", "90%", "-d", "#{pane_current_path}"), *program, *POPUP)
    # tmux expands the line as a format and hands it to a shell; only the client's name shall be expanded.
    return "run-shell", "-b", unexpanded(shlex.join([*program, *BACK])) + " #{q:client_name}"


def conf_line(key: str, command: Sequence[str]) -> str:
    """The line for tmux.conf that puts the command on the key."""
    # The command's words are read twice: as words of the line, and by `bind-key`.
    return " ".join(map(conf_word, ("bind-key", "-N", NOTE, key, *words(*command))))


def conf_word(word: str) -> str:
    """A word as tmux's configuration reads it back."""
    if _PLAIN_WORD.fullmatch(word):
        return word
    if "'" not in word and "\n" not in word:
        return f"'{word}'"
    return '"' + _MEANS_SOMETHING.sub(r"\\\g<0>", word).replace("\n", "\\n") + '"'


def proposed(bound: Mapping[str, Binding], *, popup: bool) -> str:
    """The key that is ours for this already, else the first that is free."""
    for each in bound.values():
        if each.is_ours and each.is_popup == popup:
            return each.key
    free = [key for key in FREE_KEYS if key not in bound]
    if not free:
        tried = ", ".join(FREE_KEYS)
        raise Refused(f"Each of the keys {tried} is in use after the prefix.", hint="Name a key: quarterdeck bind F12")
    return free[0]


async def prefix(address: ServerAddress) -> str:
    """The key that is pressed before ours."""
    return (await TmuxCommands(address).options(["prefix"])).get("prefix", "prefix")


async def bindings(address: ServerAddress) -> list[Binding]:
    """Every key of the prefix table."""
    # Of all tables: of one that has a single key tmux 3.7 prints nothing.
    printed = (await one_call.ask(address, "list-keys")).decode(errors="replace")
    if printed and not any(map(_BINDING.match, printed.splitlines())):
        raise one_call.Nonsense
    return [found for line in printed.splitlines() if (found := read_binding(line)) is not None]


def read_binding(line: str) -> Binding | None:
    """A line of `list-keys`; None when it is none."""
    found = _BINDING.match(line)
    if found is None or found[1] != TABLE:
        return None
    return Binding(_unescaped(found[2]), found[3], line)


async def key_name(address: ServerAddress, key: str) -> str:
    """The key as tmux names it (`^g` is `C-g`); raises UsageError when there is no such key."""
    try:
        # In a table of ours that is gone again before anybody could press the key. It is the first, so that a key that
        # is none leaves nothing there, and not the only one: of a single key tmux 3.7 prints nothing.
        answer = await one_call.ask(
            address,
            *("bind-key", "-T", OUR_KEY_TABLE, *words(key), "display-message", ";"),
            *("bind-key", "-T", OUR_KEY_TABLE, SPARE_KEY, "display-message", ";"),
            *("list-keys", "-T", OUR_KEY_TABLE, ";", "unbind-key", "-a", "-T", OUR_KEY_TABLE),
        )
    except TmuxRefused as error:
        if "unknown key" in error.message:
            raise UsageError(
                f"tmux knows no key {key!r}.", hint="Keys are named as in tmux: g, C-g, M-g, F12."
            ) from error
        raise
    found = map(_BINDING.match, answer.decode(errors="replace").splitlines())
    names = {_unescaped(line[2]) for line in found if line is not None} - {SPARE_KEY}
    return names.pop() if names else SPARE_KEY


async def bind(address: ServerAddress, key: str, command: Sequence[str], *, was: Binding | None) -> None:
    """Put the command on the key; what stood there before, unless it was ours, is kept for `unbind`."""
    option = WAS + key.encode().hex()
    if was is not None and not was.is_ours:
        await one_call.ask(address, *words("set-option", "-s", option, was.line))
    elif was is None:
        await one_call.ask(address, *words("set-option", "-s", "-u", option))
    # The key's words are read a second time, as a command line of their own.
    await one_call.ask(address, *words("bind-key", "-N", NOTE, "-T", TABLE, key, *words(*command)))


async def unbind(address: ServerAddress, key: str) -> str:
    """Take the key away, and give it back what it did before; answers that, or ""."""
    option = WAS + key.encode().hex()
    kept = (await one_call.ask(address, *words("show-options", "-sqv", option))).decode(errors="replace").strip("\n")
    if kept:
        await one_call.ask(address, "source-file", "-", stdin=kept.encode() + b"\n")
    else:
        await one_call.ask(address, *words("unbind-key", "-T", TABLE, key))
    await one_call.ask(address, *words("set-option", "-s", "-u", option))
    before = read_binding(kept)
    return before.command if before is not None else ""


def _unescaped(key: str) -> str:
    """A key as `list-keys` prints it: one letter after a backslash, a longer name in quotes."""
    quoted = len(key) > 2 and key[0] == key[-1] == '"'
    return re.sub(r"\\(.)", r"\1", key[1:-1] if quoted else key) if len(key) > 1 else key


class TmuxConsoleKey:
    """Implements ports.mux.ConsoleKey for one server."""

    def __init__(self, address: ServerAddress, program: Sequence[str]) -> None:
        self._address = address
        self._program = program
        """How this program is called."""
        self._command = console_command(program, popup=False)

    async def free(self) -> FreeKey | None:
        """A key that could be it; None when one is already, or no server runs."""
        try:
            bound = {each.key: each for each in await bindings(self._address)}
            before = await prefix(self._address)
        except (one_call.ServerAbsent, TmuxMissing):
            return None
        if any(each.is_ours for each in bound.values()):
            return None
        key = proposed(bound, popup=False)
        return FreeKey(
            pressed=f"{before} {key}",
            key=key,
            line=conf_line(key, self._command),
            for_good=f"{shlex.join([*self._program, 'bind', key, '--print'])} >> ~/.tmux.conf",
        )

    async def bind(self, found: FreeKey) -> None:
        """Bind it, until the server ends."""
        if any(each.key == found.key for each in await bindings(self._address)):
            raise Refused(f"{found.pressed} was bound meanwhile, so it is left alone.", hint="Try again.")
        await bind(self._address, found.key, self._command, was=None)
