"""`agents`: the agents there are, and recordings of what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.call import services
from quarterdeck.core.row_name import row_name
from quarterdeck.core.text import clean, listed
from quarterdeck.operations.agent_recording import record as recorded
from quarterdeck.paths import write_private

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call
    from quarterdeck.operations.agent_recording import AgentRecording

RECORDINGS = "recordings"
"""The folder that recordings are put in, where none is named."""


async def record(call: Call) -> int:
    """Write down all that is seen of an agent now, without what is private."""
    options = call.options
    async with services(call) as opened:
        context = opened.context
        session = context.session(options.session)
        made = await recorded(context, session, truth=options.truth or "", name=options.name or "")
    folder = _written(made, options.out or RECORDINGS)
    names = sorted(made.files)
    return call.tell(
        {"folder": folder, "files": names, "state": made.truth, "session_id": session.session_id},
        f"Recorded {clean(row_name(session))} as {made.truth}: {listed(names)} in {folder}.\n"
        "Secrets are masked, and so are the names of this machine and of you. Read it before you send it:"
        " what was said is in it.",
    )


def _written(made: AgentRecording, out: str) -> Path:
    """The folder that it is written in."""
    folder = Path(out).expanduser().absolute() / made.folder
    for name, text in made.files.items():
        write_private(folder / name, text)
    return folder
