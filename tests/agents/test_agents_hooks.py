from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quarterdeck.agents import json_splice
from quarterdeck.agents.hooks import COMMAND_MARK, REPORTS_KEPT, hook_command, script_path, script_text
from quarterdeck.agents.json_splice import NotPlainJson
from quarterdeck.agents.opencode_family import OPENCODE
from quarterdeck.agents.opencode_plugin import plugin_text
from quarterdeck.agents.opencode_server import port_in
from quarterdeck.core.report import PAYLOAD_BYTES
from quarterdeck.errors import Refused
from quarterdeck.ports.agent import HookPlan, HookStatus, Launch, backup_path
from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.reports import drain, parse
from support.patience import PATIENCE
from support.recordings import agent

JSON_AGENTS = ("claude", "codex", "gemini")
FILES = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json", "gemini": ".gemini/settings.json"}

FOREIGN = """{
    "model": "opus",   "permissions": { "allow": ["Bash(ls)"] },
    "hooks": {
        "Stop": [
            {"hooks": [{"type": "command", "command": "say done"}]}
        ],
        "Custom": []
    },
    "unicode": "ü — \\u00e9"
}
"""


def plan(key: str, home: Path, spool: Path, *, install: bool) -> HookPlan:
    found = agent(key).hook_plan(install=install, spool=spool, home=AgentHome(home))
    assert found is not None
    return found


def carry_out(found: HookPlan) -> None:
    """What `hooks install` and `uninstall` do with a plan."""
    found.path.parent.mkdir(parents=True, exist_ok=True)
    backup = backup_path(found.path)
    if found.before is not None and not backup.exists():
        backup.write_text(found.before)
    if found.after is None:
        found.path.unlink(missing_ok=True)
    else:
        found.path.write_text(found.after)


