#!/usr/bin/env python3
"""The gate `unused`: what nothing in `app` calls. `python tests/unused.py` names it.

Vulture reads `app` alone, so what only tests call is unused, too. What is called in a way that it cannot see stands in
`ALLOWED`; an entry there that nothing needs any more is a fault as well.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vulture.core import Vulture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vulture.core import Item

APP: Final = Path(__file__).parents[1] / "app" / "quarterdeck"
SURE: Final = 60
"""Percent; below that vulture names hardly anything that is not dead."""
BY_DECORATOR: Final = ("@on", "@field_validator", "@model_validator")
"""Textual and pydantic call what stands below these."""
BY_PLACE: Final = re.compile(r"[\"'][\w.]+:([A-Za-z_]\w*)[\"']")
"""A function or an object named in a string as `module:name`: verbs and built-in plugins are."""


@dataclass(frozen=True)
class Allowed:
    """Names that may stand unused in one place, and why."""

    where: str
    """How the path of the file begins, below the package."""
    names: str
    """Patterns, with blanks between them."""
    why: str

    def covers(self, path: str, name: str) -> bool:
        """Whether this name is one of them."""
        return path.startswith(self.where) and any(fnmatchcase(name, pattern) for pattern in self.names.split())


ALLOWED: Final = (
    # Called by a library.
    Allowed("tui/", "on_* action_* check_action compose get_* render_segments", "Textual calls it by its name"),
    Allowed("tui/", "_render_chops _compositor _fatal_error _sigcont_application", "takes the place of Textual's own"),
    Allowed("tui/", "TITLE BINDINGS *_CSS CSS_PATH AUTO_FOCUS DEFAULT_CLASSES ENABLE_*", "Textual reads it"),
    Allowed(
        "tui/", "virtual_size max_height can_focus disabled password cursor_blink animation_level restrict", "the same"
    ),
    Allowed("tui/widgets/", "container viewport", "Textual hands it over, and it is not needed"),
    Allowed("tmux/", "connection_* pipe_* process_exited exc", "asyncio calls it, with what is not always needed"),
    Allowed("", "model_config", "pydantic reads it"),
    Allowed("store/", "text_factory", "sqlite3 reads it"),
    Allowed("errors.py", "__init_subclass__", "Python calls it for each kind of error"),
    # Fields that are read as a whole, or only kept.
    Allowed("core/lifecycle.py", "last_*_at", "kept with the record"),
    Allowed("core/pull_request.py", "base_branch is_draft", "kept with the record"),
    Allowed("core/work_record.py", "is_named_by_user", "kept with the record"),
    Allowed("core/", "PR_CLOSED_WAITING_DECISION AGENT_PROCESS_EXITED CLOSED_UNMERGED OVERLOADED", "a promised value"),
    Allowed("tui/theme_file.py", "surface raised muted", "a theme's colours are read as a whole"),
    # Needed outside of the program.
    Allowed("core/pane.py", "bad_rows", "the tests with hostile names see by it that every row was understood"),
    Allowed("agents/screen.py", "NEAR", "rules name it by its value"),
    Allowed("agents/opencode_transcript.py", "row_factory", "sqlite3 goes by it"),
    Allowed("core/session_fields.py", "owners", "the tests hold what sets a field to it"),
    Allowed("ports/agent_spec.py", "quit", "the tests with real agents end them by it"),
    Allowed("tmux/", "rename_session", "what the verb `rename` will stand on, with all that tmux makes of names"),
    Allowed("ports/mux.py", "rename_session", "the same"),
)


def main(paths: Sequence[str]) -> int:
    """Print what nothing calls, and what is allowed in vain; 1 if there is any."""
    faults = unused(Path(paths[0]) if paths else APP, ALLOWED)
    print("\n".join(faults))
    return 1 if faults else 0


def unused(package: Path, allowed: Iterable[Allowed]) -> list[str]:
    """What nothing in a package calls, and entries that cover nothing in it."""
    vulture = Vulture(ignore_decorators=list(BY_DECORATOR))
    vulture.scavenge([str(package)])
    vulture.scan("\n".join(_named_by_place(package)))
    found = [(_below(package, item), item) for item in vulture.get_unused_code(min_confidence=SURE)]
    left = {item for path, item in found if not any(each.covers(path, item.name) for each in allowed)}
    in_vain = [each for each in allowed if not any(each.covers(path, item.name) for path, item in found)]
    return [
        *(f"{path}:{item.first_lineno}: nothing calls {item.typ} {item.name}" for path, item in found if item in left),
        *(f"allowed in vain: {each.names} in {each.where or 'any file'}" for each in in_vain),
    ]


def _named_by_place(package: Path) -> set[str]:
    return {name for file in package.rglob("*.py") for name in BY_PLACE.findall(file.read_text(encoding="utf-8"))}


def _below(package: Path, item: Item) -> str:
    return Path(item.filename).relative_to(package.resolve()).as_posix()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
