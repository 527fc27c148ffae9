"""Has read the whole program once, and splits off a process for each run of it: `warm_server.py FD`.

Each message on the socket FD is a run, with its standard streams and a pipe that is told the process and how it ended.
"""

from __future__ import annotations

import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import quarterdeck

SCREEN = ("quarterdeck.tui", "quarterdeck.__main__")
"""What no command that ends by itself reads."""
MOST_BYTES = 1 << 18


def read_everything() -> None:
    """Import the program, without its screen, and what programs of tests stand on."""
    for found in pkgutil.walk_packages(quarterdeck.__path__, "quarterdeck."):
        if not found.name.startswith(SCREEN):
            import_module(found.name)
    for name in ("support.work_contexts", "support.git_repo"):
        import_module(name)


class Run:
    """What a new process is to do."""

    def __init__(self, wanted: dict[str, Any], streams: list[int]) -> None:
        self.wanted = wanted
        self.streams = streams

    def __call__(self) -> None:
        """Be that program from now on."""
        for number, stream in enumerate(self.streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(self.wanted["env"])
        os.chdir(self.wanted["cwd"])
        for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
            before = getattr(sys, name)
            setattr(sys, name, os.fdopen(number, mode, encoding=before.encoding, errors=before.errors, closefd=False))
        sys.argv[1:] = self.wanted["argv"]
        runpy.run_module(self.wanted["module"], run_name="__main__", alter_sys=True)


def serve(requests: socket.socket) -> Run | None:
    """Take runs until nobody can ask any more; answers a run in the process that was made for it."""
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    told: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            _tell_who_ended(told)
        if requests.fileno() not in ready:
            continue
        asked, fds, _, _ = socket.recv_fds(requests, MOST_BYTES, 4)
        if not asked:
            return None
        *streams, tell = fds
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (woken, wake, tell, *told.values()):
                os.close(fd)
            requests.close()
            return Run(json.loads(asked), streams)
        for stream in streams:
            os.close(stream)
        told[pid] = tell
        os.write(tell, f"{pid}\n".encode())


def _tell_who_ended(told: dict[int, int]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            tell = told.pop(ended[0])
            with suppress(BrokenPipeError):
                os.write(tell, f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
            os.close(tell)


def main() -> None:
    """Serve."""
    read_everything()
    run = serve(socket.socket(fileno=int(sys.argv[1])))
    if run is not None:
        run()


if __name__ == "__main__":
    main()
