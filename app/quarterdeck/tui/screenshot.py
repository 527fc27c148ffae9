"""A picture of the screen, as SVG."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError
from quarterdeck.paths import FILE_MODE, private_folder, write_private

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from textual.app import App


_FAR_FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")
MOST_SCREENSHOTS = 100


def drawn(app: App[object]) -> str:
    """The screen as it is. Who opens it needs no font from far away, and asks nobody for one."""
    return _FAR_FONTS.sub("", app.export_screenshot(title="quarterdeck"))


def kept(svg: str, folder: Path, now: datetime) -> Path:
    """Write the picture under the time it was taken, over nothing; answers where."""
    private_folder(folder)
    name = f"quarterdeck-{now.astimezone():%Y-%m-%d-%H%M%S}"
    for number in range(1, MOST_SCREENSHOTS):
        file = folder / (f"{name}.svg" if number == 1 else f"{name}-{number}.svg")
        with suppress(FileExistsError):
            file.touch(FILE_MODE, exist_ok=False)
            return write_private(file, svg)
    raise QuarterdeckError(
        f"Too many pictures were taken within this second: {folder} has no name left.", hint="Try again."
    )
