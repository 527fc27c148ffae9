"""From words to a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.arguments import parse
from quarterdeck.cli.run_call import function_named, run_words
from quarterdeck.cli.verbs import VERBS
from quarterdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.cli.table import Verb


def ways(verbs: Sequence[Verb], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Verb]]:
    """Every verb with the words that lead to it."""
    for verb in verbs:
        yield (*before, verb.name), verb
        yield from ways(verb.verbs, (*before, verb.name))


EVERY = [pytest.param(words, verb, id=" ".join(words)) for words, verb in ways(VERBS)]


@pytest.mark.parametrize(("words", "verb"), EVERY)
def test_every_verb_has_help_with_an_example(
    words: tuple[str, ...], verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words([*words, "-h"]) == 0

    shown = capsys.readouterr().out
    assert f"example: {verb.example}" in shown
    assert f"{verb.summary[1:]}" in " ".join(shown.split())


@pytest.mark.parametrize(("words", "verb"), [each for each in EVERY if each.values[1].runs])  # type: ignore[union-attr]
def test_every_verb_runs_something_that_exists(words: tuple[str, ...], verb: Verb) -> None:
    assert words
    assert callable(function_named(verb.runs))


def test_the_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(["-h"]) == 0

    shown = capsys.readouterr().out
    assert all(verb.summary in " ".join(shown.split()) for verb in VERBS if not verb.hidden)
    assert not any(f"\n    {verb.name} " in shown for verb in VERBS if verb.hidden)


GIVEN = ["-L", "work", "-S", "/s", "--home", "/h", "--json", "-vv"]


@pytest.mark.parametrize(
    "words",
    [[*GIVEN, "config", "path"], ["config", *GIVEN, "path"], ["config", "path", *GIVEN]],
    ids=["before", "between", "after"],
)
def test_global_options_work_before_and_after_the_verb(words: list[str]) -> None:
    options = parse(words)

    assert (options.socket_name, options.socket_path, options.home, options.json) == ("work", "/s", "/h", True)
    assert options.verbosity == 2


@pytest.mark.parametrize("words", ["send web --now hurry", "send --now web hurry", "send web hurry --now"])
def test_an_option_may_stand_among_the_words(words: str) -> None:
    options = parse(words.split())

    assert (options.words, options.now) == (["web", "hurry"], True)


def test_what_comes_after_the_verb_wins() -> None:
    assert parse(["--home", "/a", "doctor", "--home", "/b"]).home == "/b"


def test_nothing_is_asked_for_when_nothing_is_said() -> None:
    options = parse([])

    assert (options.runs, options.json, options.home, options.verbosity) == ("", False, None, 0)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["zzz"], "There is no verb 'zzz'.", "quarterdeck -h"),
        (["doctr"], "There is no verb 'doctr'.", "Did you mean `quarterdeck doctor`?"),
        (["config", "sho"], "There is no verb 'sho'.", "Did you mean `quarterdeck config show`?"),
        (["config"], "`quarterdeck config` needs one of: path, show, check, edit, schema.", "quarterdeck config -h"),
        (["--colour"], "Unrecognized arguments: --colour.", "quarterdeck -h"),
        (["send", "web", "--now", "-x"], "Unrecognized arguments: -x.", "quarterdeck -h"),
        (["doctor", "now"], "Unrecognized arguments: now.", "quarterdeck -h"),
        (["--home"], "Argument --home: expected one argument.", "quarterdeck -h"),
        (["--js", "doctor"], "Unrecognized arguments: --js.", "quarterdeck -h"),
    ],
)
def test_wrong_usage_is_one_sentence_with_a_way_out(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)

    assert message in caught.value.message
    assert hint in caught.value.hint
