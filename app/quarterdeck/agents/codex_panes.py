"""Which conversation one of Codex's processes shows, by what that process holds and by what the daemon tells of it.

Alone, a process holds the lock of its conversation and writes the rollout. Under the daemon it does neither: it offers
itself at a port, which the daemon names as the terminal of the conversations that it opened. Where those are several,
or another's, the terminal's title says which: a conversation's name stands in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import open_paths
from quarterdeck.agents.codex_server import FRONT_TRIES, reading_of, server_at
from quarterdeck.agents.codex_transcript import config_folder, first_row, is_front
from quarterdeck.core.text import clean
from quarterdeck.foreign_files import file_stamp, read_head
from quarterdeck.sockets import listening_sockets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from quarterdeck.agents.codex_server import CodexThread
    from quarterdeck.core.reading import Reading
    from quarterdeck.ports.agent_process import AgentHome, Program

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LOCK = re.compile(rf"/thread-writer-locks/({_ID})\.lock$")
_ROLLOUT = re.compile(rf"/sessions/\d+/\d+/\d+/rollout-[\dT-]+-({_ID})\.jsonl$")
_SOCKET = re.compile(r"socket:\[(\d+)\]$")
_MARKS = re.compile(r"^(?:\[ [!.] \] Action Required \| |[\u2800-\u28ff] )*")
_CUT = "..."
_PORTS_SEEN: dict[str, int] = {}
"""What listened when the kernel was last asked, which takes it long where there are many connections."""


def is_daemon(pid: int) -> bool:
    """Whether a process is the daemon, which may be a child of the terminal that needed it first."""
    try:
        argv = read_head(f"/proc/{pid}/cmdline", 4_096).split(b"\0")
    except OSError:
        return False
    return b"app-server" in argv[1:3]


def shown_conversation(program: Program, home: AgentHome | None, title: str) -> str:
    """The conversation a live process shows; "" where nothing proves one."""
    folder = config_folder(home)
    opened = list(open_paths(program.pid, leave_out=is_daemon))
    held = {found[1]: Path(each) for each in opened if (found := _LOCK.search(each))}
    written = {found[1]: Path(each) for each in opened if (found := _ROLLOUT.search(each))}
    if held or written:
        return _own(held, written)
    threads = server_at(folder).threads()
    ports = _ports_of({found[1] for each in opened if (found := _SOCKET.match(each))}) if threads else set()
    if not ports:
        return ""
    return shown_thread(threads.values(), ports, _opened_at(folder, threads), title=title, argv=program.argv)


def hidden_threads(folder: Path) -> list[CodexThread]:
    """The daemon's conversations that no terminal shows, as far as ports tell."""
    threads = server_at(folder).threads()
    if not threads:
        return []
    opened_at = _opened_at(folder, threads)
    shown = {shown_thread(threads.values(), {port}, opened_at) for port in {each.port for each in listening_sockets()}}
    # A new one may not have told yet which terminal opened it.
    placed = (each for each in threads.values() if each.front or each.front_tries >= FRONT_TRIES)
    return [each for each in placed if each.key not in shown]


def status(home: AgentHome | None, conversation: str) -> Reading | None:
    """What the daemon says of a conversation; None when it does not hold it."""
    thread = server_at(config_folder(home)).threads().get(conversation)
    return reading_of(thread) if thread else None


def shown_thread(
    threads: Iterable[CodexThread],
    ports: Collection[int],
    opened_at: Mapping[str, int],
    *,
    title: str = "",
    argv: Sequence[str] = (),
) -> str:
    """Which of the daemon's conversations the terminal at these ports shows; "" where nothing tells.

    It is the one named in its title; else the one it opened last; else the one its command line goes on with, whose
    first terminal is another while it works.
    """
    known = list(threads)
    own = [each for each in known if each.front in ports]
    named = [each for each in known if is_named(title, each.name)]
    asked = [each for each in known if each.key in argv]
    best = [each for each in own if each in named] or named or own or asked
    return max(best, key=lambda each: opened_at.get(each.key, 0)).key if best else ""


def is_named(title: str, name: str) -> bool:
    """Whether a title has a conversation's name in front, which may be cut there."""
    if not name:
        return False
    shown = _MARKS.sub("", clean(title))
    told, _, _ = shown.rpartition(" | ")
    return told == name or (told.endswith(_CUT) and len(told) > len(_CUT) and name.startswith(told.removesuffix(_CUT)))


def _own(held: Mapping[str, Path], written: Mapping[str, Path]) -> str:
    """The conversation of a process that runs it itself, among those of agents it spawned."""
    keys = list(held) or list(written)
    fronts = [key for key in keys if key not in written or is_front(first_row(written[key]))]
    return max(fronts or keys, key=lambda key: _stamp(held[key]) if key in held else 0) if len(keys) > 1 else keys[0]


def _opened_at(folder: Path, threads: Iterable[str]) -> dict[str, int]:
    return {key: _stamp(folder / "thread-writer-locks" / f"{key}.lock") for key in threads}


def _stamp(file: Path) -> int:
    """When a conversation was opened: its lock is made then."""
    found = file_stamp(file)
    return found[0] if found else 0


def _ports_of(inodes: Collection[str]) -> set[int]:
    """The ports of this machine at which these sockets listen; the kernel is asked for those that were not known."""
    known = {port for inode in inodes if (port := _PORTS_SEEN.get(inode))}
    if known:
        return known
    found = {each.inode: each.port for each in listening_sockets()}
    _PORTS_SEEN.clear()
    _PORTS_SEEN.update(found)
    return {found[inode] for inode in inodes if inode in found}
