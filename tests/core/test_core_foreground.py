"""What runs in front in a pane, and what it is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.foreground import FrontKind, command_name, front_of
from quarterdeck.core.process_tree import Process
from quarterdeck.values import replace


def family(*lines: str) -> list[Process]:
    """Processes by their command lines, each the child of the one before; one that begins with `&` is in the back."""
    found = []
    for pid, line in enumerate(lines, start=10):
        argv = tuple(line.removeprefix("&").split())
        name = argv[0].rpartition("/")[2].lstrip("-")
        found.append(Process(pid=pid, ppid=pid - 1, name=name, argv=argv, in_front=not line.startswith("&")))
    return found


@pytest.mark.parametrize(
    ("processes", "name"),
    [
        pytest.param(["&-bash", "pytest -q tests"], "pytest -q tests", id="a short line as a whole"),
        pytest.param(["&bash", "pytest " + "tests/a/very/long/path.py " * 3], "pytest", id="of a long one its program"),
        pytest.param(["&bash", "python3 -m pytest -q"], "pytest -q", id="a module"),
        pytest.param(["&bash", "/bin/python3.11 /venv/bin/pytest -x"], "pytest -x", id="an interpreter's script"),
        pytest.param(["&bash", "python3 -W error -u train.py"], "train.py", id="behind an interpreter's own options"),
        pytest.param(["&bash", "python3 -c pass"], "python3", id="a program of the command line"),
        pytest.param(["&bash", "bash run.sh", "pytest", "sleep 5"], "pytest", id="in a script"),
        pytest.param(["&bash", "bash ./deploy.sh", "sleep 5"], "deploy.sh", id="a script that waits"),
        pytest.param(["&bash", "sh -c make;sleep", "make -j8", "cc -c a.c"], "make -j8", id="the topmost"),
        pytest.param(["&bash", "sleep 5"], "sleep 5", id="nothing but that"),
        pytest.param(["&bash", "sh -c make;sleep", "sleep 5"], "sleep 5", id="nothing else, in a line of a shell"),
        pytest.param(["&bash", "sudo -E apt-get install x"], "apt-get install x", id="behind sudo"),
        pytest.param(["&bash", "env A=1 timeout 30s make test"], "make test", id="behind env and timeout"),
        pytest.param(["&bash", "uv run pytest"], "pytest", id="behind a runner"),
        pytest.param(["&bash", "npm run dev", "sh -c vite", "node /x/node_modules/.bin/vite"], "npm run dev", id="npm"),
        pytest.param(["&bash", "node /usr/lib/node_modules/npm/bin/npm.js run x"], "npm run x", id="npm by its script"),
        pytest.param(["&bash", "cargo test --workspace --all-features -- --nocapture"], "cargo test", id="cargo"),
        pytest.param(["&bash", "docker compose -f deploy/compose.yaml up --build"], "docker compose up", id="compose"),
        pytest.param(["pytest"], "pytest", id="a pane that is its program"),
        pytest.param(["bash -c make"], "bash", id="a command whose program is not there yet"),
        pytest.param(["&bash", "&sleep 100"], "sleep 100", id="nobody in front"),
    ],
)
def test_a_line_is_named_after_the_program_that_matters(processes: list[str], name: str) -> None:
    front = front_of(family(*processes))

    assert (front.kind, front.name) == (FrontKind.PROGRAM, name)


def test_a_program_s_own_name_for_itself_counts() -> None:
    titled = Process(pid=11, ppid=10, name="npm run dev", argv=("npm run dev",))

    assert front_of([*family("&bash"), titled]).name == "npm run dev"


@pytest.mark.parametrize(
    ("processes", "kind"),
    [
        pytest.param(["-zsh"], FrontKind.SHELL, id="a shell"),
        pytest.param(["&bash", "zsh"], FrontKind.SHELL, id="a shell in a shell"),
        pytest.param(["bash", "&make"], FrontKind.SHELL, id="a job in the background"),
        pytest.param(["&bash", "vim x"], FrontKind.VIEWER, id="an editor"),
        pytest.param(["&bash", "git log", "less"], FrontKind.VIEWER, id="a pager of another"),
        pytest.param(["&bash", "man ls", "pager"], FrontKind.VIEWER, id="by its Debian name"),
        pytest.param(["&bash", "tail -f log"], FrontKind.VIEWER, id="what follows a file"),
        pytest.param(["&bash", "tail -100f log"], FrontKind.VIEWER, id="with its options in one"),
        pytest.param(["&bash", "tail -5 log"], FrontKind.PROGRAM, id="what does not"),
        pytest.param(["&bash", "/usr/bin/htop"], FrontKind.VIEWER, id="a monitor"),
        pytest.param(["&bash", "make"], FrontKind.PROGRAM, id="a command"),
        pytest.param([], FrontKind.SHELL, id="nothing"),
    ],
)
def test_kinds(processes: list[str], kind: FrontKind) -> None:
    assert front_of(family(*processes)).kind is kind


def test_filters_are_known() -> None:
    assert front_of(family("&bash", "grep x")).is_filter
    assert not front_of(family("&bash", "make", "tee log")).is_filter


WORDS = st.lists(st.text(max_size=12), max_size=6).map(tuple)
PROCESSES = st.builds(Process, pid=st.just(1), ppid=st.just(0), name=st.text(min_size=1, max_size=15), argv=WORDS)


@given(st.lists(PROCESSES, max_size=5))
def test_no_command_line_is_too_odd(processes: list[Process]) -> None:
    front = front_of([replace(each, pid=number) for number, each in enumerate(processes, 10)])

    assert len(command_name(["x" * 100, "y"])) <= 100
    assert set(front.pids) <= set(range(10, 10 + len(processes)))
