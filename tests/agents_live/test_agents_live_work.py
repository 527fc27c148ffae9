"""The real agents spawned, ended and brought back with their own conversation. Run with `-m agents`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.lifecycle import RuntimeState
from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.text import clean_lines
from quarterdeck.operations.conversations import DELETED_AT
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.restore import restore
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.paths import find_places
from quarterdeck.runtime.services import open_services
from quarterdeck.values import replace
from support.agent_lab import Lab, program_of, search_path
from support.git_repo import make_repository
from support.patience import PATIENCE
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer, until
from support.work_contexts import runtime_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]


def trusted(lab: Lab, folder: Path) -> None:
    """Have the agent work in a folder unasked, as an operator does once for a repository."""
    if lab.key == "claude":
        file = lab.home / ".claude.json"
        told = json.loads(file.read_text())
        told["projects"][str(folder)] = next(iter(told["projects"].values()))
        file.write_text(json.dumps(told))
    elif lab.key == "codex":
        with (lab.home / ".codex/config.toml").open("a") as settings:
            settings.write(f'[projects."{folder}"]\ntrust_level = "trusted"\n')


@pytest.mark.parametrize("key", ["claude", "codex", "opencode"])
async def test_a_worker_comes_back_with_its_own_conversation(
    key: str, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program_of(key) is None:
        pytest.skip(f"{key} is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    with TmuxServer(short_folder / "s") as server, ScriptedModel() as model:
        lab = Lab(key, short_folder, server, model.url)
        lab.work.mkdir(parents=True)
        (short_folder / "tmp").mkdir()
        env = lab.environment() | getattr(lab, f"set_up_{key}")()
        for name in ("TMUX", "TMUX_PANE", "TERM"):
            env.pop(name, None)
        for name in ("HOME", "CODEX_HOME"):
            monkeypatch.setenv(name, env.get(name, ""))
        repository = make_repository(short_folder / "r")
        places = find_places(str(short_folder / "q"))
        trusted(lab, repository.path)
        trusted(lab, places.projects / "app" / "worktrees" / "app-1")
        app = {
            "path": str(repository.path),
            "agent": key,
            "session_prefix": "app",
            "env": env,
            "tracker": {"kind": "none"},
        }
        settings = Settings.model_validate({"projects": {"app": app}})
        async with open_services(ServerAddress(server.socket), places, settings, persistent=False) as services:
            work_context = replace(services.work_context, environ={**os.environ, "PATH": search_path()})

            def screen() -> str:
                return clean_lines(server.run("capture-pane", "-p", "-t", "=app-1:", check=False))

            await spawn(work_context, SpawnRequest(project="app", prompt="Say a word.\nsay: HELIOTROPE it is"), print)
            try:
                until(
                    lambda: "HELIOTROPE it is" in screen().replace("say: HELIOTROPE it is", ""),
                    "it answered",
                    2 * PATIENCE,
                )
            except AssertionError as error:
                raise AssertionError(screen()) from error
            agent = await runtime_of(work_context, "app-1")
            killed = await kill_work(work_context, "app-1")
            assert agent.state is RuntimeState.ALIVE
            assert killed.worktree_left == ""
            assert server.sessions() == []

            restored = await restore(work_context, "app-1", print)

            assert restored.restore_fallback is None
            until(lambda: "HELIOTROPE it is" in screen(), "its conversation is back", PATIENCE)
            assert (await runtime_of(work_context, "app-1")).state is RuntimeState.ALIVE
            print(screen())
            await kill_work(work_context, "app-1", purges=True)
            assert (DELETED_AT in (await work_context.record("app-1")).extra) == (key == "opencode")
