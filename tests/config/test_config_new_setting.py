"""A setting is added in one place: a field in the model, with a line of documentation below it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.cli import ROOT
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

NEW = '''
    stripes: Annotated[fields.Count, fields.AT_NEXT_START] = Field(default=3, ge=1, le=9)
    """Rows between two lines that are drawn."""
    painter: fields.Command = ()
    """Program that paints."""
'''
"""What is written into the section `console`, and nowhere else."""
LAST_OF_CONSOLE = '    """Whether the mouse may be used; without it the terminal selects text as always."""\n'
GENERATED = ("shipped.py", "readme.py")
LOOK = """
import asyncio, json, sys
from pathlib import Path
from types import SimpleNamespace
from quarterdeck.config.loader import load
from quarterdeck.config.shipped import SHIPPED
from quarterdeck.errors import SettingsError
from quarterdeck.operations.settings_desk import SettingsDesk
from quarterdeck.supervisor.live_settings import LiveSettings

file = Path(sys.argv[1])

class Thinkers:
    async def spent(self, thoughts):
        return "last hour: nothing"

live = LiveSettings(file, load(file, {}).settings, report=lambda *words: None, environ={})
desk = SettingsDesk(live, SimpleNamespace(skipped={}), Thinkers(), lambda: ())

async def shown():
    return {each.key: each for each in await desk.settings()}["console.stripes"]

async def look():
    before = await shown()
    await desk.change("console.stripes", "5")
    await desk.settings()
    await desk.change("console.painter", "paint --fast 'a b'")
    try:
        load(file, {"QUARTERDECK_CONSOLE_STRIPES": "12"})
    except SettingsError as error:
        refused = error.message
    print(json.dumps({
        "shipped": SHIPPED.console.stripes,
        "shown": [before.value, before.help, before.source],
        "written": file.read_text(),
        "in force": live.now.console.stripes,
        "variable": load(file, {"QUARTERDECK_CONSOLE_STRIPES": "7"}).settings.console.stripes,
        "refused": refused,
    }))

asyncio.run(look())
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house in which one file was edited, and what is made from it was made again."""
    copy = tmp_path_factory.mktemp("house")
    for each in ("app", "themes"):
        shutil.copytree(ROOT / each, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests").mkdir()
    shutil.copy(ROOT / "README.md", copy)
    for each in GENERATED:
        shutil.copy(ROOT / "tests" / each, copy / "tests")
    model = copy / "app" / "quarterdeck" / "config" / "settings.py"
    text = model.read_text(encoding="utf-8")
    assert text.count(LAST_OF_CONSOLE) == 1
    model.write_text(text.replace(LAST_OF_CONSOLE, LAST_OF_CONSOLE + NEW.removeprefix("\n")), encoding="utf-8")
    for each in GENERATED:
        python(copy, str(copy / "tests" / each))
    return copy


def python(house: Path, *words: str) -> str:
    """What Python says with the copy's own package."""
    environ = {**os.environ, "PYTHONPATH": str(house / "app"), "QUARTERDECK_HOME": str(house / "home")}
    done = subprocess.run(
        [sys.executable, *words], cwd=house, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_setting_is_found_wherever_settings_are(house: Path) -> None:
    found = json.loads(python(house, "-c", LOOK, str(house / "config.toml")))

    assert found == {
        "shipped": 3,
        "shown": ["3", "Rows between two lines that are drawn. Takes effect at the next start.", "default"],
        "written": '[console]\nstripes = 5\npainter = ["paint", "--fast", "a b"]\n',
        "in force": 5,
        "variable": 7,
        "refused": found["refused"],
    }
    assert "QUARTERDECK_CONSOLE_STRIPES" in found["refused"]
    assert "a whole number from 1 to 9" in found["refused"]


def test_a_new_setting_is_in_what_is_printed_and_written_of_settings(house: Path) -> None:
    shown = json.loads(python(house, "-m", "quarterdeck", "--json", "config", "show", "console.stripes"))
    schema = json.loads(python(house, "-m", "quarterdeck", "config", "schema"))

    assert shown == [{"key": "console.stripes", "value": 3, "origin": "default"}]
    assert (
        schema["$defs"]["Console"]["properties"]["stripes"]["description"] == "Rows between two lines that are drawn."
    )
    readme = (house / "README.md").read_text(encoding="utf-8")
    assert "| `console.stripes` | `3` | Rows between two lines that are drawn. |" in readme
