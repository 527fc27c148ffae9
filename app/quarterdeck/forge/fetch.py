"""Asking origin what is new, once for several worktrees that are made in a row."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from quarterdeck.errors import GitError
from quarterdeck.forge.git_command import git, reason

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.ports.git import Say

FETCH_SECONDS = 30.0
FETCH_AGAIN_SECONDS = 30.0
"""Several spawns in a row fetch once."""
_QUIET_FETCH = ("gc.auto=0", "maintenance.auto=false", "fetch.recurseSubmodules=false")


class Fetches:
    """Fetches each repository no more often than needed: knows when it was last done."""

    def __init__(self) -> None:
        self._fetched: dict[Path, float] = {}
        self._fetching: dict[Path, asyncio.Lock] = {}

    async def fetch(self, repository: Path, notices: list[str], say: Say) -> None:
        """Fetch, unless that was just done; an origin that does not answer is a notice, and what is here serves."""
        async with self._fetching.setdefault(repository, asyncio.Lock()):
            last = self._fetched.get(repository)
            if last is not None and time.monotonic() - last < FETCH_AGAIN_SECONDS:
                return
            if not (await git(repository, "config", "--get", "remote.origin.url")).ok:
                return
            say("fetching from origin")
            try:
                result = await git(
                    repository,
                    "fetch",
                    "origin",
                    "--quiet",
                    "--no-write-fetch-head",
                    timeout=FETCH_SECONDS,
                    settings=_QUIET_FETCH,
                )
            except GitError as error:
                notices.append(f"origin could not be asked ({error.message}); starting from what is here.")
                return
            if result.ok:
                self._fetched[repository] = time.monotonic()
            else:
                notices.append(f"origin could not be asked ({reason(result)}); starting from what is here.")
