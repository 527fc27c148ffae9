"""What a command's last words say of a failure, and of its progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.command_failure import failure_in, last_error_line, output_of_last, progress_in

PROMPT = "me@host:~$ "
TRACEBACK = ("Traceback (most recent call last):", '  File "a.py", line 3, in <module>', "    f()", "ValueError: no")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        pytest.param(TRACEBACK, "ValueError: no", id="a traceback"),
        pytest.param(("cc a.c", "make: *** [Makefile:2: a] Error 3"), "make: *** [Makefile:2: a] Error 3", id="make"),
        pytest.param(("FAILED a.py::test_a", "1 failed, 3 passed in 2.1s"), "FAILED a.py::test_a", id="quiet pytest"),
        pytest.param(("=== 1 failed, 3 passed in 2.1s ===",), "=== 1 failed, 3 passed in 2.1s ===", id="pytest"),
        pytest.param(("error: could not compile `x` (lib)",), "error: could not compile `x` (lib)", id="cargo"),
        pytest.param(("error[E0308]: mismatched types",), "error[E0308]: mismatched types", id="rustc"),
        pytest.param(("npm ERR! code 1", "npm ERR! A complete log"), "npm ERR! A complete log", id="npm"),
        pytest.param(("src/a.ts(3,1): error TS2322: Type",), "src/a.ts(3,1): error TS2322: Type", id="tsc"),
        pytest.param(("FAIL\tdemo/pkg\t0.1s", "FAIL"), "FAIL", id="go test"),
        pytest.param(("BUILD FAILED in 3s",), "BUILD FAILED in 3s", id="gradle"),
        pytest.param(("fatal: not a git repository",), "fatal: not a git repository", id="git"),
        pytest.param(("Segmentation fault (core dumped)",), "Segmentation fault (core dumped)", id="a crash"),
        pytest.param(("Error: no file", "    at f (node:1:2)", "Node.js v20.1.0"), "Error: no file", id="node"),
        pytest.param(("10 passed in 1s",), None, id="tests that pass"),
        pytest.param(("0 errors, 2 warnings",), None, id="none"),
        pytest.param(("error: early", "1", "2", "3", "4", "5", "all good"), None, id="an error that was got over"),
        pytest.param((*TRACEBACK, "retrying", "done"), None, id="a traceback that was got over"),
        pytest.param(("no errors found",), None, id="the word alone"),
        pytest.param(("raise ValueError: as the manual says",), None, id="prose"),
        pytest.param((), None, id="nothing"),
    ],
)  # fmt: skip
def test_only_last_words_count(output: tuple[str, ...], words: str | None) -> None:
    assert failure_in(output) == words


@pytest.mark.parametrize(
    ("lines", "output"),
    [
        pytest.param([PROMPT + "make", "cc", PROMPT], ["cc"], id="behind the command"),
        pytest.param([PROMPT + "a", "old", PROMPT + "b", "new", PROMPT], ["new"], id="of the last command alone"),
        pytest.param(["me@host:~$ cd x", "me@host:~/x$ b", "new", "me@host:~/x$ "], ["new"], id="in another folder"),
        pytest.param([PROMPT + "b", PROMPT], [], id="one that says nothing"),
        pytest.param(["long", "output", PROMPT], ["long", "output"], id="whose command has scrolled away"),
        pytest.param(["~/x main", "❯ b", "new", "", "~/x main", "❯"], ["new", "~/x main"], id="a prompt of two lines"),
        pytest.param(["$ npm run x", "> a@1 x", "> tsc", "no", "$ "], ["> a@1 x", "> tsc", "no"], id="what npm prints"),
    ],
)  # fmt: skip
def test_output_of_the_last_command(lines: list[str], output: list[str]) -> None:
    assert output_of_last("\n".join(lines)) == output


def test_of_a_command_that_is_known_to_have_failed_something_is_shown() -> None:
    assert last_error_line(["error: a", "1", "2", "3", "4", "5"]) == "error: a"
    assert last_error_line(["nothing but this", "--"]) == "nothing but this"
    assert last_error_line([]) == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Downloading 45.3% |####  | 45/100 [00:03<00:04, 12.3it/s]", "45 %"),
        ("   ━━━━━━━━━━━━ 1.2/3.4 MB 5.0 MB/s eta 0:00:01", "1.2/3.4 MB"),
        ("tests/test_a.py .....F.....   [ 34%]", "34 %"),
        ("[12/30] Compiling foo.c", "12/30"),
        ("Receiving objects:  73% (730/1000), 1.2 MiB | 1 MiB/s", "73 %"),
        ("reading /usr/share/doc", ""),
        ("999 % of all", ""),
        ("", ""),
    ],
)
def test_progress(line: str, told: str) -> None:
    assert progress_in(line) == told


@given(st.lists(st.text(max_size=80), max_size=20))
def test_no_output_is_too_odd(lines: list[str]) -> None:
    output = output_of_last("\n".join(lines))
    told = failure_in(output)

    assert told is None or told
    assert isinstance(last_error_line(output), str)
    assert all(isinstance(progress_in(line), str) for line in lines)
