"""A real agent in a private tmux pane, with a home of its own and a scripted model: for live tests."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.hooks import script_path, script_text
from quarterdeck.agents.roster import Roster
from quarterdeck.core.pane import PaneId
from quarterdeck.core.reading_ladder import decide
from quarterdeck.core.report import ReportState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.ports.agent_spec import HookKind
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.reports import drain
from support.git_repo import git
from support.patience import PATIENCE
from support.recordings import agent

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.reading import Reading
    from quarterdeck.ports.agent import Transcript
    from support.tmux_server import TmuxServer

KEY = "sk-ant-mock-0123456789abcdefghijklmnopqrstuvwxyz"
READY = {
    "claude": "❯",
    "codex": "›",
    "opencode": "ctrl+p commands",
    "kilo": "ctrl+p commands",
    "gemini": "Type your message",
    "qwen": "Type your message",
    "copilot": "/ commands",
    "pi": "mock-model",
    "cline": "Act (Tab)",
    "aider": "Repo-map:",
}
STARTS = {
    "claude": "claude --permission-mode default",
    "codex": "codex --dangerously-bypass-hook-trust",
    "opencode": "opencode",
    "kilo": "kilo",
    "gemini": "gemini",
    "qwen": "qwen --approval-mode default",
    "copilot": "copilot",
    "pi": "pi",
    "cline": "cline --tui --auto-approve false",
    "aider": "aider --no-check-update --no-show-model-warnings --no-show-release-notes --analytics-disable",
}

PI_ASKS = """
export default function (pi) {
  pi.on("tool_call", async (event, ctx) => {
    if (event.toolName !== "bash" || !event.input.command.startsWith("touch ")) return undefined
    const choice = await ctx.ui.select(`Run this command?\n\n  ${event.input.command}`, ["Yes", "No"])
    return choice === "Yes" ? undefined : { block: true, reason: "Blocked by user" }
  })
  pi.registerTool({
    name: "ask_user",
    label: "Question",
    description: "Ask the user a question and let them pick from options.",
    parameters: { type: "object", properties: { questions: { type: "array" } } },
    async execute(id, params, signal, onUpdate, ctx) {
      const first = params.questions[0]
      const labels = first.options.map((each) => each.label)
      const asked = labels.length ? ctx.ui.select(first.question, labels) : ctx.ui.input(first.question, "Say it")
      return { content: [{ type: "text", text: `They said: ${await asked}` }], details: {} }
    },
  })
}
"""
"""An extension of pi's that asks before some commands, and brings a tool that asks: pi itself asks for nothing."""


def program_of(key: str) -> str | None:
    """Where the agent's program is: on PATH, or in the folder that AGENTS_BIN names."""
    return shutil.which(STARTS[key].split()[0], path=search_path())


def search_path() -> str:
    """PATH with AGENTS_BIN in front."""
    return os.pathsep.join(filter(None, (os.environ.get("AGENTS_BIN", ""), os.environ.get("PATH", os.defpath))))


