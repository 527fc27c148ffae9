from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from quarterdeck.agents.custom import custom_agents
from quarterdeck.agents.roster import Roster
from quarterdeck.config.loader import load as load_settings
from quarterdeck.config.user_agents import UserAgent
from quarterdeck.errors import PluginError, SettingsError
from quarterdeck.plugins.loading import load, load_all, may_be_brought, names
from quarterdeck.ports.agent import Agent, Launch, ScreenLook
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.agent_spec import HookKind, Permissions
from support.recordings import FULL, NOW, Recording, recordings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quarterdeck.agents.coding_agent import CodingAgent


def built_in() -> list[CodingAgent]:
    return cast("list[CodingAgent]", list(load_all()[0].values()))


def roster() -> Roster:
    return Roster(built_in())


def program(*argv: str, command: str = "") -> Program:
    return Program(pid=1, command=command or argv[0].rpartition("/")[2], argv=argv)


@pytest.mark.parametrize("recording", recordings(FULL), ids=str)
def test_the_agent_is_found_in_every_recorded_process_tree_and_not_after_it_left(recording: Recording) -> None:
    found = roster().detect(recording.programs)

    if recording.truth == "exited":
        assert found is None
    else:
        assert found is not None
        assert found[0].spec.key == recording.agent_key


@pytest.mark.parametrize(
    ("argv", "key"),
    [
        (("claude", "--resume", "x"), "claude"),
        (("-claude",), "claude"),
        (("/home/u/.local/share/claude/versions/2.1.300",), "claude"),
        (("node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"), "claude"),
        (("node", "--max-old-space-size=4096", "/opt/bin/gemini"), "gemini"),
        (("npx", "-y", "@openai/codex@latest"), "codex"),
        (("python3", "-m", "aider", "--model", "x"), "aider"),
        (("/usr/bin/python3.11", "/usr/local/bin/aider"), "aider"),
        (("cursor-agent",), "cursor"),
        (("node", "/opt/node_modules/.bin/kilo"), "kilo"),
        (("/opt/node_modules/@kilocode/cli/bin/.kilo", "--port", "4096"), "kilo"),
        (("vim", "claude.py"), None),
        (("grep", "-r", "codex", "."), None),
        (("python3", "server.py", "claude"), None),
        (("tail", "-f", "/home/u/.claude/log"), None),
        (("node", "server.js", "--agent", "codex"), None),
        (("bash",), None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_an_agent_is_known_by_the_program_it_runs(argv: tuple[str, ...], key: str | None) -> None:
    found = roster().detect([program(*argv)])

    assert (found[0].spec.key if found else None) == key


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("claude", "Claude Code"),
        ("claude_code", "Claude Code"),
        ("codex-cli", "Codex"),
        ("grok", "Grok"),
        ("amp", "Amp"),
        ("open-code", "OpenCode"),
        ("aider", "Aider"),
        ("goose", "Goose"),
        ("cline", "Cline"),
        ("cursor", "Cursor"),
        ("gemini_cli", "Gemini CLI"),
        ("/usr/local/bin/Claude", "Claude Code"),
        ("-codex", "Codex"),
        ("claudette", None),
        ("bash", None),
        ("node", None),
        ("", None),
    ],
)
def test_a_foreground_command_alone_may_name_the_agent(word: str, name: str | None) -> None:
    found = roster().detect([Program(pid=0, command=word)])

    assert (found[0].spec.name if found else None) == name


@pytest.mark.parametrize(
    ("limit", "keys"),
    [
        (1_048_576, {"gemini", "antigravity"}),
        (192_000, {"codex"}),
        (200_000, {"claude", "amp", "auggie", "goose", "cline", "cursor", "vibe"}),
        (128_000, {"grok", "aider", "opencode", "kilo", "copilot", "pi"}),
    ],
)
def test_every_agent_has_its_context_limit(limit: int, keys: set[str]) -> None:
    assert {agent.spec.key for agent in built_in() if agent.spec.context_limit == limit} == keys


def test_the_process_nearest_to_the_shell_is_the_agent() -> None:
    found = roster().detect([program("bash"), program("claude"), program("codex", "exec")])

    assert found is not None
    assert found[0].spec.key == "claude"


def test_every_agent_answers_to_its_key_its_name_and_its_commands() -> None:
    known = roster()

    for agent in known.all():
        for name in (agent.spec.key, agent.spec.name, *agent.spec.commands, agent.spec.name.upper()):
            assert known.get(name) is agent
    assert known.get("nobody") is None


@pytest.mark.parametrize(
    ("key", "launch", "argv"),
    [
        (
            "claude",
            Launch(
                cwd=Path("/w"),
                prompt="-x",
                system_prompt="be kind",
                model="opus",
                session_id="u-1",
                permissions=Permissions.PERMISSIONLESS,
            ),
            (
                ["claude", "--dangerously-skip-permissions", "--model", "opus", "--append-system-prompt"],
                ["be kind", "--session-id", "u-1", "--", "-x"],
            ),
        ),
        (
            "codex",
            Launch(cwd=Path("/w"), prompt="p", system_prompt='say "a"\nb', model="o3-mini"),
            (
                ["codex", "-c", "check_for_update_on_startup=false", "--model", "o3-mini"],
                ["-c", "model_reasoning_effort=high", "-c", 'developer_instructions="say \\"a\\"\\nb"', "--", "p"],
            ),
        ),
        ("gemini", Launch(cwd=Path("/w"), prompt="-p"), (["gemini"], ["--prompt-interactive=-p"])),
        (
            "opencode",
            Launch(cwd=Path("/w"), prompt="p", system_prompt="s"),
            (["opencode"], ["--prompt=s\n\np"]),
        ),
    ],
    ids=["claude", "codex", "gemini", "opencode"],
)
def test_a_launch_is_one_command_line_without_a_shell(
    key: str, launch: Launch, argv: tuple[Iterable[str], Iterable[str]]
) -> None:
    agent = roster().get(key)
    assert agent is not None

    plan = agent.launch(launch)

    assert plan.argv == (*argv[0], *argv[1])
    assert plan.paste == ""


def test_a_prompt_too_long_for_an_argument_is_pasted() -> None:
    agent = roster().get("claude")
    assert agent is not None

    plan = agent.launch(Launch(cwd=Path("/w"), prompt="x" * 200_000))

    assert plan.argv == ("claude",)
    assert len(plan.paste) == 200_000


@pytest.mark.parametrize(
    ("key", "argv"),
    [
        ("claude", ("claude", "--resume", "ID")),
        ("codex", ("codex", "resume", "-c", "check_for_update_on_startup=false", "ID")),
        ("gemini", ("gemini", "--resume", "ID")),
        ("opencode", ("opencode", "--session", "ID")),
        ("aider", None),
    ],
)
def test_a_conversation_is_continued_by_its_id(key: str, argv: tuple[str, ...] | None) -> None:
    agent = roster().get(key)
    assert agent is not None

    plan = agent.resume(Launch(cwd=Path("/w"), session_id="ID"))

    assert (plan.argv if plan else None) == argv


def test_a_section_of_the_settings_makes_an_agent_with_rules_of_its_own() -> None:
    (mine,) = custom_agents(
        {
            "robo": UserAgent.model_validate(
                {
                    "commands": ["robo", "robo-cli"],
                    "prompt": "argument",
                    "screen": [
                        {"id": "r1", "means": "permission", "region": "last", "pattern": r"^Proceed\? \[y/n\]$"}
                    ],
                    "title": [{"id": "t1", "means": "working", "pattern": "^busy"}],
                }
            )
        },
        built_in(),
    )

    found = Roster([mine, *built_in()]).detect([program("robo")])
    reading = mine.read_screen(ScreenLook(text="hello\nProceed? [y/n]\n", at=NOW))

    assert found is not None
    assert found[0] is mine
    assert reading is not None
    assert reading.needs == "permission"
    assert mine.read_title("busy now", at=NOW) is not None
    assert mine.launch(Launch(cwd=Path("/w"), prompt="p")).argv == ("robo", "p")


@pytest.mark.parametrize(("unless", "is_found"), [(None, True), ("later", True), ("Proceed", False), ("", False)])
def test_a_rule_of_the_settings_says_nothing_where_what_excludes_it_is_found(
    unless: str | None, is_found: bool
) -> None:
    rule = {"id": "r1", "means": "permission", "region": "last", "pattern": r"^Proceed\?$", "unless": unless}
    (mine,) = custom_agents({"robo": UserAgent.model_validate({"screen": [rule]})}, built_in())

    reading = mine.read_screen(ScreenLook(text="hello\nProceed?\n", at=NOW))

    assert (reading is not None) is is_found


def test_a_section_named_as_a_known_agent_changes_that_one() -> None:
    (mine,) = custom_agents({"claude": UserAgent(flags=("--verbose",))}, built_in())

    agent = Roster([mine, *built_in()]).get("claude code")

    assert agent is mine
    assert mine.launch(Launch(cwd=Path("/w"))).argv == ("claude", "--verbose")
    assert mine.readers.screen_rules


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("bogus = 1", "agents.x.bogus"),
        ('base = "nobody"', "agents.x.base"),
        ('screen = [{id = "a", means = "idle", pattern = "("}]', "agents.x.screen.0.pattern"),
        ('commands = [" "]', "agents.x.commands"),
    ],
    ids=["unknown key", "unknown base", "bad pattern", "blank command"],
)
def test_a_wrong_section_is_named(section: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[agents.x]\n{section}\n")

    with pytest.raises(SettingsError, match=told):
        custom_agents(load_settings(file, {}).settings.agents, built_in())


def test_every_built_in_plugin_loads_and_a_missing_one_is_named() -> None:
    plugins, warnings = load_all()

    assert tuple(plugins) == names()
    assert not warnings
    with pytest.raises(PluginError, match="nobody"):
        load("nobody")


def test_a_broken_plugin_is_a_warning_and_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_agent.py").write_text("raise RuntimeError('no luck')\n")
    info = tmp_path / "broken_agent-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-agent\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[quarterdeck.agents]\nbroken = broken_agent:AGENT\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    plugins, warnings = load_all()

    assert "broken" in names()
    assert "claude" in plugins
    assert "broken" not in plugins
    assert len(warnings) == 1
    assert "no luck" in warnings[0]


@pytest.mark.parametrize("where", ["Some-1.dist-info", "some.egg-info", "EGG-INFO", "", None])
def test_packages_are_read_only_where_one_could_bring_a_plugin(
    where: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    monkeypatch.setattr(sys, "path", ["/nowhere/at/all", str(tmp_path / "place")])
    if where is None:
        # As a zip file of packages would be: it is left to who can read it.
        place.write_bytes(b"PK")
    else:
        (place / where).mkdir(parents=True)
        (place / where / "entry_points.txt").write_text("[console_scripts]\nqd = a:b\n")
    assert may_be_brought() == (where is None)

    if where is not None:
        (place / where / "entry_points.txt").write_text("[quarterdeck.agents]\nmine = a:b\n")

    assert may_be_brought() == (where != "")


def test_an_agent_says_that_it_reports_exactly_when_it_can_be_made_to() -> None:
    for agent in built_in():
        assert (agent.spec.hooks is not HookKind.NONE) == (agent.readers.hooks is not None)


def test_agents_are_agents() -> None:
    agents: list[Agent] = list(built_in())

    assert len(agents) >= 10
