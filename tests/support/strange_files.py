"""What may stand where a file is looked for, and a call that must not wait for it."""

from __future__ import annotations

import os
import queue
import socket
import threading
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

SOON = 20.0
"""Seconds: whatever waits for a writer waits for ever, and whatever does not is done long before."""


def put_pipe(path: Path) -> str:
    """A named pipe that nobody writes into."""
    os.mkfifo(path)
    return "it is a pipe"


def put_socket(path: Path) -> str:
    """A socket that nobody listens at; its name may be longer than a socket's address."""
    here = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)
    return "it is a socket"


def put_folder(path: Path) -> str:
    """A folder."""
    path.mkdir()
    return "Is a directory"


def put_device(path: Path) -> str:
    """A link to a device that never ends."""
    path.symlink_to("/dev/zero")
    return "it is a device"


STRANGE = {"pipe": put_pipe, "socket": put_socket, "folder": put_folder, "device": put_device}
"""What it is → puts one there, and says what a reader is told of it."""


def at_once(call: Callable[[], T]) -> T:
    """What a call answers or raises; the test fails where it waits."""
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        answer, error = answers.get(timeout=SOON)
    except queue.Empty:
        pytest.fail("it waits for a file that never comes")
    if error is not None:
        raise error
    return answer  # type: ignore[return-value] # None only where the call answers that
