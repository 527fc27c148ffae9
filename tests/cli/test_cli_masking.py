"""No way out of the program shows a secret that came in from a pane or an agent."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck import log
from quarterdeck.cli.events_watch import in_words
from quarterdeck.cli.output import show_error
from quarterdeck.core.answer_choice import is_shown_by, is_told_again
from quarterdeck.core.events import Health, SessionChanged, WorkerHealth
from quarterdeck.core.notice import message_of, notice_of
from quarterdeck.core.redact import masked, masked_session, redact
from quarterdeck.core.session import ActionCue, ActionCueKind, Ask, Evidence, Need, SessionState
from quarterdeck.core.session_json import event_to_wire, to_wire
from quarterdeck.core.subagent import Subagent
from quarterdeck.core.thought import tidy, tidy_answer
from quarterdeck.core.transcript import ActionKind, AgentAction
from quarterdeck.core.work import Work
from quarterdeck.errors import UsageError
from quarterdeck.operations.ingest import parse_update
from quarterdeck.ports.store import Activity
from quarterdeck.ports.thinker import Subject
from quarterdeck.thoughts.prompt import build
from quarterdeck.tui.rows.detail import ask_lines, diff_lines, why_lines
from quarterdeck.tui.rows.session_row import kind_of, saying, title_of
from quarterdeck.values import replace
from support.cli import cli_env, run_cli
from support.patience import PATIENCE
from support.store import NOON, open_store, session, thought
from support.thinking import agent_of, view_of
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sk" + "_live_" + "51H8xQ2eZvKYlo2C0abcdEFG"
PASSWORD = "hunter" + "2x"
SAID = f"deploy with {SECRET} and --password {PASSWORD}"


def shows_none(text: object) -> bool:
    words = str(text)
    return "[redacted]" in words and PASSWORD not in words and not any(SECRET[at : at + 8] in words for at in range(20))


ASKING = replace(
    session(1, "web"),
    state=SessionState.ATTENTION,
    needs=Need.QUESTION,
    asks=Ask(kind=Need.QUESTION, text=f"May I {SAID}?", choices=("Yes", f"Yes, and {SAID}"), since=NOON),
    state_evidence=Evidence(cause="x", detail=SAID),
    title=SAID,
    thought=SAID,
    subagents=(Subagent(name=SAID, thought=SAID),),
    work=Work(project="p", display_name=SAID, prs=({"title": SAID},), lifecycle={"note": {"text": [SAID]}}),
)


def test_a_session_as_scripts_see_it_has_no_secret_anywhere() -> None:
    wire = to_wire(ASKING)

    assert shows_none(wire["asks"])
    assert shows_none(wire["work"])
    assert shows_none(wire["subagents"])
    assert shows_none(wire["thought"])
    assert shows_none(json.dumps(wire, default=str))


def test_events_as_scripts_see_them_have_none() -> None:
    changed = SessionChanged(before=ASKING, after=replace(ASKING, attached_clients=1), at=NOON)
    health = WorkerHealth(worker="thoughts", health=Health.DEGRADED, detail=SAID, at=NOON)

    assert shows_none(json.dumps(event_to_wire(changed), default=str))
    assert shows_none(event_to_wire(health))
    assert shows_none(masked(in_words(health)))


def test_what_the_console_shows_of_a_session_has_none() -> None:
    lines = (ask_lines(ASKING, NOON), why_lines(ASKING, NOON), diff_lines(f"+{SAID}\n"))

    assert all(shows_none("".join(cell.text for line in each for cell in line)) for each in lines)
    assert shows_none(saying(ASKING, kind_of(ASKING)))
    failed = replace(ASKING, state=SessionState.ERROR, needs=Need.ERROR, asks=None)
    assert shows_none(saying(failed, kind_of(failed)))
    assert shows_none(title_of(ASKING))


def test_a_question_is_compared_as_it_stands_on_the_screen() -> None:
    asks = ASKING.asks
    assert asks is not None
    shown = masked_session(ASKING).asks

    assert SECRET in asks.text
    assert is_shown_by(asks.text, asks.choices, asks.text, asks.choices)
    assert shown is not None
    assert shows_none(shown)


def test_a_question_that_was_kept_is_known_again_on_the_screen_and_no_other_is() -> None:
    asks, shown = ASKING.asks, masked_session(ASKING).asks
    assert asks is not None
    assert shown is not None

    assert is_shown_by(shown.text, shown.choices, asks.text, asks.choices)
    assert is_told_again(asks.text, asks.choices, shown.text, shown.choices)
    assert not is_shown_by(shown.text, shown.choices, f"rm -rf / {asks.text[:4]}", asks.choices)
    assert not is_shown_by(shown.text, shown.choices, asks.text, ("No", *asks.choices[1:]))
    assert not is_shown_by(asks.text, asks.choices, asks.text.replace(SECRET, SECRET[::-1]), asks.choices)


def test_a_notice_has_none() -> None:
    assert shows_none(message_of([notice_of(replace(ASKING, thought=None), Need.QUESTION)]))
    done = replace(ASKING, needs=Need.FINISHED, asks=None)
    assert shows_none(message_of([notice_of(done, Need.FINISHED)]))


def test_a_thought_has_none_from_wherever_it_comes() -> None:
    line = json.dumps({"session_id": "sess_1", "thought": "x" * 100 + " " + SECRET})
    taken = parse_update(line, NOON).snapshot.thought

    assert taken is not None
    assert SECRET[:8] not in taken
    assert shows_none(tidy(SAID))
    assert shows_none(tidy_answer(SAID))


def test_a_prompt_has_none_also_of_an_action_that_is_cut() -> None:
    step = AgentAction(kind=ActionKind.TOOL, tool="Bash", text="Bash: " + "x" * 137 + " " + SECRET)
    prompt = build(Subject(insight=agent_of(view_of("fix it", step))))

    assert not any(SECRET[at : at + 8] in prompt for at in range(20))
    assert shows_none(build(Subject(insight=agent_of(view_of(SAID)))))


async def test_nothing_that_is_kept_has_one(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    cue = ActionCue(kind=ActionCueKind.COMMIT_READY, evidence=(SAID,))
    update = thought(ASKING.session_id, SAID)
    async with open_store(file) as store:
        await store.checkpoint([ASKING])
        await store.save_tails({ASKING.session_id: f"\x1b[1m$ {SAID}\x1b[0m\n"})
        await store.save_thought(replace(update, snapshot=replace(update.snapshot, action_cues=(cue,))))
        await store.record(Activity(kind="x", at=NOON, source="x", summary=SAID, data={"why": SAID, "all": [SAID]}))
        tail = await store.tail(ASKING.session_id)
        history = await store.thought_history(ASKING.session_id)

    assert shows_none(tail)
    assert shows_none(history)
    with sqlite3.connect(file) as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()
    assert kept.count("[redacted]") > 10
    assert shows_none(kept)


def test_the_log_and_what_is_said_of_a_failure_have_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = log.RotatingLines(tmp_path / "q.log", prepare=lambda: None)
    handler.setFormatter(log.JsonFormatter(redact))
    logger = logging.Logger("x")
    logger.addHandler(handler)
    try:
        raise ValueError(SAID)
    except ValueError:
        logger.exception("failed: %s", SAID)
    logger.debug("seen %s", SAID)
    handler.close()
    show_error(UsageError(f"{SAID!r} is none of the choices"), as_json=False)

    assert shows_none((tmp_path / "q.log").read_text())
    assert (tmp_path / "q.log").read_text().count("[redacted]") >= 4
    assert shows_none(capsys.readouterr().err)


@pytest.mark.process
def test_the_log_of_every_verb_is_masked(tmp_path: Path) -> None:
    code = (
        "import sys, logging\n"
        "from quarterdeck.cli import run_call\n"
        "from quarterdeck.cli.call import Call\n"
        "from quarterdeck.cli.arguments import parse\n"
        "run_call._start_log(Call(parse(['ls'])))\n"
        "logging.getLogger('x').warning('failed: %s', sys.argv[1])\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, SAID],
        env=cli_env({"QUARTERDECK_HOME": str(tmp_path)}),
        check=True,
        timeout=PATIENCE,
    )

    assert shows_none((tmp_path / "quarterdeck.log").read_text())


@pytest.mark.process
def test_status_line_and_an_ordinary_log_line_need_no_rule() -> None:
    code = (
        "import sys\n"
        "from quarterdeck.core.redact import redact\n"
        "import quarterdeck.cli.status_line, quarterdeck.tui.app\n"
        "redact('control connection made')\n"
        "print([name for name in sys.modules if 'core.secret_' in name or 'opaque' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=cli_env(), capture_output=True, text=True, check=True, timeout=PATIENCE
    )

    assert done.stdout == "['quarterdeck.core.secret_spans']\n"


def test_a_real_pane_is_shown_without_its_secrets(tmux_socket: Path) -> None:
    script = f"printf '%s\\n' 'deploy with {SECRET}' 'mysql --password {PASSWORD} db'; exec sleep 999"
    with TmuxServer(tmux_socket) as server:
        server.session("one", "sh", "-c", script)
        until(lambda: "mysql" in run_cli("-S", server.socket, "show", "one").out, "the pane shows it")
        said = run_cli("-S", server.socket, "show", "one").out
        as_json = run_cli("-S", server.socket, "show", "one", "--json").out

    assert shows_none(said)
    assert shows_none(as_json)
