"""What the console shows of a server that lives, hangs, dies and comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.cli import run_cli
from support.stage import without_agents
from support.tmux_server import until

if TYPE_CHECKING:
    from support.stage import Stage


def ids(stage: Stage) -> dict[str, str]:
    """The identity of each session by its name, as another process sees it."""
    rows = json.loads(run_cli("-S", stage.inner.socket, "ls", "--all", "--json").out)
    return {row["tmux_name"]: row["session_id"] for row in rows}


def test_births_deaths_and_new_names_show_by_themselves(stage: Stage) -> None:
    stage.shell("alpha")
    seat = stage.console()
    seat.sees("alpha")
    stage.shell("newborn")
    seat.sees("newborn")
    stage.inner.run("rename-session", "-t", "=newborn", "grown")
    seat.sees("grown")
    seat.sees_no("newborn")
    stage.inner.run("kill-session", "-t", "=grown")
    seat.sees_no("grown")
    assert seat.rows() == ["alpha"]


def test_a_hung_server_is_said_nothing_vanishes_and_keys_still_answer(stage: Stage) -> None:
    for name in ("alpha", "beta"):
        stage.shell(name)
    # In no tmux, or the frozen server would be its terminal too.
    seat = stage.outside(*stage.argv())
    seat.sees("alpha", "beta")
    # What is not certain yet cannot be seen to become so.
    seat.sees_no("s?")
    stage.inner.stop()
    seat.press("r")
    seat.sees("tmux does not answer", "s?")
    seat.press("?")
    seat.sees("Go to the pane")
    seat.press("Escape")
    seat.sees("alpha", "beta", "s?")
    stage.inner.cont()
    seat.sees_no("tmux does not answer", "s?")
    seat.sees("alpha", "beta")


def test_a_killed_server_leaves_an_empty_console_and_comes_back_with_its_identities(stage: Stage) -> None:
    for name in ("alpha", "beta"):
        stage.shell(name)
    seat = stage.outside(*stage.argv())
    seat.sees("alpha", "beta")
    before = ids(stage)
    stage.inner.kill()
    seat.sees("stale")
    seat.sees("no tmux server runs", "2 stale")
    for name in ("alpha", "beta"):
        stage.shell(name)
    seat.sees_no("stale")
    seat.sees("alpha", "beta")
    until(lambda: ids(stage) == before, f"the identities were {before}")


def test_a_console_with_no_server_says_so_and_makes_the_first_session(stage: Stage) -> None:
    (stage.folder / "here").mkdir()
    seat = stage.outside(*stage.argv(PATH=without_agents()))
    seat.sees("No tmux server runs", "new session")
    seat.press("n")
    seat.sees("New session")
    seat.type(str(stage.folder / "here"))
    seat.press("Enter", "Enter")
    until(lambda: len(stage.inner.sessions()) == 1, "a session was made")
    made, here = stage.inner.sessions()[0], str((stage.folder / "here").resolve())
    until(lambda: stage.inner.ask(f"={made}:", "#{pane_current_path}") == here, "it was in that folder")
    seat.sees("session", "quiet")


def test_a_stale_row_is_made_anew_under_its_name_also_where_no_server_is_left(stage: Stage) -> None:
    stage.shell("alpha")
    before = ids(stage)["alpha"]
    stage.inner.kill()
    seat = stage.outside(*stage.argv())
    seat.sees("alpha", "stale")
    seat.press("u")
    seat.sees_no("stale")
    assert stage.inner.sessions() == ["alpha"]
    seat.sees("alpha")
    until(lambda: ids(stage) == {"alpha": before}, f"alpha was {before} again")


def test_names_titles_and_output_are_text_and_nothing_else(stage: Stage) -> None:
    evil = r"printf '\033]2;TITLE\033[2J[/red]\007\033]52;c;aGk=\007hello [bold]there\n'; exec sleep 3600"
    for name in ("[/x]", "[@click=app.quit]", "$(touch pwned)", "-rf;"):
        stage.inner.session(name, "sh", "-c", evil)
    seat = stage.console(size="120x36")
    seat.sees("[/x]", "[@click=app", "$(touch pwned)", "-rf;", "[/red]hello [bold]there")
    title = stage.outer.ask(seat.pane, "#{pane_title}")
    for _ in range(4):
        seat.press("j")
    seat.press("i")
    seat.sees("Why we think so")
    seat.press("Escape")
    seat.sees("[/x]")
    assert "TITLE" not in title
    assert "TITLE" not in stage.outer.ask(seat.pane, "#{pane_title}")
    assert "console" in stage.inner.sessions()
