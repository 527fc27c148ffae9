"""Messages to the real agents: none lost, none doubled, none into a dialog. Run with `-m agents`.

`SENDS=100` sends so many to each; without it one round of each kind goes. `AGENTS_KEEP=DIR` keeps their homes.
"""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.text import clean_lines
from quarterdeck.operations.answer import answer
from quarterdeck.operations.send import send
from quarterdeck.paths import find_places
from quarterdeck.runtime.services import open_services
from support.agent_lab import STARTS, Lab, program_of, search_path
from support.agent_post import PER_ROUND, Correspondence
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.agents, pytest.mark.timeout(1500)]


@asynccontextmanager
async def correspondence(
    key: str, folder: Path, flags: str = "", size: str = "100x30"
) -> AsyncIterator[Correspondence]:
    """An agent that runs, and a bridge to it."""
    if program_of(key) is None:
        pytest.skip(f"{key} is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    with TmuxServer(folder / "s") as server, ScriptedModel() as model:
        lab = Lab(key, folder, server, model.url, size=size, flags=flags)
        env = lab.start()
        project = {"path": lab.work, "agent": key, "session_prefix": "demo", "env": env, "scm": "none"}
        settings = Settings.model_validate({"projects": {"demo": project | {"tracker": {"kind": "none"}}}})
        places = find_places(str(folder))
        async with open_services(ServerAddress(server.socket), places, settings, persistent=False) as services:
            await services.workers.look_once()
            yield Correspondence(lab, services, services.context.session("lab"))


def keep(lab: Lab) -> None:
    """Copy what the agent wrote to where it can be read later."""
    if os.environ.get("AGENTS_KEEP"):
        shutil.copytree(lab.home, Path(os.environ["AGENTS_KEEP"]) / lab.key, symlinks=True, dirs_exist_ok=True)


@pytest.mark.parametrize("key", ["claude", "codex", "gemini", "opencode", "qwen", "copilot", "pi", "cline"])
async def test_none_is_lost_none_doubled_none_into_a_dialog(
    key: str, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = max(1, -(-int(os.environ.get("SENDS", "0")) // PER_ROUND))
    monkeypatch.setenv("PATH", search_path())
    async with correspondence(key, short_folder) as letters:
        try:
            await letters.mixed(rounds)
        finally:
            keep(letters.lab)
        print(letters)
        faults = letters.faults()
        assert not faults, "\n" + "\n".join(faults)


MEANT_AS_WORDS = (
    "! echo {tag}",
    "/slashless {tag}",
    "#{tag} is broken",
    "@README.md {tag}",
    "{tag}: look at @README.md",
    "/{tag}",
)


COMMANDS = {
    "claude": ("/context", "free space"),
    "copilot": ("/new", "new session"),
    "pi": ("/new", "new session"),
    "cline": ("/clear", "what can i do for you"),
}
"""One that it knows, and what is shown then."""


@pytest.mark.parametrize("key", COMMANDS)
async def test_what_begins_or_ends_with_a_sign_arrives_as_words(key: str, short_folder: Path) -> None:
    async with correspondence(key, short_folder) as letters:
        (letters.lab.work / "README.md").write_text("Read me.\n")
        for kind in MEANT_AS_WORDS:
            await letters.send(kind)
            await letters.until_idle()
        assert not letters.faults(), "\n".join(letters.faults())
        name, shown = COMMANDS[key]
        command = await send(letters.services.context, letters.session, name)
        await letters.until_idle()

        assert command.as_command
        letters.lab.until(lambda: shown in clean_lines(letters.lab.capture()).lower(), f"{name} is done")


COLOUR, SIZES = "Which colour?", "Which sizes?"
REVIEWS = {"claude": "Review", "gemini": "Review", "opencode": "Review", "qwen": "Ready to submit"}
"""They show all answers of several questions once more, to be submitted."""
ASKED = [
    *((key, "ask", {COLOUR: "Blue"}, "Blue") for key in STARTS),
    *((key, "ask", {COLOUR: "a warm grey"}, "a warm grey") for key in STARTS if key not in {"pi", "cline"}),
    *((key, "ask: two", {COLOUR: "2", SIZES: "Large"}, "Large") for key in STARTS if key not in {"pi", "cline"}),
    ("claude", "ask: many", {SIZES: "1,3"}, "Small, Large"),
    ("opencode", "ask: many", {SIZES: "large, small"}, "Small, Large"),
    ("gemini", "ask: many", {SIZES: "1,3"}, "Small, Large"),
    ("gemini", "ask: many", {SIZES: "huge, 2"}, "Middle, Huge"),
    ("qwen", "ask: many", {SIZES: "1,3"}, "Small, Large"),
    ("copilot", "ask: many", {SIZES: "1,3"}, "Small, Large"),
    ("copilot", "ask: open", {COLOUR: "a warm grey"}, "a warm grey"),
    ("pi", "ask: open", {COLOUR: "a warm grey"}, "a warm grey"),
    ("gemini", "ask: open", {COLOUR: "a warm grey"}, "a warm grey"),
    ("claude", "plan", {"plan mode": "1"}, "Finished after the tool result"),
    ("claude", "plan", {"plan mode": "n"}, "ejected"),
]


@pytest.mark.parametrize(("key", "prompt", "answers", "shown"), ASKED)
async def test_what_it_asks_is_answered(
    key: str, prompt: str, answers: dict[str, str], shown: str, short_folder: Path
) -> None:
    async with correspondence(key, short_folder, "--permission-mode plan" if prompt == "plan" else "") as letters:
        context, session = letters.services.context, letters.session
        await letters.send(f"{{tag}}\n{prompt}")
        for question, word in answers.items():
            await letters.until_asked(question)
            await answer(context, session, word)
        if prompt == "ask: two" and key in REVIEWS:
            await letters.until_asked(REVIEWS[key])
            await answer(context, session, "1")
        await letters.until_idle()
        # Kilo shows no more than how many were answered.
        assert (f"{len(answers)} answered" if key == "kilo" else shown) in clean_lines(letters.lab.capture())


async def test_claude_is_answered_beside_the_panel_that_it_opens(short_folder: Path) -> None:
    async with correspondence("claude", short_folder, size="200x50") as letters:
        context, session = letters.services.context, letters.session
        asked = {
            "edit: notes.txt": ("create notes.txt?", "Yes", "Wrote"),
            "run: touch made.txt": ("touch made.txt", "1", "Finished"),
            "ask": ("Which colour?", "Blue", "→ Blue"),
            "ask: many": ("Which sizes?", "1,3", "→ Small, Large"),
        }
        for prompt, (question, word, shown) in asked.items():
            await letters.send(f"{{tag}}\n{prompt}")
            await letters.until_asked(question)
            await answer(context, session, word)
            await letters.until_idle()
            assert shown in clean_lines(letters.lab.capture())
        assert (letters.lab.work / "made.txt").exists()
