"""Which tmux server is meant."""

from __future__ import annotations

import os

from quarterdeck.errors import UsageError
from quarterdeck.roots import absolute

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def server_socket(
    name: str | None, path: str | None, environ: Mapping[str, str] = os.environ, uid: int | None = None
) -> str:
    """The socket of `-S PATH`, else of `-L NAME`, else of the server we run in, else the default one, as in tmux."""
    if path is not None:
        if not path:
            raise UsageError("The path after -S is empty.", hint="-S takes the path of a tmux socket.")
        return _real(path)
    if name is not None:
        if not name or "/" in name or name in {".", ".."}:
            raise UsageError(
                f"{name!r} is not the name of a tmux server.", hint="-L takes a plain name; -S takes a path."
            )
        return _named(name, environ, uid)
    # `$TMUX` is socket,pid,session; only the socket may hold commas itself.
    ours = environ.get("TMUX", "").rsplit(",", 2)[0]
    return _real(ours) if ours else _named("default", environ, uid)


def _named(name: str, environ: Mapping[str, str], uid: int | None) -> str:
    # tmux ignores a TMUX_TMPDIR that does not exist (seen on 3.3a).
    chosen = environ.get("TMUX_TMPDIR", "")
    folder = chosen if chosen and os.path.isdir(chosen) else "/tmp"  # noqa: S108 - tmux's own place
    return os.path.join(os.path.realpath(folder), f"tmux-{os.getuid() if uid is None else uid}", name)


def _real(socket: str) -> str:
    # The folder only: two ways to name one server must not make it two servers.
    folder, name = os.path.split(absolute(socket))
    return os.path.join(os.path.realpath(folder), name)
