"""`export` and `import`: what is kept, as JSON that moves to another machine."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.output import json_text, print_json, say, warn, write
from quarterdeck.errors import QuarterdeckError, UsageError
from quarterdeck.foreign_files import read_given

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call

LARGEST = 1 << 30
"""Bytes of an export, which holds all that was ever kept."""


async def export(call: Call) -> int:
    """Print everything that is kept."""
    from quarterdeck.store.sqlite import open_store
    from quarterdeck.store.transfer import export as export_from

    async with open_store(call.places) as store:
        kept = await store.database.read(export_from)
    write(json_text(kept, indent=1) + "\n")
    return 0


async def take(call: Call) -> int:
    """Merge what was exported into what is kept here."""
    from quarterdeck.store.engine import Write
    from quarterdeck.store.sqlite import open_store
    from quarterdeck.store.transfer import check, merge

    exported = check(_read(call.options.file))
    async with open_store(call.places) as store:
        merged = await store.database.write(Write(partial(merge, exported=exported), is_durable=True))
    if call.json:
        counts = {name: dict(getattr(merged, name)) for name in ("added", "updated", "kept")}
        print_json({**counts, "refused": merged.refused})
        return 0
    tables = list(dict.fromkeys((*merged.added, *merged.updated, *merged.kept)))
    for table in tables:
        added, updated, kept = merged.added[table], merged.updated[table], merged.kept[table]
        say(f"{table.replace('_', ' ')}: {added} added, {updated} updated, {kept} kept as they are here")
    if not tables:
        say("The export was empty.")
    for sentence in merged.refused:
        warn(f"left out: {sentence}")
    return 0


def _read(file: str) -> object:
    try:
        text = sys.stdin.read() if file == "-" else read_given(Path(file), LARGEST)
        return json.loads(text)
    except OSError as error:
        raise QuarterdeckError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"This is not JSON: {error!s:.200}.", hint="`quarterdeck export > state.json` makes it."
        ) from error
