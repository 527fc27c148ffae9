"""What Qwen Code's own files and hooks tell beside the states of the recordings."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.agent_files import FileClaims, began
from quarterdeck.core.report import Report, ReportState
from quarterdeck.core.session import Need, SessionState
from quarterdeck.ports.agent_process import AgentHome, Program
from support.recordings import agent

if TYPE_CHECKING:
    from quarterdeck.core.transcript import TranscriptView

NOW = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)
SESSION = "4d73c29b-01df-4ffd-ae8a-b63a78b6195c"
BOOT = "749f48e2-c518-4466-9498-4a60b718f925"


def view_of(folder: Path, *rows: dict[str, object]) -> TranscriptView:
    """What these rows add up to."""
    file = folder / f"{SESSION}.jsonl"
    file.write_text("".join(json.dumps({"sessionId": SESSION, **row}) + "\n" for row in rows))
    reader = agent("qwen").transcript(cwd="/x", claims=FileClaims(), path=file)
    assert reader is not None
    view = reader.read()
    assert view is not None
    return view


def said(kind: str, *parts: dict[str, object], **more: object) -> dict[str, object]:
    """A row with a message."""
    return {"type": kind, "timestamp": NOW.isoformat(), "message": {"parts": list(parts)}, **more}


def telemetry(name: str, prompt: str = f"{SESSION}########0", **more: object) -> dict[str, object]:
    """A row that counts a call of the model."""
    event = {"event.name": f"qwen-code.{name}", "prompt_id": prompt, **more}
    told = {"type": "system", "subtype": "ui_telemetry", "timestamp": NOW.isoformat()}
    return {**told, "systemPayload": {"uiEvent": event}}


PROMPT = said("user", {"text": "paint it"}, provenance="real_user")
ANSWER = said("assistant", {"text": "It is painted."}, model="qwen3", usageMetadata={"promptTokenCount": 812})


def test_a_chat_gives_prompts_words_model_tokens_and_the_id_to_continue_with(tmp_path: Path) -> None:
    view = view_of(tmp_path, PROMPT, telemetry("api_response", response_text="It is painted."), ANSWER)

    assert (view.turns, view.last_text, view.model) == (("paint it",), "It is painted.", "qwen3")
    assert (view.token_count, view.session_id) == (812, SESSION)
    assert view.reading is not None
    assert view.reading.needs is Need.FINISHED


def test_an_answer_that_was_broken_off_is_not_finished(tmp_path: Path) -> None:
    reading = view_of(tmp_path, PROMPT, ANSWER).reading

    assert reading is not None
    assert (reading.state, reading.needs) == (SessionState.IDLE, None)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (telemetry("api_error", status_code=400, error_message="400 refused"), SessionState.ERROR),
        (telemetry("api_error", status_code=500, error_message="500 oh"), SessionState.BUSY),
        (telemetry("api_error", status_code=429, error_message="429 slow down"), SessionState.BUSY),
        (telemetry("api_error", "of something beside", status_code=400), SessionState.BUSY),
        (telemetry("api_response", "of something beside", response_text="OK."), SessionState.BUSY),
        (said("user", {"text": "a message of another"}, provenance="peer"), SessionState.BUSY),
    ],
)
def test_what_is_tried_again_or_belongs_elsewhere_ends_no_turn(
    row: dict[str, object], state: SessionState, tmp_path: Path
) -> None:
    view = view_of(tmp_path, PROMPT, row)

    assert view.reading is not None
    assert view.reading.state is state
    assert view.turns == ("paint it",)


def test_the_conversation_is_that_of_the_process_which_it_started_itself_anew(tmp_path: Path) -> None:
    program = Program(pid=os.getpid(), command="node", argv=("node", "qwen"))
    sessions = tmp_path / ".qwen" / "sessions"
    sessions.mkdir(parents=True)
    file = sessions / f"{os.getpid()}.json"
    entry = {"pid": os.getpid(), "sessionId": SESSION, "procStart": f"{BOOT}:{began(os.getpid())}"}

    def told(home: AgentHome, **changed: object) -> str:
        file.write_text(json.dumps(entry | changed))
        return agent("qwen").conversation(program, home=home)

    home = AgentHome(tmp_path)
    assert told(home) == SESSION
    assert told(AgentHome(Path("/nowhere"), (("QWEN_HOME", str(tmp_path / ".qwen")),))) == SESSION
    assert told(AgentHome(Path("/nowhere"), (("QWEN_RUNTIME_DIR", str(tmp_path / ".qwen")),))) == SESSION
    assert told(home, procStart=f"{BOOT}:1") == "", "left behind by an earlier process of this number"
    assert told(home, pid=1) == ""
    file.unlink()
    os.mkfifo(file)
    assert agent("qwen").conversation(program, home=home) == ""


def test_a_notice_that_it_waits_ends_a_turn_and_makes_no_finish_of_it() -> None:
    def report(event: str, **payload: object) -> Report:
        return Report(agent="qwen", event=event, at=NOW, payload={"session_id": SESSION, **payload})

    waits = report("Notification", notification_type="idle_prompt")
    worked = agent("qwen").read_report(ReportState(), report("UserPromptSubmit", prompt="paint it"))
    broken_off = agent("qwen").read_report(worked, waits)
    stopped = agent("qwen").read_report(worked, report("Stop", last_assistant_message="Done."))

    assert broken_off.reading is not None
    assert (broken_off.reading.state, broken_off.reading.needs) == (SessionState.IDLE, None)
    assert agent("qwen").read_report(stopped, waits).reading == stopped.reading
