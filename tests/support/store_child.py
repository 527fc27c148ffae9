"""Programs that use one store from processes of their own: `python -m support.store_child <what> <path> …`.

Each prints a line of JSON for what it was promised, at once, so that the parent knows it even when it kills the child.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from pathlib import Path

from quarterdeck.core.pane import TmuxSessionId
from quarterdeck.core.place_match import SeenPlace
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.store import Activity, ActivityQuery
from quarterdeck.store.kept_rows import read_session
from quarterdeck.store.lease import Lease
from quarterdeck.store.sqlite import SqliteStore
from support.store import RUN, SERVER, seen_session, thought


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def claims(path: Path, own: str) -> None:
    """Claim 50 times: each time a session everybody sees and one that only this process sees."""
    store = SqliteStore(path)
    for number in range(50):
        mine = SeenPlace(TmuxSessionId(f"${own}-{number}"), f"{own}-{number}", 1)
        answer = await store.claim(SERVER, RUN, [seen_session(number), mine])
        say(shared=answer[seen_session(number).tmux_id].session_id, own=answer[mine.tmux_id].session_id)
    say(pending=store.health().pending, error=store.health().error)
    await store.close()


async def writes(path: Path, own: str) -> None:
    """Write until killed."""
    store = SqliteStore(path)
    number = 0
    while True:
        seen = SeenPlace(TmuxSessionId(f"${own}-{number}"), f"{own}-{number}", 1)
        session_id = (await store.claim(SERVER, RUN, [seen]))[seen.tmux_id].session_id
        await store.save_thought(thought(session_id, f"{own} thinks {number}"))
        await store.record(Activity(kind="test.written", at=wall_clock(), summary=f"{own} did {number}"))
        say(pid=os.getpid(), session_id=session_id, thought=f"{own} thinks {number}", event=f"{own} did {number}")
        number += 1


def nursery(path: Path, total: str) -> None:
    """Have four children write at any time, a new one for each that is killed, until all have been."""
    living = 0
    for number in range(int(total)):
        if living == 4:
            os.wait()
            living -= 1
        if os.fork() == 0:
            asyncio.run(writes(path, f"p{number}"))
        living += 1
    for _ in range(living):
        os.wait()


async def full_disk(path: Path, _: str) -> None:
    """Run out of room, go on, and write everything when there is room again."""
    store = SqliteStore(path, retry_every=0.05)
    await store.claim(SERVER, RUN, [seen_session(0)])
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, room[1]))
    answer = await store.claim(SERVER, RUN, [seen_session(number) for number in range(30)])
    for found in answer.values():
        await store.save_thought(thought(found.session_id, "x" * 2000))
        await store.record(Activity(kind="test.full", at=wall_clock(), summary="no room"))
    say(
        ids=[found.session_id for found in answer.values()],
        error=store.health().error,
        pending=store.health().pending,
        shown=[one.session_id for one in await store.sessions()],
        flushed=await store.flush(0.2),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, room)
    say(flushed=await store.flush(10), pending=store.health().pending, error=store.health().error)
    await store.close()


async def read_only(path: Path, _: str) -> None:
    """Work in a folder that this user may read and not write."""
    if os.geteuid() == 0:
        read_session("{}", {"session_id": "sess_0", "tmux_name": "", "tmux_server": ""})
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    store = SqliteStore(path, retry_every=0.05)
    answer = await store.claim(SERVER, RUN, [seen_session(1), seen_session(2)])
    await store.record(Activity(kind="test.read_only", at=wall_clock(), summary="kept in memory"))
    say(
        ids=[found.session_id for found in answer.values()],
        error=store.health().error,
        events=[one.summary for one in await store.activity(ActivityQuery())],
    )
    await store.close()


async def holds_lease(path: Path, duty: str) -> None:
    """Take a lease and wait to be killed."""
    lease = Lease(path, duty)
    say(taken=lease.try_take(), pid=os.getpid())
    await asyncio.Event().wait()


if __name__ == "__main__":
    what, where, extra = sys.argv[1:]
    if what == "nursery":
        # Everything is imported once, and a child costs next to nothing.
        read_session("{}", {"session_id": "sess_0", "tmux_name": "", "tmux_server": ""})
        nursery(Path(where), extra)
    else:
        todo = {"claims": claims, "full_disk": full_disk, "read_only": read_only, "lease": holds_lease}
        asyncio.run(todo[what](Path(where), extra))
