"""Making a session, a window or a split: exactly what was asked, with no shell in between, and alive a moment later."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quarterdeck.core.text import clean_lines
from quarterdeck.errors import TmuxRefused
from quarterdeck.process import child_environment
from quarterdeck.tmux import formats, one_call
from quarterdeck.tmux.quoting import unexpanded, words

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane, ServerAddress
    from quarterdeck.ports.mux import NewPane, NewSession

START_TIMEOUT_SECONDS: Final = 10.0
"""Seconds; a server that is started reads the operator's configuration first."""
SETTLE: Final = 0.05
"""Seconds a program must live to count as started."""
LAST_WORDS_LENGTH: Final = 2000
"""Characters kept of what a program said before it ended."""
_IN_TARGETS: Final = re.compile(r"[:.]")
"""What stands for something in a target. In a name tmux makes it `_` (up to 3.6), or keeps it (3.7)."""
_SPECIAL: Final = re.compile(r"[^\w:.]", re.ASCII)
DEAD_MARK: Final = "Pane is dead"
"""How tmux 3.3a begins the line it writes into a pane that it keeps."""


async def new_session(address: ServerAddress, wanted: NewSession, timeout: float = START_TIMEOUT_SECONDS) -> Pane:
    """Make a session and see that its program still runs a moment later.

    Until then its pane stays when the program ends (`remain-on-exit`), so that the last words can be read.
    """
    if wanted.name == "":
        # tmux 3.7 would make it, and nobody could name it.
        raise no_such_name(wanted.name)
    folder, environment = await asyncio.to_thread(_prepared, address, wanted)
    questions = formats.Questions()
    create = (
        *("new-session", "-d", "-P", "-F", questions.panes(details=True)[-1]),
        *("-x", str(wanted.columns), "-y", str(wanted.lines)),
        *(() if wanted.name is None else ("-s", unexpanded(wanted.name))),
        *(() if wanted.window_name is None else ("-n", unexpanded(wanted.window_name))),
        *_run_there(wanted, folder),
    )
    hold = () if wanted.name is None else _kept_dead(made_target(wanted.name))
    ran = await one_call.run(
        address, *words(*create), *((";", *words(*hold)) if hold else ()), timeout=timeout, starting_with=environment
    )
    rows = questions.read(ran.out)
    if not rows.panes:
        if ran.err.startswith("duplicate session"):
            raise TmuxRefused(f"A session named {wanted.name!r} exists already.")
        raise no_such_name(wanted.name) if ran.err.startswith("invalid session") else one_call.failure(address, ran.err)
    pane = formats.pane(rows.panes[0], rows.details.get(rows.panes[0].target))
    if ran.exit_code or not hold:
        await one_call.run(address, *_kept_dead(pane.pane_id), timeout=timeout)
    await asyncio.sleep(SETTLE)
    # What gives the session the size that was asked for, where tmux has not: 3.2 makes all of 80 columns.
    resize = f"resize-window -t {pane.pane_id} -x {wanted.columns} -y {wanted.lines}"
    let_follow = f"set-option -w -u -t {pane.pane_id} window-size"
    also = f" ; if-shell -F -t {pane.pane_id} '#{{m:3.2*,#{{version}}}}' '{resize} ; {let_follow}'"
    await _see_alive(address, pane, ("kill-session", "-t", pane.tmux_id), timeout, also)
    if wanted.window_index not in {None, pane.window_index}:
        move = ("move-window", "-s", pane.pane_id, "-t", f"{pane.tmux_id}:{wanted.window_index}")
        await one_call.run(address, *move, timeout=timeout)
    return pane


async def new_pane(address: ServerAddress, wanted: NewPane, timeout: float = START_TIMEOUT_SECONDS) -> Pane:
    """Make a window or a split, and see that its program still runs a moment later."""
    folder, environment = await asyncio.to_thread(_prepared, address, wanted)
    questions = formats.Questions()
    how: tuple[str, ...]
    if wanted.beside is not None:
        how = ("split-window", "-h" if wanted.goes_right else "-v", "-t", wanted.beside)
    else:
        index = "" if wanted.window_index is None else str(wanted.window_index)
        how = ("new-window", "-t", f"{wanted.tmux_id}:{index}")
        how += () if wanted.window_name is None else ("-n", unexpanded(wanted.window_name))
    create = (*how, "-d", "-P", "-F", questions.panes(details=True)[-1], *_run_there(wanted, folder))
    ran = await one_call.run(address, *words(*create), timeout=timeout, starting_with=environment)
    rows = questions.read(ran.out)
    if not rows.panes:
        if "no space for" in ran.err:
            raise TmuxRefused("There is no room for another pane.", hint="Make the window larger, or open a window.")
        raise one_call.failure(address, ran.err)
    pane = formats.pane(rows.panes[0], rows.details.get(rows.panes[0].target))
    await one_call.run(address, *_kept_dead(pane.pane_id), timeout=timeout)
    await asyncio.sleep(SETTLE)
    await _see_alive(address, pane, ("kill-pane", "-t", pane.pane_id), timeout)
    return pane


