"""`names`: what a shell can complete and only we know. Hidden, and fast: it runs while somebody holds Tab."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from quarterdeck.cli.address import server_socket
from quarterdeck.cli.output import write
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError
from quarterdeck.foreign_files import read_text
from quarterdeck.store.glances import names
from quarterdeck.tmux.first_look import FirstLook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.cli.call import Call


PATIENCE = 0.3
"""Seconds that whoever holds Tab waits for tmux."""


def run(call: Call) -> int:
    """Print the names of a kind, each with what it is after a tab; nothing at all when they cannot be known."""
    kind, prefix = call.options.kind, call.options.prefix
    try:
        for name, what in KINDS[kind](call, prefix):
            # What a terminal must not be shown cannot be typed either.
            if name.startswith(prefix) and clean(name) == name:
                write(f"{name}\t{clean(what)}\n")
    except (QuarterdeckError, OSError, ValueError):
        # A word in the operator's command line is no place for an error: `doctor` tells it.
        return 1
    return 0


def _sessions(call: Call, prefix: str) -> Iterator[tuple[str, str]]:
    live = [each for each in _all_kept(call) if each[2] == "live"]
    yield from _told(live, prefix)
    known = {name for _, name, *_ in live}
    # Where nobody has watched yet, tmux alone knows.
    seen = FirstLook(call.address).wait(PATIENCE)
    if isinstance(seen, Snapshot):
        for name in dict.fromkeys(pane.session_name for pane in seen.panes):
            if name not in known:
                yield name, "not watched yet"


def _kept(call: Call, prefix: str) -> Iterator[tuple[str, str]]:
    return _told([each for each in _all_kept(call) if each[2] in {"live", "stale", "ended"}], prefix)


def _all_kept(call: Call) -> list[tuple[str, str, str, str]]:
    return names(call.places.state_file, server_socket(call.options.socket_name, call.options.socket_path))


def _told(found: list[tuple[str, str, str, str]], prefix: str) -> Iterator[tuple[str, str]]:
    counted = [name for _, name, *_ in found]
    by_name = False
    for session_id, name, status, state in found:
        if counted.count(name) == 1 and name.startswith(prefix):
            by_name = True
            yield name, f"{session_id}, {state if status == 'live' else status}"
    # Ids are what one types when names do not do.
    if not by_name or prefix:
        for session_id, name, *_ in found:
            yield session_id, name


def _projects(call: Call, _: str) -> Iterator[tuple[str, str]]:
    for name, project in _section(call, "projects").items():
        yield name, str(project.get("path", "")) if isinstance(project, dict) else ""


def _agents(call: Call, _: str) -> Iterator[tuple[str, str]]:
    from quarterdeck.plugins.loading import names as plugin_names

    for name in dict.fromkeys((*_section(call, "agents"), *plugin_names())):
        yield name, "agent"


def _section(call: Call, name: str) -> dict[str, object]:
    # Without the model, which takes longer to import than anybody holds Tab.
    file = call.places.config_file
    section = tomllib.loads(read_text(file)).get(name, {}) if file.exists() else {}
    return section if isinstance(section, dict) else {}


KINDS = {"session": _sessions, "kept": _kept, "project": _projects, "agent": _agents}
