"""What a list of processes says of a pane."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.process_tree import Process, below, children_of, grow, has_work


def process(pid: int, ppid: int, line: str, started: float | None = None) -> Process:
    argv = tuple(line.split())
    name = argv[0].rpartition("/")[2].lstrip("-") if argv else ""
    return Process(pid=pid, ppid=ppid, name=name, argv=argv, started=pid if started is None else started)


CODEX = (
    process(10, 1, "-bash"),
    process(20, 10, "node /opt/bin/codex --full-auto"),
    process(30, 20, "/opt/vendor/codex"),
    process(11, 1, "zsh"),
    process(40, 11, "vim claude"),
)


def test_the_nearest_come_first() -> None:
    tree = grow((*CODEX, process(15, 10, "cat")))

    assert [each.pid for each in below(tree, 10)] == [10, 15, 20, 30]
    assert [each.pid for each in children_of(tree, 10)] == [15, 20]
    assert list(below(tree, 99)) == []


@pytest.mark.parametrize(
    ("processes", "command", "wanted"),
    [
        pytest.param(["-bash"], "bash", False, id="a shell alone"),
        pytest.param(["bash", "make"], "make", True, id="something in the foreground"),
        pytest.param(["bash", "make"], "", True, id="something, who knows where"),
        pytest.param(["bash", "sleep 100"], "bash", False, id="a job in the background"),
        pytest.param(["bash", "bash script.sh"], "bash", True, id="a script"),
        pytest.param(["sh -c x", "bash"], "bash", False, id="a shell that was only started by another"),
        pytest.param(["bash", "zsh", "make"], "make", True, id="something in a shell in a shell"),
        pytest.param(["bash --noprofile --rcfile /etc/rc -i"], "bash", False, id="a shell with settings of its own"),
        pytest.param(["zsh -o vi +o beep"], "zsh", False, id="a shell with options"),
        pytest.param(["fish -C greet"], "fish", False, id="a shell with a first command"),
        pytest.param(["bash --login"], "bash", False, id="a login shell"),
        pytest.param(["bash -lc make"], "bash", True, id="a shell that was given a command"),
        pytest.param(["sh /etc/script --now"], "sh", True, id="a shell that was given a script"),
        pytest.param(["htop"], "htop", True, id="a pane that is its program"),
        pytest.param([], "bash", None, id="a pane that is not in the list"),
    ],
)
def test_something_runs_in_a_pane_or_does_not(processes: list[str], command: str, wanted: bool | None) -> None:
    tree = grow(process(pid, pid - 1, line) for pid, line in enumerate(processes, start=10))

    assert has_work(tree, 10, command) is wanted


def test_a_pid_that_was_given_away_again_gets_no_children_of_its_former_owner() -> None:
    tree = grow([process(10, 1, "bash", started=500), process(20, 10, "make", started=100)])

    assert has_work(tree, 10) is False


@given(st.lists(st.builds(process, st.integers(0, 8), st.integers(0, 8), st.just("x"), st.integers(0, 3)), max_size=12))
def test_any_list_can_be_walked(processes: list[Process]) -> None:
    tree = grow(processes)

    for pid in range(9):
        walked = [each.pid for each in below(tree, pid)]
        assert len(walked) == len(set(walked))