@pytest.mark.parametrize("key", [*JSON_AGENTS, "opencode"])
def test_hooks_are_installed_once_and_undone_without_a_trace(key: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    wanted = agent(key)
    assert wanted.hook_status(spool=spool, home=AgentHome(tmp_path)) is HookStatus.ABSENT

    first = plan(key, tmp_path, spool, install=True)
    assert first.changes
    carry_out(first)
    again = plan(key, tmp_path, spool, install=True)

    assert not again.changes
    assert wanted.hook_status(spool=spool, home=AgentHome(tmp_path)) is HookStatus.INSTALLED
    assert wanted.hook_status(spool=tmp_path / "other", home=AgentHome(tmp_path)) is HookStatus.OUTDATED
    carry_out(plan(key, tmp_path, spool, install=False))
    assert not first.path.exists()
    assert wanted.hook_status(spool=spool, home=AgentHome(tmp_path)) is HookStatus.ABSENT


@pytest.mark.parametrize("key", JSON_AGENTS)
@pytest.mark.parametrize(
    "text",
    [
        FOREIGN,
        "{}",
        "{}\n",
        '{"a": 1}',
        '{\n\t"hooks": {}\n}\n',
        '{\n  "hooks": {\n    "Stop": []\n  }\n}',
        '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x"}]}]}}',
    ],
    ids=["foreign hooks", "empty", "empty line", "one line", "tabs", "empty event", "compact"],
)
def test_what_others_wrote_is_left_alone_and_comes_back_to_the_letter(key: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / FILES[key]
    file.parent.mkdir(parents=True)
    file.write_text(text)
    spool = tmp_path / "spool"

    install = plan(key, tmp_path, spool, install=True)
    carry_out(install)
    after = json.loads(file.read_text())
    before = json.loads(text)

    assert {name: after[name] for name in before if name != "hooks"} == {
        name: before[name] for name in before if name != "hooks"
    }
    for event, groups in before.get("hooks", {}).items():
        assert after["hooks"][event][: len(groups)] == groups
    kept = [line for line in text.splitlines() if line.strip() not in {"{}", "}", "]", '"hooks": {}', '"Stop": []'}]
    if "\n" in text.strip():
        assert all(line.rstrip(",") in file.read_text() for line in kept)
    carry_out(plan(key, tmp_path, spool, install=False))
    assert file.read_text() == text


def test_what_was_changed_after_the_installation_stays_changed(tmp_path: Path) -> None:
    file = tmp_path / FILES["claude"]
    file.parent.mkdir(parents=True)
    file.write_text(FOREIGN)
    spool = tmp_path / "spool"
    carry_out(plan("claude", tmp_path, spool, install=True))
    file.write_text(file.read_text().replace('"opus"', '"haiku"'))

    carry_out(plan("claude", tmp_path, spool, install=False))

    assert file.read_text() == FOREIGN.replace('"opus"', '"haiku"')


def test_an_older_installation_is_brought_up_to_date(tmp_path: Path) -> None:
    carry_out(plan("claude", tmp_path, tmp_path / "old", install=True))

    renewed = plan("claude", tmp_path, tmp_path / "new", install=True)

    assert renewed.changes
    assert renewed.after is not None
    assert str(tmp_path / "old") not in renewed.after
    commands = renewed.after.count(COMMAND_MARK)
    assert commands == renewed.after.count(str(script_path(tmp_path / "new", "claude"))) / 2


@pytest.mark.parametrize(
    "text",
    [
        '{\n  // mine\n  "a": 1\n}',
        '{"a": 1,}',
        '{"a": 1',
        "[]",
        '{"hooks": []}',
        '{"hooks": {"Stop": {}}}',
        '{"a": 1, "a": 2}',
        "{} {}",
        '{"a": NaN}',
        '{"a": "\t"}',
        "[" * 100_000,
    ],
    ids=[
        *(
            "comment",
            "trailing comma",
            "torn",
            "list",
            "hooks a list",
            "an event no list",
            "twice",
            "two values",
            "NaN",
        ),
        *("a tab in a string", "deep"),
    ],
)
def test_a_file_that_is_no_plain_json_is_refused_and_not_touched(text: str, tmp_path: Path) -> None:
    file = tmp_path / FILES["claude"]
    file.parent.mkdir(parents=True)
    file.write_text(text)

    with pytest.raises(Refused, match="left alone"):
        plan("claude", tmp_path, tmp_path / "spool", install=True)

    assert file.read_text() == text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(
    st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4), st.sampled_from([None, 1, 2, 4, "\t"]), JSON_VALUES
)
def test_adding_and_taking_out_again_gives_the_same_text(
    value: dict[str, object], indent: int | str | None, added: object
) -> None:
    key = "added"
    value.pop(key, None)
    text = json.dumps(value, indent=indent)

    longer = json_splice.applied(text, [json_splice.adding(text, json_splice.parse(text), [(key, added)])])
    root = json_splice.parse(longer)

    assert json.loads(longer) == value | {key: added}
    assert json_splice.applied(longer, json_splice.removing(longer, longer, root, [len(value)])) == text


@given(st.lists(st.tuples(st.text(max_size=3), st.booleans()), max_size=6), st.sampled_from([None, 2]))
def test_any_of_the_items_can_be_taken_out_at_once(items: list[tuple[str, bool]], indent: int | None) -> None:
    text = json.dumps([item for item, _ in items], indent=indent)
    gone = [place for place, (_, goes) in enumerate(items) if goes]

    shorter = json_splice.applied(text, json_splice.removing(text, text, json_splice.parse(text), gone))

    assert json.loads(shorter) == [item for item, goes in items if not goes]


@example("00")
@example("[-01]")
@example("𝟎")
@example("[" + "9" * 5_000 + "]")
@given(st.text(max_size=60) | st.text(alphabet='{}[]",:\\ \n0e.-nul', max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        json_splice.parse(text)
    except NotPlainJson:
        return
    json.loads(text, parse_int=str)


# ---- the script that hooks run


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a spool"
    folder.mkdir()
    for key in JSON_AGENTS:
        script_path(folder, key).write_text(script_text(folder, key))
    return folder


def run_hook(spool: Path, payload: bytes, *, shell: str = "sh", key: str = "claude", **env: str) -> int:
    result = subprocess.run(
        [shell, "-c", hook_command(spool, key)],
        input=payload,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.stdout == b""
    assert result.stderr == b""
    return result.returncode


def wait_for_reports(spool: Path, count: int = 1) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(list(spool.glob("*.report"))) < count:
        assert time.monotonic() < deadline, list(spool.iterdir())
        time.sleep(0.01)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.process
def test_a_hook_leaves_one_report_with_pane_socket_time_and_payload(spool: Path, shell: str) -> None:
    payload = {"hook_event_name": "Stop", "session_id": "s-1", "last_assistant_message": 'ü\n"x"'}
    before = wall_clock().timestamp()

    code = run_hook(spool, json.dumps(payload).encode(), shell=shell, TMUX="/tmp/t x/default,12,0", TMUX_PANE="%7")
    wait_for_reports(spool)
    drained = drain(spool)

    assert code == 0
    (report,) = drained.reports
    assert (report.agent, report.event, report.pane_id) == ("claude", "Stop", "%7")
    assert report.socket == "/tmp/t x/default"
    assert dict(report.payload) == payload
    # The shell knows whole seconds only.
    assert before - 1 <= report.at.timestamp() <= wall_clock().timestamp() + 1
    assert drain(spool).reports == []
    assert not list(spool.glob("*.report"))


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.process
def test_the_agent_is_let_go_before_the_report_is_written(spool: Path, shell: str) -> None:
    with subprocess.Popen(
        [shell, "-c", hook_command(spool, "claude")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdin.write(b'{"hook_event_name":')
        child.stdin.flush()

        assert child.stdout.read() == b""  # closed, though we have not finished telling
        assert child.stderr.read() == b""
        assert child.wait(PATIENCE) == 0
        child.stdin.write(b'"Stop"}')
    wait_for_reports(spool)

    assert [each.event for each in drain(spool).reports] == ["Stop"]


@pytest.mark.process
def test_a_report_is_for_the_operators_eyes_alone(spool: Path) -> None:
    run_hook(spool, b'{"hook_event_name":"Stop"}')
    wait_for_reports(spool)

    (file,) = spool.glob("*.report")

    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.process
def test_a_huge_payload_is_cut_and_its_event_still_known(spool: Path) -> None:
    payload = {"hook_event_name": "PostToolUse", "session_id": "s-1", "tool_response": "x" * 3_000_000}

    assert run_hook(spool, json.dumps(payload).encode()) == 0
    wait_for_reports(spool)
    (file,) = spool.glob("*.report")
    assert file.stat().st_size < PAYLOAD_BYTES + 1_000
    (report,) = drain(spool).reports

    assert report.event == "PostToolUse"
    assert report.payload["session_id"] == "s-1"


@pytest.mark.parametrize("what", ["no script", "no folder", "read-only", "no stdin"])
@pytest.mark.process
def test_a_hook_never_fails_its_agent(spool: Path, what: str) -> None:
    if what == "no script":
        script_path(spool, "claude").unlink()
    if what == "no folder":
        away = spool.with_name("away")
        away.mkdir()
        moved = script_path(away, "claude")
        moved.write_text(script_text(spool.with_name("nowhere"), "claude"))
        spool = away
    if what == "read-only":
        spool.chmod(0o500)

    command = hook_command(spool, "claude")
    if what == "no stdin":
        command = command.replace(" #", " <&- #")
    result = subprocess.run(["sh", "-c", command], input=b"{}", capture_output=True, timeout=PATIENCE, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


@pytest.mark.process
def test_a_folder_that_is_gone_is_made_again_but_not_what_it_lies_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    away = tmp_path / "away"
    away.mkdir()
    script_path(away, "claude").write_text(script_text(home / "it's a spool", "claude"))

    run_hook(away, b'{"hook_event_name":"Stop"}')
    wait_for_reports(home / "it's a spool")

    assert (home / "it's a spool").stat().st_mode & 0o777 == 0o700
    (report,) = drain(home / "it's a spool").reports
    assert report.event == "Stop"
    shutil.rmtree(home)
    run_hook(away, b'{"hook_event_name":"Stop"}')
    assert not home.exists()


@pytest.mark.process
def test_with_nobody_to_read_the_oldest_report_goes(spool: Path) -> None:
    for number in range(REPORTS_KEPT):
        (spool / f"0000.{number:05}.claude.report").touch()

    run_hook(spool, b'{"hook_event_name":"Stop"}')
    deadline = time.monotonic() + PATIENCE
    while (spool / "0000.00000.claude.report").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert len(list(spool.glob("*.report"))) == REPORTS_KEPT


# ---- the plugin that OpenCode runs

NODE = shutil.which("node")
PLAYED = """\
import { Quarterdeck } from "./plugin.mjs"
const logged = []
const client = { app: { log: async ({ body }) => void logged.push(body) } }
const hooks = await Quarterdeck({ client })
for (const type of ["session.idle", "message.updated", "session.status"])
  await hooks.event({ event: { type, properties: { sessionID: "ses_1" } } })
await hooks["tool.execute.before"]({ tool: "bash", sessionID: "ses_1" }, { args: { command: "ls" } })
await hooks["tool.execute.after"]({ tool: "bash", sessionID: "ses_1" })
process.on("exit", () => console.log(JSON.stringify(logged)))
"""


MANY = """
import { Quarterdeck } from "./plugin.mjs"
const hooks = await Quarterdeck({})
for (let number = 0; number < 120; number++)
  hooks.event({ event: { type: "session.status", properties: { sessionID: "ses_1", number } } })
process.on("exit", () => console.log("[]"))
"""


def play(folder: Path, spool: Path, played: str = PLAYED) -> list[dict[str, str]]:
    """Let the plugin tell of a few events; answers what it logged."""
    assert NODE is not None
    (folder / "plugin.mjs").write_text(plugin_text(OPENCODE, spool))
    (folder / "play.mjs").write_text(played)
    env = {"PATH": os.environ["PATH"], "TMUX": "/tmp/t/default,12,0", "TMUX_PANE": "%7"}
    done = subprocess.run(
        [NODE, str(folder / "play.mjs")], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return cast("list[dict[str, str]]", json.loads(done.stdout))


@pytest.mark.skipif(NODE is None, reason="node, which runs the plugin as OpenCode does, is not on PATH")
@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.process
def test_the_plugin_reports_also_where_the_folder_is_gone(tmp_path: Path, *, is_there: bool) -> None:
    spool = tmp_path / "spool"
    if is_there:
        spool.mkdir(0o700)

    assert play(tmp_path, spool) == []

    assert spool.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in spool.iterdir())
    reports = drain(spool).reports
    assert sorted(each.event for each in reports) == [
        *("session.idle", "session.status", "tool.execute.after", "tool.execute.before"),
    ]
    assert {(each.agent, each.pane_id, each.socket) for each in reports} == {("opencode", "%7", "/tmp/t/default")}


@pytest.mark.skipif(NODE is None, reason="node, which runs the plugin as OpenCode does, is not on PATH")
@pytest.mark.process
def test_what_the_plugin_is_told_at_once_is_reported_in_that_order(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir(0o700)

    play(tmp_path, spool, MANY)

    numbers = [cast("dict[str, int]", each.payload["properties"])["number"] for each in drain(spool).reports]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 100


@pytest.mark.skipif(NODE is None, reason="node, which runs the plugin as OpenCode does, is not on PATH")
@pytest.mark.parametrize("what", ["a file in its place", "nothing it could lie in"])
@pytest.mark.process
def test_a_plugin_that_cannot_report_says_so_once_in_the_log(what: str, tmp_path: Path) -> None:
    spool = tmp_path / "home" / "spool"
    if what == "a file in its place":
        spool.parent.mkdir()
        spool.touch()

    (said,) = play(tmp_path, spool)

    assert (said["service"], said["level"]) == ("quarterdeck", "warn")
    assert said["message"].startswith("quarterdeck is told nothing of this session: E")
    assert spool.parent.exists() == (what == "a file in its place")


# ---- reading the spool


def report_bytes(body: bytes, head: str = "quarterdeck-report 1 claude @1795248238.5 %3 -") -> bytes:
    return head.encode() + b"\n" + body + b"\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        report_bytes(b"not json at all"),
        report_bytes(b'{"no": "event"}'),
        report_bytes(b"[1, 2]"),
        report_bytes(b'{"hook_event_name": 7}'),
        b'{"hook_event_name":"Stop"}\n',
        report_bytes(b'{"hook_event_name":"Stop"}', head="quarterdeck-report 2 claude @1 %3 -"),
        b"\xff\xfe\x00" * 100,
    ],
    ids=["empty", "blank", "prose", "no event", "list", "number", "no head", "newer form", "bytes"],
)
def test_what_is_no_report_is_set_aside_and_spoils_no_other(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "1.report").write_bytes(data)
    (tmp_path / "2.report").write_bytes(report_bytes(b'{"hook_event_name":"Stop"}'))

    drained = drain(tmp_path)

    assert [report.event for report in drained.reports] == ["Stop"]
    assert [file.name for file in (tmp_path / "bad").iterdir()] == ["1.report"]


def test_what_is_set_aside_does_not_pile_up(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number}.report").write_bytes(b"rubbish")

    drain(tmp_path)

    assert len(list((tmp_path / "bad").iterdir())) == 20


def test_links_pipes_and_folders_in_the_spool_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(report_bytes(b'{"hook_event_name":"Stop"}'))
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "link.report").symlink_to(secret)
    os.mkfifo(spool / "pipe.report")
    (spool / "folder.report").mkdir()

    drained = drain(spool)

    assert drained.reports == []
    assert len(list((spool / "bad").iterdir())) == 3
    assert secret.exists()


def test_reports_come_in_the_order_of_their_times_and_in_bounded_numbers(tmp_path: Path) -> None:
    now = wall_clock().timestamp()
    for number in (3, 1, 2):
        head = f"quarterdeck-report 1 claude @{now - 10 + number:.3f} %3 -"
        body = json.dumps({"hook_event_name": f"E{number}"}).encode()
        (tmp_path / f"{number}.report").write_bytes(report_bytes(body, head))

    drained = drain(tmp_path)

    assert [report.event for report in drained.reports] == ["E1", "E2", "E3"]
    for number in range(7):
        (tmp_path / f"{number}.report").write_bytes(report_bytes(b'{"type":"x"}'))
    assert drain(tmp_path, limit=5).more
    assert len(drain(tmp_path).reports) == 2


def test_what_died_half_way_is_swept_away(tmp_path: Path) -> None:
    for name in ("1.tmp", "2.report.99.taken", "3.tmp"):
        (tmp_path / name).write_bytes(b"x")
    old = wall_clock().timestamp() - 3_600
    for name in ("1.tmp", "2.report.99.taken"):
        os.utime(tmp_path / name, (old, old))

    drain(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["3.tmp"]


def test_an_absent_spool_is_empty(tmp_path: Path) -> None:
    assert drain(tmp_path / "nowhere").reports == []


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    parse(data, written_at=0.0)
    parse(b"quarterdeck-report 1 claude 5 %1 -\n" + data, written_at=0.0, boot=1.0)


# ---- hooks for agents we start


def test_claude_is_started_with_hooks_beside_the_users_own(tmp_path: Path) -> None:
    spool, files = tmp_path / "spool", tmp_path / "launch"

    plan = agent("claude").launch(Launch(cwd=tmp_path, prompt="p", spool=spool, files=files, session_id="u-1"))

    settings = Path(plan.argv[plan.argv.index("--settings") + 1])
    assert settings.is_relative_to(files)
    events = cast("dict[str, object]", json.loads(plan.files[settings])["hooks"])
    assert {"UserPromptSubmit", "PermissionRequest", "Stop", "StopFailure"} <= events.keys()
    assert plan.files[script_path(spool, "claude")] == script_text(spool, "claude")
    assert plan.argv[-2:] == ("--", "p")


def test_opencode_is_started_with_a_server_that_wants_a_password(tmp_path: Path) -> None:
    wanted = Launch(cwd=tmp_path, spool=tmp_path / "s", files=tmp_path / "f")

    one, other = agent("opencode").launch(wanted), agent("opencode").launch(wanted)

    assert port_in(one.argv) > 1_000
    assert len(one.env[OPENCODE.password]) >= 24
    assert one.env[OPENCODE.password] != other.env[OPENCODE.password]
    assert not one.files


@pytest.mark.parametrize("key", ["codex", "gemini"])
def test_no_agent_is_started_with_hooks_it_would_ask_or_warn_about(key: str, tmp_path: Path) -> None:
    plan = agent(key).launch(Launch(cwd=tmp_path, spool=tmp_path / "s", files=tmp_path / "f"))

    assert not plan.files
    assert not plan.env
    assert not any("hook" in word for word in plan.argv)
