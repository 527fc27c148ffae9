"""The pane this process runs in, as its environment tells it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.pane import PaneId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.pane import ServerAddress


def own_pane(address: ServerAddress, environment: Mapping[str, str] = os.environ) -> PaneId | None:
    """The pane this process runs in, if that is one of the server's."""
    socket = socket_in(environment)
    return pane_in(environment) if socket and is_same_socket(socket, address.socket) else None


def socket_in(environment: Mapping[str, str]) -> str:
    """The socket of the server we run in, "" outside: `TMUX` is `socket,server pid,session number`.

    Only the socket in it is sure to stay true.
    """
    return environment.get("TMUX", "").rsplit(",", 2)[0]


def pane_in(environment: Mapping[str, str]) -> PaneId | None:
    """The pane that the environment names; a popup gets no `TMUX_PANE` (3.3a)."""
    return pane_id_of(environment.get("TMUX_PANE", ""))


def pane_id_of(text: str) -> PaneId | None:
    """The id that a text is; None when it is none."""
    return PaneId(text) if re.fullmatch(r"%\d+", text) else None


def is_same_socket(one: str, other: str) -> bool:
    """Whether both paths lead to one socket, there or not."""
    try:
        return Path(one).samefile(other)
    except OSError:
        return Path(one) == Path(other)
