"""Agents that are drawn: panes with the names, screens, titles, rollouts and reports of recorded ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from quarterdeck.agents.hooks import hook_command, script_path, script_text
from quarterdeck.ports.clock import wall_clock

if TYPE_CHECKING:
    from pathlib import Path

    from support.recordings import Recording
    from support.tmux_server import TmuxServer

CONVERSATION = "01a1fd27-5e3a-7e51-a729-7c7d65f7670b"


class DrawnAgents:
    """A Codex and a Gemini, each in a session of its name, and what is theirs. The home folder is `FOLDER/home`."""

    def __init__(self, folder: Path, server: TmuxServer) -> None:
        self.folder, self.server = folder, server
        self.spool = folder / "qd" / "spool"
        self.rollout = folder / "home/.codex/sessions/2026/11/30" / f"rollout-2026-11-30T09-00-00-{CONVERSATION}.jsonl"
        self.rollout.parent.mkdir(parents=True)
        self.said = 0
        self.panes = {key: self._start(key) for key in ("codex", "gemini")}
        script_path(self.spool, "codex").parent.mkdir(parents=True, exist_ok=True)
        script_path(self.spool, "codex").write_text(script_text(self.spool, "codex"))
        self.write("session_meta", id=CONVERSATION, session_id=CONVERSATION, cwd="/tmp", source="cli")

    def _start(self, key: str) -> tuple[str, str]:
        """A program of this name; answers its pane and its terminal."""
        program = self.folder / "bin" / (key if key == "codex" else "node")
        program.parent.mkdir(exist_ok=True)
        program.symlink_to(str(shutil.which("sleep" if key == "codex" else "sh")))
        script = self.folder / "gemini"
        script.write_text("while :; do sleep 1000; done\n")
        words = ("100000",) if key == "codex" else (str(script),)
        pane = self.server.session(key, str(program), *words, cwd="/tmp", size="120x36")
        return pane, self.server.ask(pane, "#{pane_tty}")

    def draw(self, recording: Recording, *, title: str | None = None, screen: bool = True) -> None:
        """Show a recorded screen, its title, or both."""
        shown = recording.title if title is None else title
        text = f"\x1b[H\x1b[2J{recording.screen.rstrip(chr(10))}" if screen else ""
        with open(self.panes[recording.agent_key][1], "w") as terminal:  # noqa: PTH123 - no file
            terminal.write(text + f"\x1b]0;{shown}\x07")

    def write(self, kind: str, **payload: object) -> None:
        """Append one row to the rollout."""
        now = wall_clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self.rollout.open("a") as file:
            file.write(json.dumps({"timestamp": now, "type": kind, "payload": payload}) + "\n")

    def begin(self) -> str:
        """Write that a turn begins; answers what is asked for."""
        self.said += 1
        words = f"prompt number {self.said}"
        self.write("event_msg", type="task_started", model_context_window=200_000)
        self.write("response_item", type="message", role="user", content=[{"type": "input_text", "text": words}])
        return words

    def end(self) -> str:
        """Write that the turn is over; answers its words."""
        words = f"Answer number {self.said} it is."
        block = {"type": "output_text", "text": words}
        self.write("response_item", type="message", role="assistant", content=[block])
        self.write("event_msg", type="task_complete", last_agent_message=words)
        return words

    def report(self, event: str, **more: object) -> None:
        """Report as a hook does."""
        payload = json.dumps({"hook_event_name": event, "session_id": CONVERSATION, **more}).encode()
        env = os.environ | {"TMUX_PANE": self.panes["codex"][0], "TMUX": f"{self.server.socket},1,0"}
        subprocess.run(["sh", "-c", hook_command(self.spool, "codex")], input=payload, env=env, check=True)
