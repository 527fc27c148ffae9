"""What a list of processes says of a pane: which programs run there, and whether anything does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHELLS = frozenset({"sh", "bash", "zsh", "fish", "dash", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "xonsh", "elvish"})
WRAPPER = "sh"
"""The shell that stands around an agent that we started, and ends with it."""

_INTERPRETERS = frozenset(
    {"node", "nodejs", "bun", "deno", "tsx", "ts-node", "python", "pypy", "ruby"}
    | {"npx", "bunx", "uvx", "pipx", "npm", "pnpm", "yarn", "uv"}
)
"""Programs that run another one under their own name, without the version that may stand behind it."""
_SHELL_OPTIONS_WITH_VALUE = frozenset({"--rcfile", "--init-file", "--init-command", "-C", "-o", "+o", "-O", "+O"})


def is_interpreter(name: str) -> bool:
    """Whether a program runs others under its own name, so that this says nothing: `python3.11`."""
    return name.rstrip("0123456789.") in _INTERPRETERS


class Process(Struct, frozen=True, kw_only=True):
    """One process, as the system lists it."""

    pid: int
    ppid: int
    name: str
    """Its short name; some systems cut it at 15 characters."""
    argv: tuple[str, ...] = ()
    started: float = 0.0
    """When it started, by a clock of the system's own that never goes back: with the pid it names one process."""
    in_front: bool = True
    """Whether its terminal gives it what is typed. True also where the system does not say."""


class ProcessTree(Struct, frozen=True):
    """All processes at one moment, and who is whose child."""

    processes: Mapping[int, Process] = field(default_factory=dict)
    children: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def grow(processes: Iterable[Process]) -> ProcessTree:
    """Order a list by parents.

    A list is not read in one instant: a child that is older than its parent has another one, whose pid was given
    away again meanwhile.
    """
    by_pid = {process.pid: process for process in processes}
    children: dict[int, list[int]] = {}
    for process in by_pid.values():
        parent = by_pid.get(process.ppid)
        if parent is not None and parent.pid != process.pid and parent.started <= process.started:
            children.setdefault(parent.pid, []).append(process.pid)
    return ProcessTree(by_pid, {pid: tuple(sorted(below)) for pid, below in children.items()})


def children_of(tree: ProcessTree, pid: int) -> tuple[Process, ...]:
    """The direct children, in the order of their pids."""
    return tuple(tree.processes[child] for child in tree.children.get(pid, ()))


def below(tree: ProcessTree, pid: int) -> Iterator[Process]:
    """The process itself and all below it, nearest first."""
    waiting = [pid] if pid in tree.processes else []
    met = set(waiting)
    for current in waiting:
        yield tree.processes[current]
        found = [child for child in tree.children.get(current, ()) if child not in met]
        met.update(found)
        waiting += found


def is_shell(name: str) -> bool:
    """Whether a program is a shell, also as a login shell."""
    return name.rpartition("/")[2].lstrip("-") in SHELLS


def has_work(tree: ProcessTree, pid: int, command: str = "") -> bool | None:
    """Whether something runs in a pane; None when the pane's process is not in the list.

    A pane whose own process is no shell runs that program. `command` is the foreground command: where it is the shell
    itself, what runs below it was put into the background, unless it is a shell too (a script).
    """
    process = tree.processes.get(pid)
    return None if process is None else _works(tree, process, in_front=command)


def _works(tree: ProcessTree, process: Process, *, in_front: str) -> bool:
    if not is_shell(process.name):
        return True
    running = children_of(tree, process.pid)
    if in_front and is_shell(in_front):
        running = tuple(child for child in running if is_shell(child.name))
    if running:
        # A shell may only have started another one, which waits for commands itself.
        return any(_works(tree, child, in_front=in_front) for child in running)
    return _runs_script(process)


def _runs_script(shell: Process) -> bool:
    """Whether a shell was given something to run, and so does not wait for commands."""
    return script_of(shell) is not None


def script_of(shell: Process) -> str | None:
    """The script that a shell was given, "" for a command of its command line; None when it waits for commands."""
    words = iter(shell.argv[1:])
    for word in words:
        if word in _SHELL_OPTIONS_WITH_VALUE:
            next(words, None)
        elif not word.startswith(("-", "+")):
            return word
        elif word[0] == "-" and word[1:2] != "-" and "c" in word:
            return ""
    return None
