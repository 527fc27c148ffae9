"""A program that begins an operation and is killed at a chosen step: `dying.py OPERATION STEP FOLDER SOCKET`.

STEP is a step of the journal (it dies when that has just been written down), `finish` (when all is done), or `never`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.orchestrator import OrchestratorRequest, ensure_orchestrator
from quarterdeck.operations.restore import restore
from quarterdeck.operations.session_runtime import Leftovers
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.store.work import SqliteWorkStore
from support.git_repo import Repository
from support.work_contexts import open_place

if TYPE_CHECKING:
    from quarterdeck.core.journal import JournalEntry, Step


def die_at(wanted: str) -> None:
    """Have this process killed at a step."""
    step, finish = SqliteWorkStore.step, SqliteWorkStore.finish

    async def deadly_step(self: SqliteWorkStore, entry: JournalEntry, reached: Step, data: Any = None) -> JournalEntry:
        after = await step(self, entry, reached, data)
        if reached == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
        return after

    async def deadly_finish(self: SqliteWorkStore, entry: JournalEntry) -> None:
        if wanted == "finish":
            os.kill(os.getpid(), signal.SIGKILL)
        await finish(self, entry)

    SqliteWorkStore.step = deadly_step  # type: ignore[method-assign, assignment] # to die is the point of this program
    SqliteWorkStore.finish = deadly_finish  # type: ignore[method-assign] # to die is the point of this program


async def main(operation: str, step: str, folder: Path, socket: Path) -> None:
    """Do one operation."""
    repository = Repository(folder / "r" / "checkout", folder / "r" / "origin.git")
    die_at(step)
    async with open_place(folder, socket, repository) as place:
        if operation == "spawn":
            for _ in range(int(os.environ.get("QD_TIMES", "1"))):
                record = await spawn(place.work_context, SpawnRequest(project="app", prompt="x"), place.say)
                print(record.session_id, flush=True)
        elif operation == "ensure":
            ensured = await ensure_orchestrator(place.work_context, OrchestratorRequest(project="app"), place.say)
            print(ensured.session_id, ensured.created_at.timestamp(), ensured.lifecycle.runtime.handle, flush=True)
        elif operation == "kill":
            await kill_work(place.work_context, "app-1", leftovers=Leftovers.KEEP)
        else:
            await restore(place.work_context, "app-1", place.say)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
