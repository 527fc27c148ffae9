"""`config edit`: the settings in the operator's editor, kept only when they are right."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.confirm import agrees
from quarterdeck.cli.error_output import show
from quarterdeck.cli.output import say
from quarterdeck.errors import QuarterdeckError, Refused, SettingsError
from quarterdeck.foreign_files import read_bytes
from quarterdeck.paths import FILE_MODE, private_folder
from quarterdeck.process import child_environment, on_terminal

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call

EMPTY = """\
# Settings of Quarterdeck. `quarterdeck config show` lists them all with their values, and
# `quarterdeck config schema` says what each is for. What is left out has its default.
"""


def edit(call: Call) -> int:
    """Edit a copy, look whether it is right, and only then put it in its place."""
    from quarterdeck.cli.config import checked
    from quarterdeck.config.loader import settings_text

    file = call.places.config_file
    before = settings_text(file) if file.exists() else None
    private_folder(file.parent)
    handle, name = tempfile.mkstemp(prefix=".config.", suffix=".toml", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(EMPTY if before is None else before)
        while True:
            _run_editor(draft)
            if read_bytes(draft) == (EMPTY if before is None else before).encode():
                say("Nothing was changed.")
                return 0
            try:
                checked(draft)
            except SettingsError as error:
                wrong = SettingsError(error.message.replace(str(draft), str(file)), hint=error.hint)
                if _again(wrong, call):
                    continue
                raise SettingsError(f"{file} stays as it was.") from error
            break
        _put(draft, file, before)
    finally:
        draft.unlink(missing_ok=True)
    say(f"{file} is valid and in force now.")
    return 0


def _again(error: SettingsError, call: Call) -> bool:
    """Whether the operator goes on editing; without a terminal the error itself is the answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise error
    show(error, as_json=call.json)
    return agrees("Edit again? Otherwise your changes are lost.", otherwise=error.message)


def _run_editor(draft: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor and not (sys.stdin.isatty() and sys.stdout.isatty()):
        # An editor of somebody's own choice may need no terminal; vi would wait for one without end.
        raise QuarterdeckError(
            "There is no terminal to edit in.",
            hint="Set EDITOR to a program that needs none, or run this in a terminal.",
        )
    editor = editor or "vi"
    try:
        code = asyncio.run(on_terminal([*shlex.split(editor), str(draft)], child_environment()))
    except (OSError, ValueError) as error:
        raise QuarterdeckError(f"The editor {editor!r} cannot be started: {error}.", hint="Set EDITOR.") from error
    if code:
        raise QuarterdeckError(f"The editor ended with status {code}, so nothing was changed.")


def _put(draft: Path, file: Path, before: str | None) -> None:
    from quarterdeck.config.loader import settings_text

    # A link to where somebody keeps their settings stays one.
    target = file.resolve()
    now = settings_text(target) if target.exists() else None
    if now != before:
        raise Refused(f"{file} was changed by somebody else meanwhile, so it stays as it is.", hint="Edit again.")
    try:
        draft.chmod(FILE_MODE)
        if draft.parent == target.parent:
            draft.replace(target)
        else:
            target.write_bytes(read_bytes(draft))
    except OSError as error:
        raise QuarterdeckError(f"{file} cannot be written: {error.strerror}.") from error
