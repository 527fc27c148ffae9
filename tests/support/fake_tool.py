"""A command line tool on PATH that answers from files, and notes how it was called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
#!/bin/sh
printf '%s\\n' "$*" >> '{folder}/calls'
name=$(printf '%s %s' "$1" "$2" | tr ' /' '--')
if [ -f '{folder}/answers/'"$name.err" ]; then cat '{folder}/answers/'"$name.err" >&2; exit 1; fi
if [ -f '{folder}/answers/'"$name" ]; then cat '{folder}/answers/'"$name"; exit 0; fi
echo "unexpected: $*" >&2; exit 2
"""


class FakeTool:
    """`gh` or `glab`, as recorded."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        (folder / "answers").mkdir(parents=True)
        self.programs.mkdir()
        (self.programs / name).write_text(PROGRAM.format(folder=folder))
        (self.programs / name).chmod(0o755)

    def answer(self, words: str, value: object) -> None:
        """What it says to these first two words."""
        name = words.replace(" ", "-").replace("/", "-")
        (self.folder / "answers" / f"{name}.err").unlink(missing_ok=True)
        text = value if isinstance(value, str) else json.dumps(value)
        (self.folder / "answers" / name).write_text(text)

    def fail(self, words: str, message: str) -> None:
        """What it says when it fails."""
        (self.folder / "answers" / f"{words.replace(' ', '-')}.err").write_text(message)

    @property
    def calls(self) -> list[str]:
        """The words of every call so far."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []
