"""The engines that ask somebody: a real program, a real endpoint with every fault, and what they may cost."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import ThoughtSettings
from quarterdeck.core.model_calls import Caps
from quarterdeck.core.thought import tidy_answer
from quarterdeck.core.transcript import ActionKind, AgentAction
from quarterdeck.errors import BudgetSpent, ThinkerError
from quarterdeck.ports.thinker import Answer, Subject
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.thoughts.configured_thinkers import Budget, Budgeted, ConfiguredThinkers, key_of
from quarterdeck.thoughts.prompt import build
from quarterdeck.thoughts.thinkers import CommandThinker, OpenAiThinker
from support.canned import StillClock
from support.chat_server import Endpoint, chat_server
from support.patience import PATIENCE
from support.thinking import Model, agent_of, terminal_of, view_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ"
SUBJECT = Subject(insight=agent_of(view_of("fix the login redirect", said="I look at the router.")))


def asked(**fields: object) -> ThoughtSettings:
    """Settings that nobody checks: a test waits less long than an operator may say."""
    return ThoughtSettings.model_construct(**{"timeout_seconds": PATIENCE, **fields})  # type: ignore[arg-type] # of any type


def program(code: str, timeout: float = PATIENCE, cwd: Path | None = None) -> CommandThinker:
    return CommandThinker(asked(command=(sys.executable, "-c", code), timeout_seconds=timeout), cwd)


# A program


@pytest.mark.process
async def test_a_program_reads_the_prompt_and_its_first_line_is_the_thought() -> None:
    thinker = program("import sys; t = sys.stdin.read(); print(); print('saw', len(t)); print('more')")

    answer = await thinker.think("x" * 1000)

    assert answer == Answer("saw 1000", 250, 2)
    assert await thinker.models() == []


@pytest.mark.process
async def test_a_program_starts_in_a_folder_of_ours_and_not_in_tmux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/x,1,0")
    thinker = program("import os; print(os.getcwd(), os.environ.get('TMUX'))", cwd=tmp_path)

    assert (await thinker.think("")).text == f"{tmp_path} None"


@pytest.mark.process
async def test_a_model_is_put_where_the_command_wants_it() -> None:
    command = (sys.executable, "-c", "import sys; print(sys.argv[1])", "-m={model}")
    thinker = CommandThinker(asked(command=command, model="tiny"))

    assert (await thinker.think("")).text == "-m=tiny"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; print('x'); sys.exit('it is\\nbroken')", "ended with code 1: broken"),
        (f"import sys; sys.exit('key {SECRET}')", "ended with code 1: key [redacted]"),
        ("import sys; sys.exit(3)", "ended with code 3."),
    ],
)
@pytest.mark.process
async def test_a_program_that_fails_is_a_failure_whatever_it_printed(code: str, why: str) -> None:
    with pytest.raises(ThinkerError) as fault:
        await program(code).think("x")

    assert fault.value.message.endswith(why)


@pytest.mark.process
async def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(ThinkerError, match=r"did not end within 0\.3 seconds"):
        await program("import time; time.sleep(60)", timeout=0.3).think("x")


@pytest.mark.process
async def test_a_program_that_does_not_exist_is_named() -> None:
    with pytest.raises(ThinkerError, match="no program no-such-model"):
        await CommandThinker(asked(command=("no-such-model",))).think("x")


@pytest.mark.process
async def test_a_program_that_prints_without_end_is_read_no_further_than_a_thought() -> None:
    answer = await program("import sys; sys.stdout.write('y' * 10_000_000)").think("x")

    assert len(answer.text) == 64 * 1024
    assert len(tidy_answer(answer.text)) == 120


@pytest.mark.process
async def test_a_program_that_does_not_read_its_prompt_answers_all_the_same() -> None:
    assert (await program("print('not read')").think("x" * 500_000)).text == "not read"


# An endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with chat_server() as running:
        yield running


@pytest.fixture
async def thinker(endpoint: Endpoint) -> AsyncIterator[OpenAiThinker]:
    client = OpenAiThinker(asked(url=endpoint.url, model="small"), lambda: "the-key")
    yield client
    await client.close()


async def test_an_endpoint_answers_with_one_line(endpoint: Endpoint, thinker: OpenAiThinker) -> None:
    answer = await thinker.think(thinker.prompt(SUBJECT))

    assert answer == Answer("making the redirect keep its query", 40, 9)
    (request,) = endpoint.requests
    assert request["model"] == "small"
    assert request["max_tokens"] == 80
    assert endpoint.keys == ["Bearer the-key"]
    assert thinker.name.endswith("(small)")


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("busy", "asks us to wait (429): slow down, key [redacted]"),
        ("broken", "has a fault of its own (500)."),
        ("no key", "refused the key (401)."),
        ("no model", "knows no such model or address (404)."),
        ("garbage", "answered with something that is not JSON."),
        ("nothing", "answered with something that is not JSON."),
        ("a list", "answered with JSON that is not an object."),
        ("huge", "answered with more than 256 KiB."),
    ],
)
async def test_each_fault_of_an_endpoint_is_one_sentence(
    endpoint: Endpoint, thinker: OpenAiThinker, mode: str, why: str
) -> None:
    endpoint.mode = mode

    with pytest.raises(ThinkerError) as fault:
        await thinker.think("x")

    assert fault.value.message.endswith(why)


@pytest.mark.parametrize("mode", ["silent", "drips"])
async def test_an_endpoint_that_takes_too_long_is_left(endpoint: Endpoint, mode: str) -> None:
    endpoint.mode = mode
    client = OpenAiThinker(asked(url=endpoint.url, timeout_seconds=0.4), lambda: "")

    with pytest.raises(ThinkerError, match=r"did not answer within 0\.4 seconds"):
        await client.think("x")
    endpoint.release.set()
    await client.close()


@pytest.mark.parametrize("mode", ["empty", "no choices", "null"])
async def test_an_answer_without_words_is_empty(endpoint: Endpoint, thinker: OpenAiThinker, mode: str) -> None:
    endpoint.mode = mode

    assert tidy_answer((await thinker.think("x")).text) == ""


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://[bad", "http://no.such.host.invalid/v1"])
async def test_an_endpoint_that_is_not_there_is_named(url: str) -> None:
    client = OpenAiThinker(asked(url=url), lambda: "")

    with pytest.raises(ThinkerError, match="cannot be reached"):
        await client.think("x")
    await client.close()


async def test_the_models_of_an_endpoint_are_listed_once_each(endpoint: Endpoint, thinker: OpenAiThinker) -> None:
    assert await thinker.models() == ["big", "small"]
    endpoint.mode = "garbage"
    with pytest.raises(ThinkerError, match="not JSON"):
        await thinker.models()


async def test_openrouter_without_a_key_is_not_even_asked() -> None:
    client = OpenAiThinker(asked(), lambda: "")

    with pytest.raises(ThinkerError, match="needs a key") as fault:
        await client.think("x")

    assert "QUARTERDECK_THOUGHTS_KEY" in fault.value.hint
    await client.close()


# The key


def test_a_key_comes_from_the_settings_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")

    assert key_of(ThoughtSettings.model_validate({"key": "written"}), {}) == "written"
    assert key_of(ThoughtSettings(key_variable="MY_KEY"), {"MY_KEY": "from-variable"}) == "from-variable"
    assert key_of(ThoughtSettings(key_variable="MY_KEY", key_file=file), {}) == "from-file"
    assert key_of(ThoughtSettings(), {}) == ""


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThinkerError, match="cannot be read: No such file"):
        key_of(ThoughtSettings(key_file=tmp_path / "none"), {})


# What is sent


@pytest.mark.parametrize(
    "subject",
    [
        Subject(insight=agent_of(view_of(f"use {SECRET} for it"))),
        Subject(insight=agent_of(view_of("x", said=f"the token is {SECRET}"))),
        Subject(insight=agent_of(view_of("x", current_tool=f"Bash: export TOKEN={SECRET}"))),
        Subject(insight=terminal_of(f"$ echo {SECRET}\n{SECRET}\n")),
        Subject(insight=terminal_of(SECRET + "\n" + "x y " * 195), described="old"),
        Subject(insight=agent_of(view_of("x")), earlier=(f"shows {SECRET}",)),
        Subject(insight=agent_of(view_of("a" * 285 + " " + SECRET))),
    ],
    ids=["task", "words", "tool", "screen", "cut in the middle", "earlier line", "cut at the limit"],
)
def test_secrets_are_masked_before_anything_is_sent(subject: Subject) -> None:
    prompt = build(subject)

    assert all(SECRET[at : at + 8] not in prompt for at in range(len(SECRET) - 8))


def test_a_prompt_about_an_agent_tells_its_task_its_deeds_and_our_earlier_lines() -> None:
    steps = [AgentAction(kind=ActionKind.EDIT, tool="Edit", text=f"Edit: {name}.py", ok=True) for name in "abcdefg"]
    subject = Subject(
        insight=agent_of(view_of("fix it", *steps, current_tool="Bash: pytest")), earlier=("one", "two", "three")
    )

    prompt = build(subject)

    assert "> fix it" in prompt
    assert "> Edit: c.py (worked)" in prompt
    assert "Edit: b.py" not in prompt
    assert "> Bash: pytest" in prompt
    assert "> three" in prompt
    assert "WHY the agent" in prompt


def test_a_prompt_about_a_terminal_tells_what_is_new() -> None:
    before = "old line\n" * 30 + "the end"

    prompt = build(Subject(insight=terminal_of(before + "\nfresh words"), described=before))

    assert "> fresh words" in prompt
    assert "old line" not in prompt


def test_words_of_the_operator_take_the_place_of_ours() -> None:
    assert build(SUBJECT, for_agents="Say it in German.").startswith("Say it in German.")
    assert build(Subject(insight=terminal_of("x y z")), for_terminals="Short!").startswith("Short!")


# What it may cost


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path / "state.db") as opened:
        yield opened


async def test_a_spent_budget_asks_nobody_and_outlives_the_process(store: SqliteStore) -> None:
    model, clock = Model(), StillClock()
    caps = Caps(calls_per_hour=2)
    for _ in range(2):
        await Budgeted(model, Budget(store, clock, caps)).think("x" * 40)

    with pytest.raises(BudgetSpent, match="2 of 2 calls in the last hour are spent"):
        await Budgeted(model, Budget(store, clock, caps)).think("x")

    assert len(model.asked) == 2
    assert await Budget(store, clock, caps).in_words() == (
        "last hour: 2 of 2 calls, 30 tokens; last day: 2 calls, 30 tokens"
    )
    clock.advance(3601)
    await Budgeted(model, Budget(store, clock, caps)).think("x")


async def test_calls_at_the_same_time_do_not_pass_a_cap_together(store: SqliteStore) -> None:
    model = Model()
    thinker = Budgeted(model, Budget(store, StillClock(), Caps(calls_per_hour=3)))

    ended = await asyncio.gather(*(thinker.think("x") for _ in range(8)), return_exceptions=True)

    assert len(model.asked) == 3
    assert sum(isinstance(each, BudgetSpent) for each in ended) == 5


async def test_what_was_sent_counts_when_no_answer_comes(store: SqliteStore) -> None:
    budget = Budget(store, StillClock(), Caps())
    with pytest.raises(ThinkerError):
        await Budgeted(Model([ThinkerError("no")]), budget).think("x" * 400)

    assert "1 calls, 100 tokens" in await budget.in_words()


# From the settings


async def test_the_settings_name_the_engine(store: SqliteStore, tmp_path: Path) -> None:
    thinkers = ConfiguredThinkers(store=store, clock=StillClock(), folder=tmp_path, environ=os.environ)

    assert thinkers.setup(ThoughtSettings()).thinker is None
    assert not thinkers.setup(ThoughtSettings(enabled=False)).is_enabled
    command = thinkers.setup(ThoughtSettings(backend="command", command=("llm", "-m", "x"))).thinker
    endpoint = thinkers.setup(ThoughtSettings(backend="openai", url="http://localhost:11434/v1", model="qwen")).thinker

    assert command is not None
    assert command.name == "llm"
    assert endpoint is not None
    assert endpoint.name == "localhost:11434 (qwen)"
