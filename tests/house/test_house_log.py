"""The log file."""

from __future__ import annotations

import json
import logging
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck import log
from quarterdeck.errors import QuarterdeckError
from support.cli import cli_env
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def nothing() -> None:
    """Nothing to prepare: the folder is there."""


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_record_is_one_json_line_with_its_keys(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    log.configure(file, prepare=nothing)

    logging.getLogger("quarterdeck.x").info("looked at %s\nand more", "it", extra={"server": "/s", "other": 2})

    (record,) = records(file)
    assert record["message"] == "looked at it\nand more"
    assert record["server"] == "/s"
    assert record["level"] == "info"
    assert record["at"].endswith("Z")
    assert "other" not in record


def test_the_file_is_the_operators_alone(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    file.write_text("")
    file.chmod(0o644)
    log.configure(file, prepare=nothing)

    logging.getLogger("quarterdeck").info("x")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_library_may_not_fill_the_log_with_what_it_sends(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    log.configure(file, prepare=nothing, verbosity=2)

    logging.getLogger("httpx.client").debug("a secret")
    logging.getLogger("httpx.client").warning("odd")

    assert [record["message"] for record in records(file)] == ["odd"]


def test_nothing_in_the_file_can_move_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    handler = log.RotatingLines(file, prepare=nothing)
    handler.setFormatter(log.JsonFormatter())

    handler.emit(logging.LogRecord("q", logging.INFO, "", 0, "\x1b[2J \x9b5m \u202e \udcff", None, None))
    handler.close()

    assert file.read_bytes().rstrip(b"\n").decode("ascii").isprintable()


def test_an_error_leaves_its_trace_without_local_variables(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    log.configure(file, prepare=nothing)
    secret = "-".join(["hunter", "2"])

    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("quarterdeck").exception("failed")

    (record,) = records(file)
    assert "RuntimeError: boom" in record["trace"]
    assert secret not in record["trace"]


def test_a_full_file_is_moved_aside_and_only_some_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    handler = log.RotatingLines(file, prepare=nothing, max_bytes=400, kept=2)
    handler.setFormatter(log.JsonFormatter())

    for number in range(20):
        handler.emit(logging.LogRecord("quarterdeck", logging.INFO, "", 0, f"record {number}", None, None))
    handler.close()

    assert sorted(path.name for path in tmp_path.iterdir() if "q.log" in path.name) == ["q.log", "q.log.1", "q.log.2"]
    assert all(path.stat().st_size <= 400 for path in tmp_path.glob("q.log*"))
    assert records(file)[-1]["message"] == "record 19"
    assert handler.faults == 0


WRITER = """
import logging, sys
from pathlib import Path
from quarterdeck import log
handler = log.RotatingLines(Path(sys.argv[1]), prepare=lambda: None, max_bytes=5000, kept=400)
handler.setFormatter(log.JsonFormatter())
for number in range(300):
    handler.emit(logging.LogRecord("q", logging.INFO, "", 0, sys.argv[2] + "-" + str(number), None, None))
sys.exit(handler.faults)
"""


@pytest.mark.process
def test_two_processes_lose_nothing_while_both_rotate(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), name], env=cli_env()) for name in ("a", "b", "c")
    ]

    assert [writer.wait(PATIENCE) for writer in writers] == [0, 0, 0]

    said = [record["message"] for path in tmp_path.glob("q.log*") for record in records(path)]
    assert sorted(said) == sorted(f"{name}-{number}" for name in "abc" for number in range(300))


def test_a_log_that_cannot_be_written_is_counted_and_disturbs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise QuarterdeckError("no folder")

    handler = log.configure(tmp_path / "no" / "q.log", prepare=refuse)

    logging.getLogger("quarterdeck").error("lost")

    assert handler.faults == 1
    assert capsys.readouterr() == ("", "")


def test_configuring_twice_writes_each_record_once(tmp_path: Path) -> None:
    file = tmp_path / "q.log"
    log.configure(file, prepare=nothing)
    log.configure(file, prepare=nothing)

    logging.getLogger("quarterdeck").info("once")

    assert len(records(file)) == 1
