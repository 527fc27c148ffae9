"""The files of rules: ours are right, the operator's own go before them, and none of them can stop the console."""

from __future__ import annotations

import datetime
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_rules import LONGEST_RULE, MOST_RULES, RULES_FOLDER, faults_in, read_rules, rules_for
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.custom import custom_agents
from quarterdeck.agents.screen import ScreenLayout
from quarterdeck.config.user_agents import UserAgent
from quarterdeck.errors import SettingsError
from quarterdeck.plugins.loading import BUILT_IN_AGENTS, load
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.ports.agent_spec import AgentSpec
from quarterdeck.runtime.agent_loading import load_agents
from quarterdeck.values import replace
from support.recordings import FULL, NOW, recordings

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(RULES_FOLDER.glob("*.toml"))
RULE = """
[[screen]]
id = "mine.asks"
means = "question"
region = "last"
pattern = '^Really'
"""


def written(folder: Path, text: str, *, agent: str = "claude", date: str = "2099-01-01") -> Path:
    """A file of the operator's own."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{agent}.toml"
    file.write_text(f'agent = "{agent}"\ndate = {date}\n{text}')
    return file


def built_in(name: str, folder: Path | None = None) -> CodingAgent:
    return replace(cast("CodingAgent", load(name)), rules_folder=folder)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_we_bring_is_right(file: Path) -> None:
    rules = read_rules(file, file.stem, is_own=True)

    assert file.stem in BUILT_IN_AGENTS
    assert rules.screen or rules.tried
    assert all(name.startswith(f"{file.stem}.") for name in [rule.id for rule in rules.screen])
    assert all(name.startswith(f"{file.stem}.") for name in [rule.id for rule in rules.title])
    assert set(rules.layout) <= {field for field in ScreenLayout.__struct_fields__ if field not in {"split", "draft"}}


@pytest.mark.parametrize("made_with", sorted({each.made_with for each in recordings() if "@" in each.made_with}))
def test_a_version_that_was_recorded_is_one_that_the_rules_were_made_with(made_with: str) -> None:
    key, _, version = made_with.partition("@")
    rules = rules_for(key, None)

    assert rules is not None
    assert version in rules.versions


def test_each_agent_reads_by_its_file() -> None:
    for file in FILES:
        agent, rules = built_in(file.stem), read_rules(file, file.stem)

        assert agent.readers.screen_rules == rules.screen
        assert agent.readers.title_rules == rules.title
        assert {name: getattr(agent.readers.layout, name) for name in rules.layout} == rules.layout


def test_a_file_needs_no_code(tmp_path: Path) -> None:
    written(tmp_path, RULE, agent="walker")
    agent = CodingAgent(spec=AgentSpec(key="walker", name="Walker", commands=("walker",)), rules_folder=tmp_path)

    reading = agent.read_screen(ScreenLook(text="Really do it?", at=NOW))

    assert reading is not None
    assert reading.needs == "question"


@pytest.mark.parametrize(("date", "is_own"), [("2099-01-01", True), ("2001-01-01", False)])
def test_the_operators_own_file_goes_before_ours_unless_ours_is_newer(date: str, is_own: bool, tmp_path: Path) -> None:
    written(tmp_path, RULE, date=date)
    agent = built_in("claude", tmp_path)

    assert [rule.id for rule in agent.readers.screen_rules] == ["mine.asks"] or not is_own
    assert agent.rules is not None
    assert agent.rules.is_own is is_own
    assert agent.readers.layout.split is built_in("claude").readers.layout.split


def test_of_the_same_day_the_operators_own_is_used(tmp_path: Path) -> None:
    ours = rules_for("claude", None)
    assert ours is not None
    written(tmp_path, RULE, date=ours.date.isoformat())

    own = rules_for("claude", tmp_path)

    assert own is not None
    assert own.is_own


def test_an_agent_of_the_settings_is_read_by_a_file_of_its_own_name_or_by_that_of_the_one_it_is_like(
    tmp_path: Path,
) -> None:
    sections = {"work": UserAgent(base="claude"), "other": UserAgent(base="claude")}
    written(tmp_path, RULE, agent="work")
    work, other = load_agents(sections, tmp_path).all()[:2]
    ours = rules_for("claude", None)

    assert isinstance(work, CodingAgent)
    assert isinstance(other, CodingAgent)
    assert ours is not None
    assert [rule.id for rule in work.readers.screen_rules] == ["mine.asks"]
    assert other.readers.screen_rules == ours.screen


def test_a_fragment_stands_where_it_is_named(tmp_path: Path) -> None:
    named = RULE.replace("^Really", "^{{word}}{1,2}$")
    rules = read_rules(written(tmp_path, f"[fragments]\nword = '[ab]'\n{named}"), "claude", is_own=True)

    assert rules.screen[0].pattern == "^[ab]{1,2}$"


WRONG = {
    "not TOML": ("[[screen", "is not TOML"),
    "nested without end": (f"a = {'[' * 100_000}", "is not TOML"),
    "unknown table": ("[colours]", "there is no 'colours'"),
    "unknown layout": ("[layout]\nfeet = 'x'", "layout: there is no 'feet'"),
    "layout of another kind": ("[layout]\nhead = 1", "layout: expected a table of texts"),
    "layout that does not compile": ("[layout]\nhead = '('", "layout.head: not a regular expression"),
    "unknown region": (RULE.replace('"last"', '"lost"'), "screen rule mine.asks: region: there is no 'lost'"),
    "unknown meaning": (RULE.replace('"question"', '"quest"'), "screen rule mine.asks: means: there is no 'quest'"),
    "unknown key": (f"{RULE}colour = 1", "screen rule mine.asks: there is no 'colour'"),
    "key of a screen in a title": ("[[title]]\nid = 'a'\nregion = 'last'", "title rule a: there is no 'region'"),
    "no pattern": (RULE.replace("pattern", "unless"), "screen rule mine.asks: pattern is missing"),
    "no id": (RULE.replace("mine.asks", ""), "screen rule 1: id is missing"),
    "pattern that does not compile": (RULE.replace("^Really", "(?<=a+)"), "mine.asks: pattern: not a regular"),
    "other kind": (f"{RULE}priority = true", "mine.asks: priority: expected a whole number"),
    "unhashable": (f"{RULE}confidence = []", "mine.asks: confidence: there is no"),
    "unknown fragment": (RULE.replace("^Really", "{{glyph}}"), "mine.asks: pattern: there is no fragment 'glyph'"),
    "twice": (RULE * 2, "mine.asks: there are two of this id"),
    "too many": (
        "".join(RULE.replace("asks", str(n)) for n in range(MOST_RULES + 1)),
        f"screen: more than {MOST_RULES} of them",
    ),
    "too long": (RULE.replace("^Really", "x" * (LONGEST_RULE + 1)), f"longer than {LONGEST_RULE} characters"),
    "no list": ("screen = 1", "screen: expected tables"),
    "versions": ("versions = 2", "versions: expected a list of texts"),
    "tried without a version": ("[[tried]]\non = 2026-11-30", "tried 1: version is missing"),
    "tried on no day": ("[[tried]]\nversion = '1.2'\non = 'today'", "tried 1.2: on: expected a day"),
    "more right than tried": (
        "[[tried]]\nversion = '1.2'\non = 2026-11-30\nstates = 3\nright = 2\nunsure = 2",
        "tried 1.2: more states are right or unsure than were tried",
    ),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_a_file_is_named_and_ours_is_used(text: str, told: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)

    with pytest.raises(SettingsError, match=re.escape(told)):
        read_rules(file, "claude", is_own=True)
    assert len(faults_in(tmp_path, ["claude"])) == 1
    assert str(file) in faults_in(tmp_path, ["claude"])[0]
    assert rules_for("claude", tmp_path) == rules_for("claude", None)


@pytest.mark.parametrize("date", ["1", '"2026-01-01"', "2026-01-01T10:00:00"])
def test_a_date_is_a_day(date: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="date: expected a day"):
        read_rules(written(tmp_path, "", date=date), "claude", is_own=True)


def test_a_file_is_about_the_agent_it_is_named_after(tmp_path: Path) -> None:
    written(tmp_path, "").rename(tmp_path / "codex.toml")

    assert "the file's name says 'codex'" in faults_in(tmp_path, ["codex"])[0]
    assert "there is no agent 'codex'" in faults_in(tmp_path, ["claude"])[0]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda file: file.write_bytes(b"\xff"), lambda file: None])
def test_what_is_no_file_is_never_waited_for(make: object, tmp_path: Path) -> None:
    file = tmp_path / "claude.toml"
    make(file)  # type: ignore[operator]

    assert rules_for("claude", tmp_path) == rules_for("claude", None)
    assert len(faults_in(tmp_path, ["claude"])) == file.exists()


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = written(tmp_path, "# \n" * 100_000)

    with pytest.raises(SettingsError, match="larger than 256 KB"):
        read_rules(file, "claude", is_own=True)


NAMES = st.sampled_from(
    [
        "date",
        "versions",
        "layout",
        "fragments",
        "screen",
        "title",
        "tried",
        "id",
        "means",
        "region",
        "pattern",
        "unless",
        "priority",
        "confidence",
        "needs_box",
        "exact",
        "version",
        "on",
        "states",
        "right",
        "head",
        "x",
    ]
)


@given(st.recursive(st.one_of(st.text(), st.integers(), st.booleans(), st.none()), lambda inner: st.lists(inner)))
def test_no_value_of_a_rule_is_more_than_named(value: object) -> None:
    from quarterdeck.agents.agent_rules import _KINDS, _value, _Wrong

    for kind in _KINDS.values():
        with suppress(_Wrong):
            _value(kind, value, "")


TREE = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans() | st.dates() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(st.dictionaries(NAMES, TREE, max_size=6))
def test_no_tree_is_more_than_wrong(tree: dict[str, object]) -> None:
    from quarterdeck.agents.agent_rules import _understood, _Wrong

    whole = {"date": datetime.date(2026, 11, 30), **tree, "agent": "claude"}
    with suppress(_Wrong):
        assert _understood(whole, "claude", RULES_FOLDER, is_own=True).agent == "claude"


FOR_EVER = RULE.replace("^Really", "^(?:a+)+$")
LOOK = ScreenLook(text="a" * 60 + "!", at=NOW, still_for=0.1)


def test_a_pattern_that_takes_for_ever_is_stopped_and_ours_are_used_from_then_on(tmp_path: Path) -> None:
    written(tmp_path, FOR_EVER)
    agent = built_in("claude", tmp_path)
    (shown,) = (each for each in recordings(FULL) if each.made_with == "claude" and each.name == "question")
    began = time.process_time()

    first = agent.read_screen(LOOK)
    second = agent.read_screen(shown.look())

    assert first is None
    assert second is not None
    assert second.needs == "question"
    assert time.process_time() - began < 3


@pytest.mark.parametrize("read", ["read_box", "read_title"])
def test_so_it_is_with_a_title_and_the_input_line(read: str, tmp_path: Path) -> None:
    text = "[layout]\nqueueing = '^(?:a+)+$'\nsign = 'x'\n[[title]]\nid = 'a'\nmeans = 'idle'\npattern = '^(?:a+)+$'\n"
    written(tmp_path, text)
    agent = built_in("claude", tmp_path)

    if read == "read_box":
        agent.read_box(LOOK)
    else:
        assert agent.read_title(LOOK.text, at=NOW) is None

    assert agent.readers.screen_rules == built_in("claude").readers.screen_rules


def test_so_it_is_with_rules_of_the_settings() -> None:
    rule = {"id": "r", "means": "idle", "region": "last", "pattern": "^(?:a+)+$"}
    (agent,) = custom_agents({"claude": UserAgent.model_validate({"screen": [rule]})}, [built_in("claude")])

    assert agent.read_screen(LOOK) is None

    assert agent.readers.screen_rules == built_in("claude").readers.screen_rules


HARD = ("a" * 4_000, " " * 4_000, "1s" * 2_000, "\n" * 2_000, "── " * 1_500, "Do you want to " * 300, "1. x\n" * 800)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_none_of_ours_takes_long_on_a_hard_text(file: Path) -> None:
    rules = read_rules(file, file.stem)
    patterns = [*(rule.pattern for rule in rules.screen), *(rule.pattern for rule in rules.title)]
    began = time.process_time()

    for pattern in (*patterns, *rules.layout.values()):
        for hard in HARD:
            re.search(pattern, f"{hard}!")

    assert time.process_time() - began < 5
