"""Agents' settings files of every kind: our hooks get in, and every byte comes back when they go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from quarterdeck.errors import QuarterdeckError, Refused
from quarterdeck.operations import agent_hooks
from quarterdeck.operations.agent_hooks import reporting
from quarterdeck.paths import find_places
from quarterdeck.ports.agent import HookStatus
from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.runtime.agent_loading import load_agents
from support.cli import ROOT
from support.patience import PATIENCE
from support.recordings import agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json", "gemini": ".gemini/settings.json"}
BOM = b"\xef\xbb\xbf"
PLAIN = b'{\n   "model" : "opus",\n "b": [1,\t2], "a": 1.50\n}\n'


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without settings."""
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "quarterdeck"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "GEMINI_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return home


def written(home: Path, data: bytes, key: str = "claude") -> Path:
    file = home / FILES[key]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def run(key: str, *, install: bool) -> Path | None:
    wanted = agent_hooks.change(agent(key), find_places(), install=install)
    return agent_hooks.carry_out(wanted, find_places())


def status(key: str = "claude") -> HookStatus:
    return agent(key).hook_status(spool=find_places().spool)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("key", FILES)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \t\r\n\n",
        BOM,
        BOM + b"\r\n",
        b"{ }",
        b"{\r\n}\r\n",
        PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.rstrip(),
        BOM + PLAIN,
        BOM + PLAIN.replace(b"\n", b"\r\n").rstrip(),
        PLAIN.replace(b"\n", b"\n\r\n"),
        b'{"hooks": { }, "a": 1}',
        b'{\r\n\t"hooks" : {\r\n\t\t"Stop":[],\r\n\t\t"SessionStart" : [ ]\r\n\t},\r\n\t"z": 0\r\n}',
        b'{"a":"\\ud800 \\u00e9 \xc3\xa9 // no comment", "b": 1e400, "c": -0}',
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
    ids=[
        *(
            "empty",
            "space",
            "mark",
            "mark and line",
            "empty object",
            "empty object, CRLF",
            "plain",
            "CRLF",
            "no last line end",
        ),
        *(
            "mark and plain",
            "mark, CRLF, no last line end",
            "mixed line ends",
            "empty hooks",
            "empty events",
            "odd values",
        ),
        "long number",
    ],
)
def test_every_byte_comes_back_and_no_copy_stays(key: str, data: bytes, user: Path) -> None:
    file = written(user, data, key)

    backup = run(key, install=True)

    assert backup is not None
    assert backup.read_bytes() == data
    assert status(key) is HookStatus.INSTALLED
    installed = file.read_bytes()
    assert installed.startswith(BOM) == data.startswith(BOM)
    if b"\r\n" in data.strip() and b"\n\r\n" not in data:
        assert installed.count(b"\n") == installed.count(b"\r\n")
    json.loads(installed.removeprefix(BOM), parse_int=str)
    run(key, install=True)
    assert file.read_bytes() == installed

    assert run(key, install=False) is None

    assert file.read_bytes() == data
    assert names(file.parent) == [file.name]
    assert status(key) is HookStatus.ABSENT


@pytest.mark.parametrize(
    "data",
    [
        b'{\n  // one\n  "a": 1 // two, with "quotes"\n  /* three */\n}\n',
        b"{\r\n  // nothing yet\r\n}",
        b'// first\n{"a": "// no comment"} // last',
        b'{"hooks": {/* none */}}',
        b'{"hooks": {"SessionStart": [/* {"hooks": []}, */]}}',
        b'{"hooks": {"SessionStart": [{"hooks": []} /* mine */ ] /* and */, "Custom": [] // more\n}}',
    ],
    ids=["everywhere", "alone", "around", "in hooks", "in an event", "after groups"],
)
def test_gemini_keeps_the_comments_it_allows(data: bytes, user: Path) -> None:
    file = written(user, data, "gemini")

    run("gemini", install=True)

    assert status("gemini") is HookStatus.INSTALLED
    for comment in (b"// one", b'// two, with "quotes"', b"/* three */", b"/* mine */", b"// more"):
        assert (comment in data) == (comment in file.read_bytes())
    run("gemini", install=False)
    assert file.read_bytes() == data
    assert names(file.parent) == [file.name]


def test_a_comma_too_many_is_refused_as_gemini_refuses_it(user: Path) -> None:
    file = written(user, b'{"a": 1, /* no more */ }\n', "gemini")

    with pytest.raises(Refused, match="not plain JSON"):
        run("gemini", install=True)

    assert file.read_bytes() == b'{"a": 1, /* no more */ }\n'