def _run_there(wanted: NewSession | NewPane, folder: str) -> tuple[str, ...]:
    """The end of a command that makes a pane: folder, environment and program."""
    # A single word tmux would hand to a shell.
    program = ("sh", "-c", 'exec "$0"', *wanted.argv) if len(wanted.argv) == 1 else wanted.argv
    env = (part for name, value in wanted.env.items() for part in ("-e", f"{name}={value}"))
    return ("-c", unexpanded(folder), *env, "--", *program)


def made_target(name: str) -> str:
    """A target for the session that was just made under this name, whatever tmux has made of it."""
    if not _IN_TARGETS.search(name):
        return f"={name}:"
    # A pattern: no session that is there can be meant by it as a whole, and where it fits two it fits none.
    return _IN_TARGETS.sub("[!a]", _SPECIAL.sub(r"\\\g<0>", name)) + ":"


def _kept_dead(target: str) -> tuple[str, ...]:
    return ("set-option", "-p", "-t", target, "remain-on-exit", "on")


async def _see_alive(address: ServerAddress, pane: Pane, end: tuple[str, ...], timeout: float, then: str = "") -> None:
    """Raise TmuxRefused when a pane's program has ended, with what it said; else let the pane be as others are."""
    ran = await one_call.run(
        address,
        *("display-message", "-p", "-t", pane.pane_id, "#{pane_id} #{pane_dead}", ";"),
        # Only of a living pane: tmux learns of an exit twice, and at the second time would take the pane away (3.3a).
        *("if-shell", "-F", "-t", pane.pane_id, "#{?pane_dead,,1}"),
        f"set-option -p -u -t {pane.pane_id} remain-on-exit{then}",
        timeout=timeout,
    )
    seen = ran.out.decode(errors="replace").strip()
    if seen == f"{pane.pane_id} 0":
        return
    status, said = "", ""
    if seen.startswith(f"{pane.pane_id} "):
        answer = await one_call.run(
            address,
            *("display-message", "-p", "-t", pane.pane_id, "#{pane_dead_status}", ";"),
            *("capture-pane", "-p", "-J", "-S", "-", "-t", pane.pane_id, ";"),
            *end,
            timeout=timeout,
            most=one_call.MOST_BYTES_OF_ROWS,
        )
        status, _, screen = answer.out.decode(errors="replace").partition("\n")
        # tmux 3.2a gives joined lines with blanks at their ends.
        lines = [line.rstrip() for line in clean_lines(screen).splitlines() if not line.startswith(DEAD_MARK)]
        said = "\n".join(lines).strip()[-LAST_WORDS_LENGTH:]
    raise TmuxRefused(
        f"The session's program ended at once{status and f' with status {status}'}.",
        hint=said or "It said nothing; run it by hand in that folder to see why.",
    )


def _prepared(address: ServerAddress, wanted: NewSession | NewPane) -> tuple[str, dict[str, str]]:
    """The folder's absolute path and the environment tmux runs in, once all is seen to be there."""
    # tmux would quietly start in the home folder where it cannot go there.
    if not wanted.cwd.is_dir():
        raise TmuxRefused(f"There is no folder {wanted.cwd}.")
    if not os.access(wanted.cwd, os.X_OK):
        raise TmuxRefused(f"The folder {wanted.cwd} cannot be entered.")
    for name in wanted.env:
        if not name or "=" in name:
            raise TmuxRefused(f"{name!r} cannot be the name of an environment variable.")
    environment = child_environment()
    if "PATH" in wanted.env:
        # A pane takes PATH from there, whatever `-e` says (3.3a).
        environment["PATH"] = wanted.env["PATH"]
    # tmux's own folder, made as it does for itself; told of a socket by its path it would not (3.3a).
    sockets = Path(address.socket).parent
    if sockets.name == f"tmux-{os.getuid()}" and sockets.parent.is_dir():
        sockets.mkdir(mode=0o700, exist_ok=True)
    folder = str(wanted.cwd.absolute())
    if wanted.argv:
        program = wanted.argv[0]
        # tmux starts the session of a program that is not there all the same, and says nothing.
        where = str(Path(folder, program)) if os.sep in program else program
        if shutil.which(where, path=environment.get("PATH")) is None:
            raise TmuxRefused(f"There is no program {program!r} to run.", hint="Is it installed, and on PATH?")
    return folder, environment


def no_such_name(name: str | None) -> TmuxRefused:
    """The error of a name that no session can have."""
    return TmuxRefused(f"tmux does not accept a session named {name!r}.")
