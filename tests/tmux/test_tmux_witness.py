"""What libtmux does, we see; what we do, libtmux sees: two ways to one server that share nothing but tmux."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import PaneId, ServerAddress, Snapshot, TmuxSessionId
from quarterdeck.ports.mux import NewSession
from quarterdeck.programs import tmux_program
from quarterdeck.tmux.mux import TmuxMux
from support.patience import PATIENCE
from support.tmux_mux import until_linked
from support.tmux_panes import as_value
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import libtmux

    from quarterdeck.core.pane import Pane

SHARED = ("pane_id", "window_id", "tmux_id", "session_name", "session_created", "pid", "tty", "dead")


@pytest.fixture(autouse=True)
def private_folder_of_tmux(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have libtmux's own fixtures make their server in a folder of the test's, with the tmux that is tried."""
    monkeypatch.setenv("TMUX_TMPDIR", str(short_folder))
    monkeypatch.setenv("PATH", f"{Path(tmux_program()).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(params=[True, False], ids=["a control client", "a tmux for each question"])
async def mux(request: pytest.FixtureRequest, session: libtmux.Session) -> AsyncIterator[TmuxMux]:
    """Ours, at the server that libtmux has made."""
    socket = session.server.cmd("display-message", "-p", "#{socket_path}").stdout[0]
    mux = TmuxMux(
        ServerAddress(socket), persistent=request.param, timeout=PATIENCE, command_timeout=PATIENCE, poll_every=1
    )
    if mux.control is not None:
        mux.control.start()
        assert await until_linked(mux.control)
    yield mux
    await mux.close()


async def ours(mux: TmuxMux) -> set[tuple[object, ...]]:
    look = await mux.look()
    assert isinstance(look, Snapshot)
    return {shared(pane) for pane in look.panes}


def theirs(server: libtmux.Server) -> set[tuple[object, ...]]:
    return {shared(as_value(pane)) for pane in server.panes}


def shared(pane: Pane) -> tuple[object, ...]:
    return tuple(getattr(pane, field) for field in SHARED)


async def test_every_pane_that_libtmux_makes_moves_renames_or_ends_is_seen(
    session: libtmux.Session, mux: TmuxMux
) -> None:
    server = session.server
    assert await ours(mux) == theirs(server)

    window = session.new_window(window_name="second", window_shell="sleep 3600")
    beside = window.split(shell="sleep 3600")
    other = server.new_session(session_name="other [x] 漢", window_command="sleep 3600")
    assert await ours(mux) == theirs(server)
    assert len(theirs(server)) == 5

    other.rename_session("one more")
    session.rename_session("renamed")
    window.move_window(session="one more")
    assert await ours(mux) == theirs(server)

    beside.kill()
    other.kill()
    assert await ours(mux) == theirs(server)


async def test_what_we_do_to_sessions_is_what_libtmux_finds(
    session: libtmux.Session, mux: TmuxMux, tmp_path: Path
) -> None:
    server = session.server
    made = await mux.new_session(NewSession(name="made", cwd=tmp_path, argv=("sleep", "3600"), columns=111, lines=33))
    found = server.sessions.get(session_name="made")
    assert found is not None
    assert (found.session_id, found.active_pane.pane_id if found.active_pane else None) == (made.tmux_id, made.pane_id)
    assert (found.active_window.window_width, found.active_window.window_height) == ("111", "33")

    await mux.rename_session(made.tmux_id, "another name")
    found.refresh()
    assert found.session_name == "another name"

    await mux.kill_session(made.tmux_id)
    assert not server.has_session("another name")
    assert await ours(mux) == theirs(server)


async def test_what_we_type_and_note_is_what_libtmux_reads(session: libtmux.Session, mux: TmuxMux) -> None:
    pane = session.active_window.split(shell="cat")
    await mux.send_text(PaneId(pane.pane_id or ""), "typed #{pid};")
    await mux.send_keys(PaneId(pane.pane_id or ""), ["Enter"])
    await mux.set_option("@quarterdeck_test", "noted")

    assert session.server.show_option("@quarterdeck_test") == "noted"
    until(lambda: pane.capture_pane()[:2] == ["typed #{pid};"] * 2, "libtmux read what was typed, and its echo")


async def test_our_control_client_is_the_only_client_and_leaves(session: libtmux.Session, mux: TmuxMux) -> None:
    server = session.server
    assert [client.client_control_mode for client in server.clients] == ["1"] * (mux.control is not None)
    assert await mux.clients() == ()

    await mux.close()
    assert list(server.clients) == []
    assert TmuxSessionId(session.session_id or "") in {session.session_id for session in server.sessions}
