"""What we do to a real server, and see done."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import PaneId, ServerAddress, TmuxSessionId
from quarterdeck.errors import TmuxRefused, TmuxUnreachable
from quarterdeck.ports.mux import NewSession
from quarterdeck.process import NOT_INHERITED
from quarterdeck.programs import TMUX_VARIABLE, find_tmux
from quarterdeck.tmux.new_session import made_target
from quarterdeck.tmux.quoting import unexpanded, words
from quarterdeck.tmux.tmux_commands import TmuxCommands
from quarterdeck.values import replace
from support.patience import PATIENCE
from support.tmux_panes import pane_of
from support.tmux_server import TmuxServer, until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

pytestmark = pytest.mark.process

ADVERSARIAL = [
    "two words",
    "[/x]",
    "漢字 émoji 🦀",
    'it\'s "quoted"',
    "$(touch canary)",
    "`touch canary`",
    "-dash",
    "--",
    "   ",
    "7",
    "ends;",
    "ends\\;",
    "#{pid}",
    "##{pid}",
    "#(touch canary)",
    "a#b##c#[fg=red]##[fg=red]#",
    "100% %H",
    "=equal",
    "@1",
    "%1",
    "$1",
    "*",
    "x" * 300,
]


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        yield server


@pytest.fixture
def commands(server: TmuxServer) -> TmuxCommands:
    return TmuxCommands(ServerAddress(server.socket), PATIENCE)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def read_bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def shown(server: TmuxServer, pane_id: str) -> str:
    return server.run("capture-pane", "-p", "-J", "-t", pane_id)


@pytest.mark.parametrize("name", ADVERSARIAL)
async def test_a_session_is_made_renamed_and_ended_under_any_name(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server.session("bystander")

    pane = await commands.new_session(NewSession(name=name, cwd=tmp_path, argv=("sleep", "99")))
    stored = name.replace("\\;", "\\\\;")
    assert pane.session_name == stored
    assert server.sessions().count(stored) == 1

    await commands.rename_session(pane.tmux_id, "other")
    await commands.rename_session(pane.tmux_id, name)
    assert server.ask(pane.pane_id, "#{session_name}") == stored

    await commands.kill_session(pane.tmux_id)
    assert server.sessions() == ["bystander"]
    assert "canary" not in files_in(tmp_path)


async def test_a_name_with_a_tab_is_kept_or_refused_as_tmux_does(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path
) -> None:
    server.session("bystander")
    wanted = NewSession(name="tab\there", cwd=tmp_path, argv=("sleep", "99"))
    if server.version() < (3, 7):
        pane = await commands.new_session(wanted)
        await commands.rename_session(pane.tmux_id, "other")
        await commands.rename_session(pane.tmux_id, "tab\there")
        assert pane.session_name == server.ask(pane.pane_id, "#{session_name}") == "tab\\there"
        await commands.kill_session(pane.tmux_id)
    else:
        with pytest.raises(TmuxRefused, match="tmux does not accept a session named"):
            await commands.new_session(wanted)
        with pytest.raises(TmuxRefused, match="tmux does not accept a session named"):
            await commands.rename_session(TmuxSessionId("$0"), "tab\there")

    assert server.sessions() == ["bystander"]


async def test_any_name_made_of_what_tmux_gives_a_meaning_stays_as_it_is(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    dice = random.Random(7)
    server.session("start")

    for _ in range(60):
        name = "n" + "".join(dice.choices("###[]{}(),;%\\ $'\"~", k=dice.randint(1, 9)))
        await commands.rename_session(TmuxSessionId("$0"), name)
        # tmux 3.3a keeps a backslash as two.
        assert server.sessions() == [name.replace("\\", "\\\\")], name


# -- making a session


async def test_the_session_is_what_was_asked(server: TmuxServer, commands: TmuxCommands, tmp_path: Path) -> None:
    folder = tmp_path / "a #{pid} #(touch canary) 100% folder;"
    folder.mkdir()

    pane = await commands.new_session(NewSession(name="made", cwd=folder, argv=("sleep", "99"), columns=111, lines=33))

    assert pane == replace(
        pane_of(server, pane.pane_id),
        **{
            field: getattr(pane, field)
            for field in ("width", "height", "command", "path", "title", "activity", "cursor")
        },
    )
    assert server.ask(pane.pane_id, "#{pane_width}x#{pane_height} #{window-size}") == "111x33 latest"
    until(lambda: server.ask(pane.pane_id, "#{pane_current_path}") == str(folder), "it was in its folder")
    assert server.ask(pane.pane_id, "#{remain-on-exit}") == "off"


async def test_the_first_session_of_a_machine_that_never_ran_tmux_is_made(short_folder: Path) -> None:
    socket = short_folder / f"tmux-{os.getuid()}" / "default"
    with TmuxServer(socket) as server:
        await TmuxCommands(ServerAddress(str(socket)), PATIENCE).new_session(NewSession(name="first", cwd=short_folder))

        assert server.run("list-sessions", "-F", "#S") == "first"
    assert socket.parent.stat().st_mode & 0o777 == 0o700


async def test_a_session_without_a_name_is_numbered_and_runs_a_shell(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path
) -> None:
    pane = await commands.new_session(NewSession(cwd=tmp_path))

    assert pane.session_name.isdecimal()
    assert server.ask(pane.pane_id, "#{pane_start_command}") == ""


async def test_the_arguments_reach_the_program_untouched(commands: TmuxCommands, tmp_path: Path) -> None:
    wanted = ["plain", "two words", "$(touch canary)", "end;", "\\;", ";", "#{pid}", "it's", '"', "-x", "", "漢"]
    program = "import json, sys, time; open('argv', 'w').write(json.dumps(sys.argv[1:])); time.sleep(99)"

    await commands.new_session(NewSession(cwd=tmp_path, argv=(sys.executable, "-c", program, *wanted)))

    until(lambda: bool(read(tmp_path / "argv")), "the program wrote down its arguments")
    assert json.loads(read(tmp_path / "argv")) == wanted
    assert "canary" not in files_in(tmp_path)


async def test_a_program_alone_is_not_read_by_a_shell(commands: TmuxCommands, tmp_path: Path) -> None:
    program = tmp_path / "my $(touch canary) program"
    program.write_text("#!/bin/sh\npwd > here\nexec sleep 99\n")
    program.chmod(0o755)

    await commands.new_session(NewSession(cwd=tmp_path, argv=("./" + program.name,)))

    until(lambda: bool(read(tmp_path / "here")), "the program ran")
    assert "canary" not in files_in(tmp_path)


@pytest.mark.parametrize("running", [False, True], ids=["server started by us", "server running"])
async def test_the_environment_is_really_passed(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    if running:
        server.session("keep")
    monkeypatch.setenv("TMUX", "/nowhere,1,0")
    monkeypatch.setenv("TMUX_PANE", "%99")
    monkeypatch.setenv("LC_ALL", "C")
    path = f"{tmp_path}:/usr/bin:/bin"
    wanted = {"PLAIN": "1", "SPACED": "a b;", "QUOTED": "it's $(x) #{pid}", "EMPTY": "", "PATH": path}

    pane = await commands.new_session(
        NewSession(cwd=tmp_path, argv=("sh", "-c", "env > env; exec sleep 99"), env=wanted)
    )

    until(lambda: "PLAIN=" in read(tmp_path / "env"), "the environment was written down")
    seen = dict(line.split("=", 1) for line in read(tmp_path / "env").splitlines() if "=" in line)
    assert {name: seen.get(name) for name in wanted} == wanted
    assert seen["TMUX"].startswith(f"{server.socket},")
    assert seen["TMUX_PANE"] == pane.pane_id
    if not running:
        assert seen["LC_ALL"] == "C"


async def test_a_server_that_we_start_is_bound_to_no_repository_and_to_no_session(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = {*NOT_INHERITED, "QUARTERDECK_SESSION", "GIT_DIR"}
    for name in (*bound, "QUARTERDECK_HOME"):
        monkeypatch.setenv(name, "ours")

    await commands.new_session(NewSession(cwd=tmp_path, argv=("sh", "-c", "env > env.new; mv env.new env; sleep 99")))

    until(lambda: (tmp_path / "env").exists(), "the environment was written down")
    pane, everywhere = read(tmp_path / "env"), server.run("show-environment", "-g")
    for seen in (pane, everywhere):
        held = dict(line.split("=", 1) for line in seen.splitlines() if "=" in line)
        assert held["QUARTERDECK_HOME"] == "ours"
        assert [name for name in sorted(bound) if held.get(name) == "ours"] == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (NewSession(cwd=Path("/no/such/folder")), "There is no folder /no/such/folder"),
        (NewSession(cwd=Path("/etc/passwd")), "There is no folder /etc/passwd"),
        (NewSession(cwd=Path("/"), argv=("no-such-program", "x")), "There is no program 'no-such-program'"),
        (NewSession(cwd=Path("/"), name=""), "tmux does not accept a session named ''"),
        (NewSession(cwd=Path("/"), name="taken"), "A session named 'taken' exists already"),
        (NewSession(cwd=Path("/"), env={"A=B": "x"}), "'A=B' cannot be the name of an environment variable"),
        (NewSession(cwd=Path("/"), argv=("echo", "a\0b")), "NUL"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    server: TmuxServer, commands: TmuxCommands, wanted: NewSession, said: str
) -> None:
    server.session("taken")

    with pytest.raises(TmuxRefused, match=said):
        await commands.new_session(wanted)

    assert server.sessions() == ["taken"]


async def test_a_program_that_ends_at_once_is_refused_with_its_last_words(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path
) -> None:
    server.session("keep")
    says_why = ("sh", "-c", "echo no such model; echo name another; exit 3")

    with pytest.raises(TmuxRefused, match="ended at once") as refused:
        await commands.new_session(NewSession(name="fails.at:once", cwd=tmp_path, argv=says_why))

    assert refused.value.hint == "no such model\nname another"
    assert server.sessions() == ["keep"]


@pytest.mark.parametrize("name", ["a.b", "a:b", "$1.é", "=[x]*.y", "a.b:c#{pid}", "%1:", "-.;", "plain"])
async def test_a_session_just_made_is_found_under_what_tmux_made_of_its_name(server: TmuxServer, name: str) -> None:
    server.session("keep")
    mark = ("set-option", "-p", "-t", made_target(name), "@found", "yes")

    pane = server.run(
        *words("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", unexpanded(name), "--", "sleep", "99"),
        *(";", *words(*mark)),
    )

    panes = server.run("list-panes", "-a", "-F", "#{pane_id}#{@found}").splitlines()
    assert sorted(panes) == sorted(["%0", f"{pane}yes"])


async def test_of_two_sessions_that_may_be_meant_neither_is_touched(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path
) -> None:
    other = server.session("axb")

    pane = await commands.new_session(NewSession(name="a.b", cwd=tmp_path, argv=("sleep", "99")))

    assert server.ask(other, "#{remain-on-exit}") == server.ask(pane.pane_id, "#{remain-on-exit}") == "off"
    await commands.kill_session(pane.tmux_id)
    with pytest.raises(TmuxRefused, match="ended at once"):
        await commands.new_session(NewSession(name="a.b", cwd=tmp_path, argv=("sh", "-c", "exit 3")))
    assert other in server.run("list-panes", "-a", "-F", "#{pane_id}").splitlines()


async def test_the_last_session_that_ends_at_once_is_refused_too(commands: TmuxCommands, tmp_path: Path) -> None:
    with pytest.raises(TmuxRefused, match="ended at once"):
        await commands.new_session(NewSession(cwd=tmp_path, argv=("sh", "-c", "exit 3")))


# -- ending one


async def test_ending_what_is_gone_already_is_no_error(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("keep")
    await commands.kill_session(TmuxSessionId("$99"))

    assert server.sessions() == ["keep"]


async def test_a_pane_is_ended_alone_and_the_last_one_takes_its_session_along(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    server.session("keep")
    first = PaneId(server.session("two"))
    second = PaneId(server.run("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", first, "--", "sleep", "99"))

    await commands.kill_pane(second)
    await commands.kill_pane(second)
    left = server.run("list-panes", "-s", "-t", "=two:", "-F", "#{pane_id}")
    await commands.kill_pane(first, of="another run")
    untouched = server.sessions()
    await commands.kill_pane(first, of=await commands.incarnation())

    assert (left, untouched, server.sessions()) == (first, ["keep", "two"], ["keep"])
    await commands.kill_pane(PaneId("%0"))
    assert not server.alive()


async def test_ending_a_session_of_a_server_that_is_gone_is_no_error(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    server.session("only")
    server.kill()

    await commands.kill_session(TmuxSessionId("$0"))


async def test_ending_the_last_session_ends_the_server_and_is_seen(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("only")

    await commands.kill_session(TmuxSessionId("$0"))

    assert not server.alive()


async def test_a_session_of_an_earlier_server_is_not_mistaken_for_one_of_this(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    server.session("earlier")
    before = await commands.incarnation()
    server.kill()
    server.session("innocent")

    await commands.kill_session(TmuxSessionId("$0"), of=before)

    assert server.sessions() == ["innocent"]


async def test_a_refusal_to_end_a_session_is_an_error(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("keep")

    with pytest.raises(TmuxRefused, match="no session id"):
        await commands.kill_session(TmuxSessionId("keep"))

    assert server.sessions() == ["keep"]


async def test_renaming_to_a_taken_name_is_refused(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("one")
    server.session("two")

    with pytest.raises(TmuxRefused, match="'two' exists already"):
        await commands.rename_session(TmuxSessionId("$0"), "two")
    with pytest.raises(TmuxRefused, match="not accept a session named ''"):
        await commands.rename_session(TmuxSessionId("$0"), "")

    assert server.sessions() == ["one", "two"]


# -- typing and pasting


def reader(server: TmuxServer, folder: Path, *, bracketed: bool = True) -> str:
    """A pane whose program writes each byte it gets into `folder/typed`."""
    modes = "printf '\\033[?2004h';" if bracketed else ""
    pane = server.session("reader", "sh", "-c", f"stty raw -echo; {modes} echo ready; exec cat > typed", cwd=folder)
    until(lambda: "ready" in shown(server, pane), "the reader was ready")
    return pane


PASTES = {
    "5 KB": "".join(f"line {n} of a long text\n" for n in range(210)),
    "200 KB": "0123456789abcdef\n" * 12_500,
    "emoji": "🦀 漢字 e\u0301 \u202eright to left",
    "trailing ;": "end;",
    "only ;": ";",
    "key name": "C-c",
    "Enter": "Enter",
    "dash": "-l --",
    "formats": "#{pid} #(touch canary) $(touch canary) %H",
    "tabs and lines": "\tindented\n\n\nlast\n",
}


@pytest.mark.parametrize("text", PASTES.values(), ids=PASTES)
async def test_a_paste_arrives_byte_by_byte_in_brackets(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path, text: str
) -> None:
    pane = reader(server, tmp_path)

    await commands.paste(PaneId(pane), text)

    wanted = b"\x1b[200~" + text.encode() + b"\x1b[201~"
    until(lambda: len(read_bytes(tmp_path / "typed")) >= len(wanted), "the paste had arrived")
    assert read_bytes(tmp_path / "typed") == wanted
    assert server.run("list-buffers") == ""


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("a\x1b[201~rm -rf\r", "a[201~rm -rf\n"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("nul\0 bell\a del\x7f csi\x9b31m", "nul bell del csi31m"),
        ("half \ud83d pair", "half ? pair"),
    ],
)
async def test_a_paste_cannot_leave_its_brackets(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path, text: str, arrives: str
) -> None:
    pane = reader(server, tmp_path)

    await commands.paste(PaneId(pane), text)

    wanted = f"\x1b[200~{arrives}\x1b[201~".encode()
    until(lambda: len(read_bytes(tmp_path / "typed")) >= len(wanted), "the paste had arrived")
    assert read_bytes(tmp_path / "typed") == wanted


async def test_a_paste_of_nothing_is_nothing(server: TmuxServer, commands: TmuxCommands, tmp_path: Path) -> None:
    pane = reader(server, tmp_path)

    await commands.paste(PaneId(pane), "\x1b\0")
    await commands.send_text(PaneId(pane), "z")

    until(lambda: bool(read_bytes(tmp_path / "typed")), "the text had arrived")
    assert read_bytes(tmp_path / "typed") == b"z"


@pytest.mark.parametrize(
    "text", ["y", "1", ";", "a;", "\\;", "-l", "--", "Enter", "C-c", "#{pid}", "漢🦀", " ", "$(x)", "'"]
)
async def test_text_is_typed_literally(server: TmuxServer, commands: TmuxCommands, tmp_path: Path, text: str) -> None:
    pane = reader(server, tmp_path, bracketed=False)

    await commands.send_text(PaneId(pane), text)
    await commands.send_keys(PaneId(pane), ["Tab"])

    until(lambda: read_bytes(tmp_path / "typed").endswith(b"\t"), "the text had arrived")
    assert read_bytes(tmp_path / "typed") == text.encode() + b"\t"


async def test_keys_are_pressed_by_name(server: TmuxServer, commands: TmuxCommands, tmp_path: Path) -> None:
    pane = reader(server, tmp_path)

    await commands.send_keys(PaneId(pane), ["C-c", "Escape", "-", ";", "Enter"])

    until(lambda: len(read_bytes(tmp_path / "typed")) >= 5, "the keys had arrived")
    assert read_bytes(tmp_path / "typed") == b"\x03\x1b-;\r"


async def test_nothing_is_typed_at_a_program_that_has_ended(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("keep")
    server.run("set-option", "-g", "remain-on-exit", "on")
    dead = PaneId(server.session("dead", "true"))
    until(lambda: server.ask(dead, "#{pane_dead}") == "1", "the program had ended")

    for attempt in (commands.paste(dead, "x"), commands.send_text(dead, "x"), commands.send_keys(dead, ["Enter"])):
        with pytest.raises(TmuxRefused, match="has ended"):
            await attempt
    with pytest.raises(TmuxRefused, match="no pane %99"):
        await commands.paste(PaneId("%99"), "x")
    with pytest.raises(TmuxRefused, match="no pane id"):
        await commands.send_text(PaneId("keep"), "x")
    assert server.run("list-buffers") == ""


async def test_a_pane_leaves_copy_mode_and_gets_what_is_typed(
    server: TmuxServer, commands: TmuxCommands, tmp_path: Path
) -> None:
    pane = PaneId(reader(server, tmp_path))
    server.run("copy-mode", "-t", pane)

    await commands.leave_mode(pane)
    await commands.leave_mode(pane)
    await commands.send_text(pane, "q")

    until(lambda: bool(read_bytes(tmp_path / "typed")), "the text had arrived")
    assert server.ask(pane, "#{pane_in_mode}") == "0"


# -- options


async def test_options_of_every_scope_are_told_and_unknown_ones_are_missing(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    server.session("keep")
    server.run("set-option", "-g", "status-left", "")
    server.run("set-option", "-g", "status-right", "a\nb")
    server.run("set-option", "-s", "escape-time", "123")

    assert await commands.options(["escape-time", "no-such-option", "status-left", "status-right", "mode-keys"]) == {
        "escape-time": "123",
        "status-left": "",
        "status-right": "a\nb",
        "mode-keys": "emacs",
    }
    assert await commands.options([]) == {}


async def test_an_option_of_ours_is_kept_at_the_server(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("keep")

    await commands.set_option("@quarterdeck_test", "-g #{pid};")
    assert await commands.option("@quarterdeck_test") == "-g #{pid};"

    await commands.set_option("@quarterdeck_test", None)
    assert await commands.option("@quarterdeck_test") is None


# -- clients


async def test_clients_are_listed_without_control_clients_and_switched_to_any_pane(
    server: TmuxServer, commands: TmuxCommands, short_folder: Path
) -> None:
    home, other = server.session("home"), server.session("[other] x")
    split = server.run("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", other, "sleep 99")
    far = server.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=[other] x:", "sleep 99")

    with Terminals(short_folder / "o", server) as terminals:
        name, _ = terminals.attach(home)
        bystander, _ = terminals.attach(home)
        clients = await commands.clients()
        assert {client.name for client in clients} == {name, bystander}
        assert {client.pane_id for client in clients} == {home}

        for pane in (split, far, other, home):
            await commands.switch_client(name, PaneId(pane))
            assert terminals.shows(name) == pane
            assert terminals.shows(bystander) == home

        with pytest.raises(TmuxRefused, match="can't find client"):
            await commands.switch_client("/dev/nowhere", PaneId(far))
        with pytest.raises(TmuxRefused):
            await commands.switch_client(name, PaneId("%99"))


# -- a server that does not answer


async def test_a_stopped_server_is_an_error_within_the_bound_and_nothing_happens_later(
    server: TmuxServer, tmp_path: Path
) -> None:
    pane = PaneId(reader(server, tmp_path))
    commands = TmuxCommands(ServerAddress(server.socket), timeout=0.3)
    calls: list[Coroutine[object, object, object]] = [
        commands.new_session(NewSession(cwd=tmp_path, argv=("sleep", "99"))),
        commands.kill_session(TmuxSessionId("$0")),
        commands.rename_session(TmuxSessionId("$0"), "renamed"),
        commands.send_keys(pane, ["x"]),
        commands.send_text(pane, "x"),
        commands.paste(pane, "x"),
        commands.switch_client("x", pane),
        commands.clients(),
        commands.options(["escape-time"]),
    ]

    server.stop()
    for call in calls:
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(TmuxUnreachable):
                await call
    assert commands.breaker.timeouts >= len(calls) - 1
    server.cont()
    commands = TmuxCommands(ServerAddress(server.socket), PATIENCE)
    await commands.send_text(pane, "last")

    until(lambda: read_bytes(tmp_path / "typed").endswith(b"last"), "the text had arrived")
    assert read_bytes(tmp_path / "typed") == b"last"
    assert server.sessions() == ["reader"]
    assert server.run("list-buffers") == ""


async def test_a_server_that_is_gone_is_an_error_and_never_an_empty_answer(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    pane = PaneId(server.session("keep"))
    server.kill()

    calls: list[Coroutine[object, object, object]] = [
        commands.clients(),
        commands.options(["escape-time"]),
        commands.paste(pane, "x"),
        commands.rename_session(TmuxSessionId("$0"), "x"),
        commands.option("@quarterdeck_test"),
    ]
    for call in calls:
        with pytest.raises(TmuxUnreachable):
            await call


@pytest.mark.parametrize("chosen", [False, True], ids=["the first on PATH", "chosen"])
async def test_our_own_tmux_never_reaches_a_child(
    server: TmuxServer, commands: TmuxCommands, short_folder: Path, monkeypatch: pytest.MonkeyPatch, *, chosen: bool
) -> None:
    pane = PaneId(server.session("keep"))
    spy = short_folder / "tmux"
    real = find_tmux()
    spy.write_text(f'#!/bin/sh\nenv >> {short_folder}/seen\nexec {real} "$@"\n')
    spy.chmod(0o755)
    if chosen:
        monkeypatch.setenv(TMUX_VARIABLE, str(spy))
    else:
        monkeypatch.delenv(TMUX_VARIABLE, raising=False)
        monkeypatch.setenv("PATH", f"{short_folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMUX", f"{server.socket},1,0")
    monkeypatch.setenv("TMUX_PANE", "%0")

    await commands.clients()
    await commands.paste(pane, "x")
    made = await commands.new_session(NewSession(cwd=short_folder, argv=("sleep", "99")))
    await commands.kill_session(made.tmux_id)

    seen = read(short_folder / "seen")
    assert seen.count("PATH=") > 5
    assert "TMUX=" not in seen
    assert "TMUX_PANE=" not in seen


async def test_keys_are_pressed_only_while_the_screen_shows_certain_words(
    server: TmuxServer, commands: TmuxCommands
) -> None:
    pane_id = PaneId(server.session("asks", "sh", "-c", "printf 'rm -rf a/b.txt, #{x}\\nproceed? '; cat"))
    until(lambda: "proceed" in shown(server, pane_id), "it asked")

    assert not await commands.send_keys_if(pane_id, ["n", "o"], ["rm -rf a/b.txt", "gone"])
    assert await commands.send_keys_if(pane_id, ["y", ";"], ["rm -rf a/b.txt", "proceed"])
    assert await commands.send_keys_if(pane_id, ["'", "e", "s"], [])
    until(lambda: "proceed? y;'es" in shown(server, pane_id), "the keys were pressed")
    with pytest.raises(ValueError, match="cannot be looked for"):
        await commands.send_keys_if(pane_id, ["x"], ["a}b"])
