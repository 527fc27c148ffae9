"""`export` and `import`."""

from __future__ import annotations

import io
import json
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck.cli.run_call import run_words
from quarterdeck.core.session import ExitReason, Need, SessionId, SessionState
from quarterdeck.paths import find_places
from quarterdeck.ports.store import Activity, ActivityQuery
from quarterdeck.values import replace
from support.cli import Done, run_cli
from support.store import NOON, RUN, SERVER, HandClock, open_store, seen_session, session, thought

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

EVENT = Activity(kind="session.created", at=NOON, session_id="sess_0", summary="findme now", data={"name": "x"})


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two homes: one to export from, one to import into."""
    one, other = tmp_path / "one", tmp_path / "other"
    for home in (one, other):
        home.mkdir(mode=0o700)
    return one, other


async def fill(home: Path, *, at: float = 0, words: str = "runs the tests") -> None:
    clock = HandClock(NOON + timedelta(seconds=at))
    async with open_store(find_places(home).state_file, clock) as store:
        known = await store.claim(SERVER, RUN, [seen_session(1, "api"), seen_session(2, "web")])
        ids = [found.session_id for found in known.values()]
        await store.checkpoint(
            replace(session(number, name, session_id=session_id), state=SessionState.BUSY, thought=words)
            for number, name, session_id in zip((1, 2), ("api", "web"), ids, strict=True)
        )
        await store.save_thought(thought("sess_0", words, minute=int(at)))
        await store.record(EVENT)
        await store.set_meta("some", "value")


def export(home: Path) -> dict[str, Any]:
    done = run_cli("--home", str(home), "export")
    assert done.code == 0, done.err
    exported: dict[str, Any] = done.json()
    return exported


def take(home: Path, exported: object) -> Done:
    return run_cli("--home", str(home), "import", "-", "--json", stdin=json.dumps(exported))


def rows(exported: dict[str, Any], table: str, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in exported[table]]


async def test_an_empty_home_gets_everything_and_nothing_twice(homes: tuple[Path, Path], tmp_path: Path) -> None:
    one, other = homes
    await fill(one)
    exported = export(one)
    file = tmp_path / "state.json"
    file.write_text(json.dumps(exported))

    first = run_cli("--home", str(other), "import", str(file))
    again = take(other, exported)

    assert first.code == 0
    assert "sessions: 2 added, 0 updated, 0 kept" in first.out
    assert again.json()["added"] == {}
    there = export(other)
    assert rows(there, "sessions", "session_id", "tmux_name", "status") == [
        ("sess_0", "api", "stale"),
        ("sess_1", "web", "stale"),
    ]
    assert there["thoughts"] == exported["thoughts"]
    assert there["thought_history"] == exported["thought_history"]
    assert there["meta"]["some"] == "value"
    assert [event for event in there["events"] if event["kind"] == EVENT.kind] == [
        event for event in exported["events"] if event["kind"] == EVENT.kind
    ]
    async with open_store(find_places(other).state_file) as store:
        assert [found.summary for found in await store.activity(ActivityQuery(search="findme"))] == ["findme now"]
        found = await store.sessions(SERVER)
        assert [each.thought for each in found] == ["runs the tests"] * 2
        # No id is given twice, not even one of another machine.
        assert await store.reserve(SERVER, "new") == "sess_2"
        known = await store.claim(SERVER, "300:1800000000", [seen_session(9, "api")])
        assert [each.session_id for each in known.values()] == ["sess_0"]


async def test_what_is_newer_here_stays_and_what_is_older_is_brought_up_to_date(homes: tuple[Path, Path]) -> None:
    old, new = homes
    await fill(old, words="old words")
    await fill(new, at=60, words="new words")
    async with open_store(find_places(old).state_file, HandClock()) as store:
        await store.end(await store.sessions(SERVER), ExitReason.PROCESS_EXIT)
    older, newer = export(old), export(new)

    into_new = take(new, older).json()
    assert into_new["updated"] == {}
    assert rows(export(new), "sessions", "status") == [("live",), ("live",)]

    into_old = take(old, newer).json()
    assert into_old["updated"]["sessions"] == 2
    assert into_old["updated"]["thoughts"] == 1
    assert "new words" in json.dumps(export(old)["thoughts"])
    assert rows(export(old), "sessions", "status") == [("ended",), ("ended",)]


async def test_an_id_that_is_another_session_here_is_left_out_and_all_that_speaks_of_it(
    homes: tuple[Path, Path],
) -> None:
    one, other = homes
    await fill(one)
    async with open_store(find_places(other).state_file) as store:
        await store.checkpoint([replace(session(1, "mine", session_id="sess_0"), needs=Need.QUESTION)])

    done = take(other, export(one)).json()

    assert done["added"]["sessions"] == 1
    assert "sessions: sess_0 is the id of another session here." in done["refused"]
    there = export(other)
    assert ("sess_0", "mine") in rows(there, "sessions", "session_id", "tmux_name")
    assert there["thoughts"] == []
    assert not [event for event in there["events"] if event["kind"] == EVENT.kind]


@pytest.mark.parametrize(
    ("exported", "code", "words"),
    [
        ("{", 2, "not JSON"),
        ("[]", 1, "no export of Quarterdeck"),
        ('{"quarterdeck_export": 2, "tables": 1}', 1, "newer Quarterdeck"),
        ('{"quarterdeck_export": 1, "tables": 99999}', 1, "newer Quarterdeck"),
    ],
)
def test_what_is_no_export_is_refused(private_home: Path, exported: str, code: int, words: str) -> None:
    done = run_cli("import", "-", stdin=exported)

    assert done.code == code
    assert words in done.err
    assert not private_home.exists() or not (private_home / "state.db").exists()
    assert run_cli("import", "/no/such").code == 1


@pytest.mark.usefixtures("private_home")
def test_an_import_that_waits_for_its_input_ends_at_the_first_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    class SilentPipe(io.TextIOWrapper):
        def read(self, size: int | None = -1) -> str:
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("it goes on waiting")

    monkeypatch.setattr(sys, "stdin", SilentPipe(io.BytesIO()))

    assert run_words(["import", "-"]) == 128 + signal.SIGINT


async def test_rows_that_cannot_be_understood_are_named_and_do_not_stop_the_rest(homes: tuple[Path, Path]) -> None:
    one, other = homes
    await fill(one)
    exported = export(one)
    exported["sessions"][0]["body"] = {"last_activity_at": "never"}
    exported["sessions"] += [5, {}, exported["sessions"][1] | {"session_id": 7}]
    exported["events"] += [{"at": "x"}, None]
    exported["thoughts"][0]["changed"] = True
    exported["work"] = {"no": "list"}
    exported["meta"] = {"a": 5, "b": "ok"}
    exported["counters"] = {"sess": "many"}

    done = take(other, exported)

    assert done.code == 0
    assert done.json()["added"]["sessions"] == 1
    assert len(done.json()["refused"]) == 7
    assert run_cli("--home", str(other), "import", "-", stdin=json.dumps(exported)).err.count("left out") == 7
    assert SessionId("sess_1") in {row[0] for row in rows(export(other), "sessions", "session_id")}
