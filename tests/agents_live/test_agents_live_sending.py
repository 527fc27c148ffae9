"""Messages to the real agents: none lost, none doubled, none into a dialog. Run with `-m agents`.

`SENDS=100` sends so many to each; without it one round of each kind goes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.text import clean_lines
from quarterdeck.operations.answer import answer
from quarterdeck.paths import find_places
from quarterdeck.runtime.bridge import open_bridge
from support.agent_lab import Lab, program_of
from support.agent_post import Correspondence
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from pathlib import Path

PER_ROUND = 13

pytestmark = [pytest.mark.agents, pytest.mark.timeout(1500), pytest.mark.xdist_group("agents")]


@pytest.mark.parametrize("key", ["claude", "codex", "gemini", "opencode"])
async def test_none_is_lost_none_doubled_none_into_a_dialog(key: str, short_folder: Path) -> None:
    if program_of(key) is None:
        pytest.skip(f"{key} is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    rounds = max(1, -(-int(os.environ.get("SENDS", "0")) // PER_ROUND))
    with TmuxServer(short_folder / "s") as server, ScriptedModel() as model:
        lab = Lab(key, short_folder, server, model.url)
        lab.start()
        async with open_bridge(
            ServerAddress(server.socket), find_places(str(short_folder)), Settings(), persistent=False
        ) as bridge:
            await bridge.crew.look_once()
            letters = Correspondence(lab, bridge.deck, bridge.deck.session("lab"))
            await letters.mixed(rounds)
            letters.read()
        print(letters.tally)
        assert letters.tally.odd == []
        assert letters.lost() == []
        assert letters.doubled() == []


@pytest.mark.parametrize("key", ["claude", "codex", "gemini", "opencode"])
@pytest.mark.parametrize(("word", "taken"), [("Blue", "Blue"), ("a warm grey", "a warm grey")])
async def test_a_question_is_answered_by_choice_and_in_own_words(
    key: str, word: str, taken: str, short_folder: Path
) -> None:
    if program_of(key) is None:
        pytest.skip(f"{key} is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    with TmuxServer(short_folder / "s") as server, ScriptedModel() as model:
        lab = Lab(key, short_folder, server, model.url)
        lab.start()
        async with open_bridge(
            ServerAddress(server.socket), find_places(str(short_folder)), Settings(), persistent=False
        ) as bridge:
            await bridge.crew.look_once()
            letters = Correspondence(lab, bridge.deck, bridge.deck.session("lab"))
            await letters.send("{tag}\nask")
            await letters.until_asked()
            done = await answer(bridge.deck, letters.session, word)
            await letters.until_idle()
        assert done.answer == (taken if word == "Blue" else "")
        assert taken in clean_lines(lab.capture())
