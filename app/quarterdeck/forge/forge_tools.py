"""Running a forge's own command line tool: bounded, its answers as JSON, its refusals as errors that say what to do."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from quarterdeck import process
from quarterdeck.core.issue import means_not_found
from quarterdeck.core.text import clean
from quarterdeck.errors import ForgeError, IssueNotFound, NotFound, ProgramMissing, ProgramTimedOut
from quarterdeck.programs import install_hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

SECONDS = 30.0
_ENVIRONMENT = {
    "NO_COLOR": "1",
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "GLAB_NO_PROMPT": "1",
    "NO_PROMPT": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GH_PAGER": "cat",
    "PAGER": "cat",
    "LC_ALL": "C.UTF-8",
}
_NOT_LOGGED_IN = re.compile(
    r"gh auth login|glab auth login|not logged in|authentication (?:failed|required)"
    r"|HTTP 401|401 Unauthorized|bad credentials",
    re.IGNORECASE,
)
_RATE_LIMITED = re.compile(r"rate limit|HTTP 429|secondary rate", re.IGNORECASE)
_NO_SUCH_PR = re.compile(
    r"no pull requests? found|could not resolve to a pullrequest|no merge requests? (?:found|available)|404 Not Found"
    r"|could not find merge request",
    re.IGNORECASE,
)


async def ask(program: str, name: str, folder: Path, *arguments: str, timeout: float = SECONDS) -> str:
    """Run a tool in a checkout and return what it said; raises the error that fits its refusal."""
    try:
        result = await process.run([program, *arguments], timeout=timeout, cwd=folder, env=_ENVIRONMENT)
    except ProgramMissing as error:
        raise ForgeError(f"{name} needs the program {program}.", hint=install_hint(program)) from error
    except ProgramTimedOut as error:
        raise ForgeError(f"{name} did not answer within {timeout:g} seconds.") from error
    if not result.ok:
        raise refusal(program, name, f"{result.err}\n{result.out}")
    return result.out


async def ask_json(program: str, name: str, folder: Path, *arguments: str) -> Any:
    """Run a tool and read its answer as JSON."""
    text = await ask(program, name, folder, *arguments)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ForgeError(
            f"{name} gave an answer that cannot be read.", hint=f"Is this {program} up to date?"
        ) from error


def refusal(program: str, name: str, said: str) -> ForgeError | NotFound:
    """The error that fits what a tool said when it failed."""
    lines = [clean(line).strip() for line in said.splitlines() if line.strip()]
    line = lines[0][:300] if lines else "it gave no reason"
    if _NOT_LOGGED_IN.search(said):
        return ForgeError(f"{name} does not know who you are.", hint=f"Run `{program} auth login` once.")
    if _RATE_LIMITED.search(said):
        return ForgeError(f"{name} allows no more requests for now.", hint="Wait some minutes and try again.")
    if means_not_found(said):
        return IssueNotFound(f"{name}: {line}")
    if _NO_SUCH_PR.search(said):
        return NotFound(f"{name}: {line}")
    return ForgeError(f"{name} could not be asked: {line}")


K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Answers for a while, the most recent ones; callers who ask the same thing at once share one question."""

    def __init__(self, seconds: float, *, size: int = 500, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._monotonic = monotonic
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K, ask_for: Callable[[], Awaitable[V]]) -> V:
        """The answer, asked for when it is not held or too old. Failures are not held."""
        held = self._held.get(key)
        if held is not None and self._monotonic() - held[0] < self._seconds:
            self._held.move_to_end(key)
            return held[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.ensure_future(ask_for())
            asking.add_done_callback(lambda done: self._asked(key, done))
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(asking)

    def _asked(self, key: K, done: asyncio.Future[V]) -> None:
        self._asking.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._held[key] = (self._monotonic(), done.result())
        self._held.move_to_end(key)
        while len(self._held) > self._size:
            self._held.popitem(last=False)


def text(value: object) -> str:
    """A text out of a tool's answer; "" when it is missing or something else."""
    return value if isinstance(value, str) else ""


def rows(value: object) -> list[dict[str, Any]]:
    """The objects in a list out of a tool's answer; none when it is something else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def name_of(value: object, *keys: str) -> str | None:
    """A name out of an object in a tool's answer, by the first key that has one."""
    if not isinstance(value, dict):
        return None
    return next((text(value.get(key)) for key in keys if text(value.get(key))), None)