def test_comments_that_came_among_our_hooks_stay(user: Path) -> None:
    file = written(user, b'{"a": 1}\n', "gemini")
    run("gemini", install=True)
    text = (
        file.read_text().replace('"BeforeAgent":', '/* kept */ "BeforeAgent":').replace('"a": 1,', '"a": 1, /* too */')
    )
    file.write_text(text)

    run("gemini", install=False)

    assert "/* too */" in file.read_text()
    assert status("gemini") is HookStatus.ABSENT


@pytest.mark.parametrize("key", [*FILES, "opencode"])
def test_a_file_that_was_made_is_taken_away_also_after_it_was_renewed(key: str, user: Path) -> None:
    run(key, install=True)
    file = agent(key).hook_file()
    assert file is not None
    # As another version or another home would have written it.
    file.write_text(file.read_text().replace(str(find_places().spool), "/elsewhere/spool"))
    assert status(key) is HookStatus.OUTDATED

    assert run(key, install=True) is None
    assert status(key) is HookStatus.INSTALLED
    run(key, install=False)

    assert names(file.parent) == []
    assert user


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ('"a": 1', '"a": true'),
        ('"a": 1', '"a": 1.0'),
        ('"a": 1, "b": 2', '"b": 2, "a": 1'),
        ('"a": 1', '"a": 1, "empty": {}'),
        ('"a": 1', '"a": 2'),
    ],
    ids=["another type", "another number", "another order", "something empty", "another value"],
)
def test_what_somebody_changed_in_between_stays_and_so_does_the_copy(was: str, became: str, user: Path) -> None:
    before = '{"a": 1, "b": 2}\n'
    file = written(user, before.encode())
    run("claude", install=True)
    file.write_text(file.read_text().replace(was, became))

    kept = run("claude", install=False)

    assert file.read_text() == before.replace(was, became)
    assert kept is not None
    assert kept.read_text() == before


def test_what_somebody_put_beside_our_command_stays(user: Path) -> None:
    file = written(user, b'{"model": "opus"}\n')
    run("claude", install=True)
    found = json.loads(file.read_text())
    theirs = {"type": "command", "command": "say done"}
    found["hooks"]["Stop"][0]["hooks"].insert(0, theirs)
    found["hooks"]["Stop"].append({"hooks": [theirs]})
    file.write_text(json.dumps(found, indent=2))
    assert status() is HookStatus.OUTDATED

    run("claude", install=False)

    assert json.loads(file.read_text()) == {
        "model": "opus",
        "hooks": {"Stop": [{"hooks": [theirs]}, {"hooks": [theirs]}]},
    }


def test_what_an_agent_only_laid_out_anew_comes_back_as_it_was(user: Path) -> None:
    file = written(user, PLAIN.replace(b"\n", b"\r\n"))
    run("claude", install=True)
    file.write_text(file.read_text().replace("\n", " \n  "))

    assert run("claude", install=False) is None

    assert file.read_bytes() == PLAIN.replace(b"\n", b"\r\n")
    assert names(file.parent) == [file.name]


def test_a_copy_of_what_the_file_is_again_goes_also_when_the_hooks_were_taken_out_by_hand(user: Path) -> None:
    file = written(user, PLAIN)
    run("claude", install=True)
    file.write_bytes(PLAIN)

    run("claude", install=False)

    assert names(file.parent) == [file.name]


@pytest.mark.parametrize("install", [True, False])
@pytest.mark.parametrize("key", [*FILES, "opencode"])
@pytest.mark.parametrize(
    "data",
    ['{"a": 1}'.encode("utf-16"), '{"a": 1}'.encode("utf-16-le"), '{"a": "é"}'.encode("latin-1"), b'{"a": "\0"}'],
    ids=["utf-16", "utf-16 without a mark", "latin-1", "nul"],
)
def test_what_is_no_utf_8_is_refused_and_not_touched(data: bytes, key: str, user: Path, *, install: bool) -> None:
    file = agent(key).hook_file()
    assert file is not None
    assert file.is_relative_to(user)
    file.parent.mkdir(parents=True)
    file.write_bytes(data)

    with pytest.raises(Refused, match="not UTF-8 text, so it is left alone") as refused:
        run(key, install=install)

    assert str(file) in refused.value.message
    assert file.read_bytes() == data
    assert names(file.parent) == [file.name]
    assert status(key) is HookStatus.ABSENT
    (found,) = reporting(load_agents({}), find_places(), {}, [key])
    assert found.path == file


def test_a_folder_in_the_files_place_is_refused(user: Path) -> None:
    (user / FILES["claude"]).mkdir(parents=True)

    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        run("claude", install=True)

    assert status() is HookStatus.ABSENT