@dataclass
class Lab:
    """One agent in one pane."""

    key: str
    root: Path
    tmux: TmuxServer
    url: str
    size: str = "100x30"
    hooks: bool = True
    flags: str = ""
    """More words for its command line."""
    command: str = ""
    """What starts it, in place of the usual."""
    target: str = "lab"
    """The session or the pane it is in."""
    held: ReportState = field(default_factory=ReportState)
    conversation: str = ""
    """The one it shows."""
    transcript: Transcript | None = None
    claims: FileClaims = field(default_factory=FileClaims)
    seen: list[str] = field(default_factory=list)
    screen: str = ""
    drawn_at: float = field(default_factory=time.monotonic)

    @property
    def home(self) -> Path:
        """The agent's home."""
        return self.root / "home"

    @property
    def work(self) -> Path:
        """The folder it works in."""
        return self.home / "work" / "demo"

    @property
    def spool(self) -> Path:
        """Where its hooks report to."""
        return self.root / "spool"

    def start(self) -> dict[str, str]:
        """Start the agent in a shell, and wait until it is ready; answers the environment it has."""
        env = self.prepare()
        inside = {"TMUX": f"{self.tmux.socket},1,0", "TMUX_PANE": "%0"}
        pairs = [f"{name}={value}" for name, value in {**env, **inside}.items()]
        self.tmux.session(
            self.target, "env", "-i", *pairs, "bash", "--norc", "--noprofile", cwd=self.work, size=self.size
        )
        self.tmux.run("set-option", "-g", "default-terminal", "tmux-256color")
        self.begin()
        return env

    def start_in(self, *opening: str) -> PaneId:
        """Start the agent in the pane that a command of tmux opens, and wait until it is ready; answers that pane."""
        pairs = [f"{name}={value}" for name, value in self.prepare().items()]
        script = 'exec env -i "$@" TMUX="$TMUX" TMUX_PANE="$TMUX_PANE" bash --norc --noprofile'
        self.target = self.tmux.run(
            *opening, "-P", "-F", "#{pane_id}", "-c", str(self.work), "--", "sh", "-c", script, "sh", *pairs
        )
        self.begin()
        return PaneId(self.target)

    def begin(self) -> None:
        """Start the agent in the shell that is there."""
        self.run(f"{self.command or STARTS[self.key]} {self.flags}".strip())
        self.until(lambda: READY[self.key] in clean_lines(self.capture()), "it is ready")
        self.settle()

    def prepare(self) -> dict[str, str]:
        """Make its home, which it may share with others, and its hooks; answers the environment it has."""
        for folder in (self.work, self.spool, self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        if not (self.work / ".git").exists():
            git(self.work, "init", "-q", "-b", "main")
            git(self.work, "commit", "-q", "--allow-empty", "-m", "first")
        env: dict[str, str] = self.environment() | getattr(self, f"set_up_{self.key}")()
        if self.hooks and agent(self.key).spec.hooks is not HookKind.NONE:
            script_path(self.spool, self.key).write_text(script_text(self.spool, self.key))
            plan = agent(self.key).hook_plan(install=True, spool=self.spool, home=AgentHome(self.home))
            assert plan is not None
            if plan.after is not None:  # another one that has this home has done it already
                plan.path.parent.mkdir(parents=True, exist_ok=True)
                plan.path.write_text(plan.after)
        return env

    def folders(self) -> list[str]:
        """The folders it is told to trust: its own, and worktrees that are made of it."""
        worktrees = self.root / "projects" / "demo" / "worktrees"
        return [str(self.work), *(str(worktrees / f"demo-{number}") for number in range(1, 17))]

    def environment(self) -> dict[str, str]:
        """What every agent gets."""
        return {
            "PATH": search_path(),
            "HOME": str(self.home),
            "TERM": "tmux-256color",
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "PS1": "$ ",
        }

    def set_up_claude(self) -> dict[str, str]:
        """Claude Code's first-run questions answered, and our model."""
        project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True, "allowedTools": []}
        answered = {"approved": [KEY[-20:]], "rejected": []}
        told = {"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": answered}
        self.write(".claude.json", json.dumps(told | {"projects": dict.fromkeys(self.folders(), project)}))
        quiet = ("DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": KEY, **dict.fromkeys(quiet, "1")}

    def set_up_codex(self) -> dict[str, str]:
        """Codex's settings, with our model."""
        self.write(
            ".codex/config.toml",
            'model = "mock-model"\nmodel_provider = "mock"\napproval_policy = "on-request"\n'
            'sandbox_mode = "workspace-write"\ncheck_for_update_on_startup = false\n'
            "[features]\ndefault_mode_request_user_input = true\n[analytics]\nenabled = false\n"
            f'[model_providers.mock]\nname = "Mock"\nbase_url = "{self.url}/v1"\nenv_key = "MOCK_API_KEY"\n'
            'wire_api = "responses"\nrequest_max_retries = 1\nstream_max_retries = 1\n'
            + "".join(f'[projects."{folder}"]\ntrust_level = "trusted"\n' for folder in self.folders()),
        )
        return {"MOCK_API_KEY": "mock", "CODEX_HOME": str(self.home / ".codex")}

    def set_up_opencode(self) -> dict[str, str]:
        """OpenCode's settings, with our model."""
        return self.set_up_family("opencode")

    def set_up_kilo(self) -> dict[str, str]:
        """Kilo's settings, with our model."""
        return self.set_up_family("kilo") | {"KILO_ENABLE_QUESTION_TOOL": "1", "KILO_TELEMETRY_LEVEL": "off"}

    def set_up_family(self, name: str) -> dict[str, str]:
        """The settings of a program of OpenCode's family."""
        model = {"name": "Mock Model", "tool_call": True, "limit": {"context": 200_000, "output": 8_000}}
        options = {"baseURL": f"{self.url}/v1", "apiKey": "mock"}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "Mock", "options": options}
        told = {
            "autoupdate": False,
            "model": "mock/mock-model",
            "small_model": "mock/mock-model",
            "enabled_providers": ["mock"],
            "permission": {"bash": "ask", "edit": "ask"},
            "provider": {"mock": {**provider, "models": {"mock-model": model}}},
        }
        self.write(f".config/{name}/{name}.json", json.dumps(told))
        quiet = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE", "DEFAULT_PLUGINS")
        return {f"{name.upper()}_DISABLE_{each}": "1" for each in quiet}

    def set_up_gemini(self) -> dict[str, str]:
        """Gemini CLI's settings, with our model."""
        told = {
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
            "ide": {"enabled": False, "hasSeenNudge": True},
            "model": {"name": "gemini-2.5-pro"},
        }
        self.write(".gemini/settings.json", json.dumps(told, indent=2))
        return {"GEMINI_API_KEY": "mock", "GOOGLE_GEMINI_BASE_URL": self.url, "NO_BROWSER": "1"}

    def set_up_qwen(self) -> dict[str, str]:
        """Qwen Code's settings, with our model."""
        told = {
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": False}},
            "ide": {"enabled": False, "hasSeenNudge": True},
            "model": {"name": "mock-model"},
        }
        self.write(".qwen/settings.json", json.dumps(told, indent=2))
        return {"OPENAI_API_KEY": "mock", "OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_MODEL": "mock-model"}

    def set_up_copilot(self) -> dict[str, str]:
        """Copilot CLI's settings, with our model."""
        self.write(".copilot/config.json", json.dumps({"trustedFolders": self.folders(), "appTipShown": True}))
        provider = {"BASE_URL": f"{self.url}/v1", "API_KEY": "mock", "MAX_PROMPT_TOKENS": "200000"}
        told = {f"COPILOT_PROVIDER_{name}": value for name, value in provider.items()}
        return {"COPILOT_OFFLINE": "true", "COPILOT_MODEL": "mock-model", "COPILOT_AUTO_UPDATE": "false", **told}

    def set_up_pi(self) -> dict[str, str]:
        """pi's settings, with our model, and two extensions that ask."""
        models = [{"id": "mock-model", "contextWindow": 200_000}]
        provider = {"baseUrl": f"{self.url}/v1", "api": "openai-completions", "apiKey": "mock", "models": models}
        self.write(".pi/agent/models.json", json.dumps({"providers": {"mock": provider}}))
        self.write(".pi/agent/settings.json", json.dumps({"defaultProvider": "mock", "defaultModel": "mock-model"}))
        self.write(".pi/agent/extensions/asks.ts", PI_ASKS)
        return {"PI_OFFLINE": "1"}

    def set_up_cline(self) -> dict[str, str]:
        """Cline's settings, with our model."""
        told = {"provider": "openai-compatible", "apiKey": "mock", "model": "mock-model", "baseUrl": f"{self.url}/v1"}
        provider = {"settings": told, "updatedAt": "2026-11-30T09:00:00.000Z", "tokenSource": "manual"}
        known = {"version": 1, "lastUsedProvider": "openai-compatible", "modes": {}}
        settings = known | {"providers": {"openai-compatible": provider}}
        self.write(".cline/data/settings/providers.json", json.dumps(settings))
        notices = dict.fromkeys(("cline-cli-cline-pass-intro", "cline-cli-desktop-launch", "cline-cli-zen"), True)
        self.write(".cline/data/settings/cli-notices.json", json.dumps({"shown": notices}))
        return {}

    def set_up_aider(self) -> dict[str, str]:
        """Aider's settings, with our model."""
        told = {"MODEL": "openai/mock-model", "EDIT_FORMAT": "diff", "AUTO_COMMITS": "false", "GITIGNORE": "false"}
        named = {f"AIDER_{name}": value for name, value in told.items()}
        return {"OPENAI_API_KEY": "mock", "OPENAI_API_BASE": f"{self.url}/v1", **named}

    def write(self, name: str, text: str) -> None:
        """One file of the agent's home."""
        (self.home / name).parent.mkdir(parents=True, exist_ok=True)
        # Another one that has this home may have written to it since.
        if not (self.home / name).exists():
            (self.home / name).write_text(text)

    def run(self, text: str) -> None:
        """Type a line; agents take text and Enter in one burst as a paste."""
        self.tmux.run("send-keys", "-t", self.target, "-l", text)
        self.settle(0.6)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys."""
        self.tmux.run("send-keys", "-t", self.target, *keys)

    def settle(self, seconds: float = 1.0) -> None:
        """Let an agent take in what was typed; there is nothing to wait for that would tell."""
        time.sleep(seconds)

    def capture(self) -> str:
        """The screen, with its colours."""
        return self.tmux.run("capture-pane", "-e", "-p", "-t", self.target)

    def look(self, *, without: tuple[str, ...] = ()) -> Reading:
        """What the whole ladder says now."""
        now = wall_clock()
        for report in drain(self.spool).reports:
            self.held = agent(self.key).read_report(self.held, report)
        screen = self.capture()
        if screen != self.screen:
            self.screen, self.drawn_at = screen, time.monotonic()
        still_for = time.monotonic() - self.drawn_at
        title = self.tmux.ask(self.target, "#{pane_title}")
        found = Roster([agent(self.key)]).detect(self.programs())
        looked = ScreenLook(text=screen, at=now, title=title, still_for=still_for)
        known = {
            "hook": self.held.reading,
            "registry": self.told_by(found[1], title, screen) if found else None,
            "transcript": self.written() if found else None,
            "title": agent(self.key).read_title(title, at=now, still_for=still_for),
            "screen": agent(self.key).read_screen(looked),
        }
        told = {each.source: each for rung, each in known.items() if each is not None and rung not in without}
        reading = decide(told if found is not None else {}, now=now)
        self.seen.append(f"{reading.state}/{reading.needs} from {reading.source}: {reading.cause}")
        return reading

    def told_by(self, program: Program, title: str, screen: str) -> Reading | None:
        """What the agent's registry says, and in which conversation it is."""
        home, one = AgentHome(self.home), agent(self.key)
        shown = one.conversation(program, home=home, title=title, screen=clean_lines(screen))
        if shown != self.conversation and self.transcript is not None:
            self.transcript.close()
            self.transcript = None
        self.conversation = shown
        return one.read_registry(program, at=wall_clock(), home=home, conversation=shown)

    def written(self) -> Reading | None:
        """What the transcript says."""
        if self.transcript is None:
            session = self.conversation or self.held.session_id
            self.transcript = agent(self.key).transcript(
                cwd=str(self.work), claims=self.claims, session_id=session, home=AgentHome(self.home)
            )
        if self.transcript is None:
            return None
        view = self.transcript.read()
        if view is None:
            self.transcript.close()
            self.transcript = None
        return view.reading if view else None

    def programs(self) -> list[Program]:
        """The pane's processes, the shell first."""
        todo = [psutil.Process(int(self.tmux.ask(self.target, "#{pane_pid}")))]
        found = []
        while todo:
            process = todo.pop(0)
            try:
                started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
                argv = tuple(process.cmdline())
                found.append(Program(pid=process.pid, command=process.name(), argv=argv, started=started))
                todo += process.children()
            except (psutil.Error, OSError):
                continue
        return found

    def end_left(self) -> None:
        """End what the agent has left behind when its terminal is gone: daemons of its home, which nothing started."""
        left = [each for each in psutil.process_iter() if self._has_left(each)]
        for process in left:
            with suppress(psutil.Error):
                process.terminate()
        for process in psutil.wait_procs(left, timeout=5)[1]:
            with suppress(psutil.Error):
                process.kill()

    def _has_left(self, process: psutil.Process) -> bool:
        try:
            return process.ppid() == 1 and process.environ().get("HOME") == str(self.home)
        except psutil.Error:
            return False

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition, looking often."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{what}: not within {PATIENCE:.0f} s\n" + "\n".join(self.seen[-20:]) + self.capture()
                )
            time.sleep(0.1)
