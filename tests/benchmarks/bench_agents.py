"""How soon a change of an agent is on its row, with many sessions around it.

    PYTHONPATH=app:tests python tests/benchmarks/bench_agents.py [SESSIONS]

A hook's report, an appended transcript line and a dialog drawn on the screen, each until the event that a console
paints; the sessions around it are agents at rest. Expected at 100 sessions: 0.5 s, 1.5 s and 2 s at the most; the
baseline is a look at tmux in the same run.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.hooks import hook_command, script_path, script_text
from quarterdeck.core.events import SessionChanged
from quarterdeck.ports.clock import wall_clock
from support import agent_crowd
from support.recordings import FULL, recordings
from support.tmux_server import TmuxServer
from support.workers import Watching, watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.session import Session

AGENT = """\
draw() { printf '\\033]0;%s\\007\\033[2J\\033[H' "$(cat "$1.title")"; cat "$1"; }
draw "$1/idle"
while read -r state; do draw "$1/$state"; done
"""
CONVERSATION = "11111111-2222-3333-4444-555555555555"
ROUNDS = 12
PATIENCE = 10.0


async def waited(workers: Watching, act: Callable[[], None], shows: Callable[[Session], bool]) -> float:
    """Seconds from an act until the row shows it."""
    done = asyncio.get_running_loop().create_future()

    def heard(event: object) -> None:
        if isinstance(event, SessionChanged) and shows(event.after) and not done.done():
            done.set_result(time.perf_counter())

    forget = workers.workers.supervisor.subscribe(heard)
    begun = time.perf_counter()
    act()
    try:
        return float(await asyncio.wait_for(done, PATIENCE)) - begun
    finally:
        forget()


def line(kind: str, **message: object) -> str:
    """One row of a transcript."""
    now = wall_clock().isoformat().replace("+00:00", "Z")
    common = {
        "type": kind,
        "sessionId": CONVERSATION,
        "cwd": "/tmp",
        "timestamp": now,
        "uuid": now,
        "isSidechain": False,
    }
    return json.dumps(common | {"message": {"role": kind, **message}}) + "\n"


async def measure(sessions: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of each kind."""
    home, spool, screens = folder / "home", folder / "qd" / "spool", folder / "screens"
    transcript = home / ".claude" / "projects" / "-tmp" / f"{CONVERSATION}.jsonl"
    for each in (home, screens, folder / "bin", transcript.parent):
        each.mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "claude").symlink_to(str(shutil.which("sh")))
    (folder / "agent").write_text(AGENT)
    for recording in recordings(FULL):
        if recording.agent_key == "claude" and recording.name in {"idle", "permission"}:
            (screens / recording.name).write_text(recording.screen)
            (screens / f"{recording.name}.title").write_text(recording.title)
    transcript.write_text(line("user", content="begin"))
    os.environ["HOME"] = str(home)
    took: dict[str, list[float]] = {"look": [], "hook": [], "transcript": [], "screen": []}
    with TmuxServer(folder / "s") as server:
        resting = agent_crowd.recorded(agent_crowd.AT_REST)
        agent_crowd.start(server, folder, (f"s{number}" for number in range(sessions)), resting)
        program = (str(folder / "bin" / "claude"), str(folder / "agent"), str(screens))
        pane = server.session("agent", *program, cwd="/tmp", size="120x36")
        async with watching(folder / "s", folder / "qd") as workers:
            script_path(spool, "claude").parent.mkdir(parents=True, exist_ok=True)
            script_path(spool, "claude").write_text(script_text(spool, "claude"))
            env = os.environ | {"TMUX_PANE": pane, "TMUX": f"{server.socket},1,0"}

            def report(event: str, **more: object) -> None:
                payload = json.dumps({"hook_event_name": event, "session_id": CONVERSATION, **more}).encode()
                subprocess.run(["sh", "-c", hook_command(spool, "claude")], input=payload, env=env, check=True)

            def append(text: str) -> None:
                with transcript.open("a") as file:
                    file.write(text)
                server.run("send-keys", "-t", pane, "idle", "Enter")

            def draw(screen: str) -> None:
                server.run("send-keys", "-t", pane, screen, "Enter")

            await asyncio.sleep(5)
            for number in range(ROUNDS):
                begun = time.perf_counter()
                await workers.workers.supervisor.look()
                took["look"].append(time.perf_counter() - begun)
                took["hook"].append(
                    await waited(
                        workers,
                        lambda: report("PreToolUse", tool_name="Bash", tool_input={"command": "make"}),
                        lambda s: s.tmux_name == "agent" and s.state_evidence.source == "hook" and s.state == "busy",
                    )
                )
                report("Stop", last_assistant_message="done")
                await asyncio.sleep(6.5)
                words = f"number {number}"
                took["transcript"].append(
                    await waited(
                        workers,
                        lambda: append(
                            line(
                                "assistant",
                                id=f"m{number}",  # noqa: B023
                                model="m",
                                stop_reason="end_turn",
                                content=[{"type": "text", "text": words}],  # noqa: B023
                                usage={"input_tokens": 1000 + number, "output_tokens": 1},  # noqa: B023
                            )
                        ),
                        lambda s: s.token_count == 1000 + number,  # noqa: B023
                    )
                )
                await asyncio.sleep(4)
                took["screen"].append(
                    await waited(workers, lambda: draw("permission"), lambda s: s.needs == "permission")
                )
                draw("idle")
                await asyncio.sleep(4)
    return took


def main() -> None:
    """Print medians and the worst."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(prefix="qd-", dir="/tmp") as folder:
        took = asyncio.run(measure(sessions, Path(folder)))
    base = statistics.median(took["look"])
    print(f"{sessions} sessions, {ROUNDS} rounds; ms: median, worst, times a look")
    for name, seconds in took.items():
        median = statistics.median(seconds)
        print(f"{name:<11} {median * 1000:8.1f} {max(seconds) * 1000:8.1f} {median / base:8.1f}")


if __name__ == "__main__":
    main()