def test_nothing_is_changed_where_no_copy_can_be_kept(user: Path) -> None:
    file = written(user, PLAIN)
    in_the_way = file.with_name(file.name + ".before-quarterdeck")
    in_the_way.mkdir()

    with pytest.raises(QuarterdeckError, match="cannot be changed"):
        run("claude", install=True)

    assert file.read_bytes() == PLAIN
    assert names(file.parent) == sorted([file.name, in_the_way.name])
    assert names(in_the_way) == []


def test_a_link_into_another_folder_stays_one_and_its_target_gets_the_hooks(user: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "claude.json"
    target.parent.mkdir()
    target.write_bytes(PLAIN)
    target.chmod(0o640)
    file = user / FILES["claude"]
    file.parent.mkdir()
    middle = file.with_name("middle.json")
    middle.symlink_to(Path("../../dotfiles/claude.json"))
    file.symlink_to("middle.json")

    run("claude", install=True)

    assert (file.readlink(), middle.readlink()) == (Path("middle.json"), Path("../../dotfiles/claude.json"))
    assert "SessionStart" in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o640
    assert names(target.parent) == [target.name]
    run("claude", install=False)
    assert target.read_bytes() == PLAIN
    assert names(file.parent) == sorted([file.name, middle.name])


def test_a_link_to_a_file_that_is_not_there_yet_gets_one(user: Path, tmp_path: Path) -> None:
    file = user / FILES["claude"]
    file.parent.mkdir()
    file.symlink_to(tmp_path / "dotfiles" / "claude.json")

    run("claude", install=True)

    assert file.is_symlink()
    assert status() is HookStatus.INSTALLED
    run("claude", install=False)
    assert file.is_symlink()
    assert names(tmp_path / "dotfiles") == []


THEIRS = b'{"theirs": true}\n'


@pytest.mark.parametrize("install", [True, False])
@pytest.mark.parametrize("while_we_write", [False, True])
def test_what_is_written_meanwhile_is_noticed_and_kept(
    user: Path, monkeypatch: pytest.MonkeyPatch, *, install: bool, while_we_write: bool
) -> None:
    file = written(user, PLAIN)
    if not install:
        run("claude", install=True)
    before = names(file.parent)
    wanted = agent_hooks.change(agent("claude"), find_places(), install=install)
    if while_we_write:
        meddle(monkeypatch, "_draft", file)
    else:
        file.write_bytes(THEIRS)

    with pytest.raises(Refused, match="was changed meanwhile, so it is left alone"):
        agent_hooks.carry_out(wanted, find_places())

    assert file.read_bytes() == THEIRS
    assert names(file.parent) == before


def test_a_file_that_appears_at_the_last_moment_is_not_written_over(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = user / FILES["claude"]
    wanted = agent_hooks.change(agent("claude"), find_places(), install=True)
    meddle(monkeypatch, "exact_text", file)

    with pytest.raises(Refused, match="was changed meanwhile"):
        agent_hooks.carry_out(wanted, find_places())

    assert file.read_bytes() == THEIRS
    assert names(file.parent) == [file.name]


def meddle(monkeypatch: pytest.MonkeyPatch, step: str, file: Path) -> None:
    """Somebody else writes the file right after a step of ours."""
    real: Callable[..., object] = getattr(agent_hooks, step)

    def meddled(*args: object, **named: object) -> object:
        answer = real(*args, **named)
        file.write_bytes(THEIRS)
        return answer

    monkeypatch.setattr(agent_hooks, step, meddled)


ANOTHER_USER = 65_534
AS_ANOTHER = f"""
import os
from quarterdeck.errors import QuarterdeckError
from quarterdeck.paths import find_places
from quarterdeck.operations import agent_hooks
from quarterdeck.plugins.loading import load

# Root may write everything, and may look where Python lies, which the other user perhaps may not.
wanted = agent_hooks.change(load("claude"), find_places(), install=True)
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({ANOTHER_USER}); os.setuid({ANOTHER_USER})
try:
    agent_hooks.carry_out(wanted, find_places())
except QuarterdeckError as error:
    print(type(error).__name__, error.message)
"""


@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.process
def test_what_is_read_only_is_refused_and_left_as_it_is(what: str, short_folder: Path) -> None:
    home = short_folder / "user"
    file = written(home, PLAIN)
    for each in (short_folder, home, file.parent, file):
        if os.geteuid() == 0:
            os.chown(each, ANOTHER_USER, ANOTHER_USER)
    (file if what == "file" else file.parent).chmod(0o400 if what == "file" else 0o500)

    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER],
        env={**os.environ, "HOME": str(home), "QUARTERDECK_HOME": str(home / "q"), "PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    said = {
        "file": f"Refused {file} is read-only, so it is left alone.",
        "folder": f"QuarterdeckError {file} cannot be changed: Permission denied.",
    }
    assert (done.stdout.strip(), done.stderr) == (said[what], "")
    assert file.read_bytes() == PLAIN
    assert names(file.parent) == [file.name]


# ---- anything that is JSON

SPACES = st.sampled_from(["", " ", "\n", "\r\n", "\t", " \n  ", "\r\n\r\n "])
SCALARS = st.sampled_from(
    ['"x"', '"\\u00e9"', '"é\\n"', '"# quarterdeck"', "1", "1.50", "-0", "1E5", "true", "null", '""']
)
KEYS = st.sampled_from(["a", "b", "hooks", "Stop", "SessionStart", "command", "", "\\u0061x", "ü"])


@st.composite
def json_text(draw: st.DrawFn, depth: int = 4, *, comments: bool = False) -> str:
    """A value as somebody with odd habits would write it."""

    def space() -> str:
        found = draw(SPACES)
        return found + draw(st.sampled_from(["", "/* , */", "// }\n"])) if comments else found

    kind = draw(st.sampled_from(["scalar", "object", "array"])) if depth else "scalar"
    if kind == "scalar":
        return draw(SCALARS)
    if kind == "array":
        items = draw(st.lists(json_text(depth - 1, comments=comments), max_size=3))
        return "[" + ",".join(space() + each + space() for each in items) + (space() if not items else "") + "]"
    return draw(json_object(depth, comments=comments))


@st.composite
def json_object(draw: st.DrawFn, depth: int = 4, *, comments: bool = False) -> str:
    def space() -> str:
        found = draw(SPACES)
        return found + draw(st.sampled_from(["", "/* , */", "// }\n"])) if comments else found

    members = []
    for key in draw(st.lists(KEYS, max_size=4, unique=True)):
        shape = json_text(depth - 1, comments=comments)
        if key in {"Stop", "SessionStart"}:
            shape = st.lists(json_object(1, comments=comments), max_size=2).map(lambda each: f"[{','.join(each)}]")
        if key == "hooks":
            shape = json_object(max(depth - 1, 1), comments=comments)
        members.append(f'{space()}"{key}"{space()}:{space()}{draw(shape)}{space()}')
    return "{" + ",".join(members) + (space() if not members else "") + "}"


@st.composite
def settings_files(draw: st.DrawFn, *, comments: bool = False) -> bytes:
    """The bytes of a settings file."""
    text = draw(SPACES) + draw(json_object(comments=comments) | st.just("")) + draw(SPACES)
    return draw(st.sampled_from([b"", BOM])) + text.encode()


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def comes_back(room: Path, key: str, data: bytes) -> None:
    file = written(room, data, key)
    places = find_places(room / "quarterdeck")
    wanted = agent(key).hook_plan(install=True, spool=places.spool, home=AgentHome(room))
    assert wanted is not None
    agent_hooks.carry_out(agent_hooks.HookChange(agent(key), wanted, install=True), places)
    assert agent(key).hook_status(spool=places.spool, home=AgentHome(room)) is HookStatus.INSTALLED

    wanted = agent(key).hook_plan(install=False, spool=places.spool, home=AgentHome(room))
    assert wanted is not None
    kept = agent_hooks.carry_out(agent_hooks.HookChange(agent(key), wanted, install=False), places)

    assert file.read_bytes() == data
    assert kept is None
    assert names(file.parent) == [file.name]


ANY_FILE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@ANY_FILE
@example(b"")
@given(settings_files())
def test_any_settings_come_back_byte_for_byte(room: Path, data: bytes) -> None:
    comes_back(room, "claude", data)


@ANY_FILE
@given(settings_files(comments=True))
def test_any_settings_with_comments_come_back_byte_for_byte(room: Path, data: bytes) -> None:
    comes_back(room, "gemini", data)


# ---- many settings


MANY = 100_000
AS_OFTEN = 40
"""Readings of the same text by `json.loads`: a second where that takes 25 ms."""


@pytest.mark.parametrize(
    ("shape", "indent"),
    [
        (lambda: {f"key {number}": number for number in range(MANY)}, 2),
        (lambda: {"env": {f"key {number}": [number] for number in range(MANY)}}, 2),
        (lambda: {f"key {number}": number for number in range(MANY)}, None),
    ],
    ids=["beside ours", "below one key", "in one line"],
)
def test_many_settings_take_no_longer_than_reading_them_some_times(
    shape: Callable[[], object], indent: int | None, user: Path
) -> None:
    text = json.dumps(shape(), indent=indent)
    file = written(user, text.encode())
    one = min(spent(lambda: json.loads(text)) for _ in range(3))

    took = {
        "install": spent(lambda: run("claude", install=True)),
        "status": spent(lambda: status()),
        "uninstall": spent(lambda: run("claude", install=False)),
    }

    assert file.read_text() == text
    assert {step: seconds / one for step, seconds in took.items() if seconds > AS_OFTEN * one} == {}


def spent(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before
