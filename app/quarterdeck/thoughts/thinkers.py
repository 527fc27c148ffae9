"""Models that thoughts are asked of: any program that reads a prompt and prints one line, and any endpoint.

An endpoint is whatever speaks OpenAI's chat completions: OpenRouter, Ollama, vLLM and others.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

from quarterdeck.core.foreign_json import object_at, objects_at, text_at
from quarterdeck.core.model_calls import estimated_tokens
from quarterdeck.core.redact import safe_summary
from quarterdeck.core.text import clean
from quarterdeck.errors import ProgramError, ThinkerError
from quarterdeck.ports.thinker import Answer
from quarterdeck.process import run
from quarterdeck.thoughts.prompt import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from quarterdeck.config.settings import ThoughtSettings
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.thinker import Subject

OUTPUT_BYTES = 64 * 1024
"""A thought is one line; what comes behind this is not read."""
MODEL_PLACE = "{model}"
ANSWER_TOKENS = 80
ANSWER_BYTES = 256 * 1024
LIST_BYTES = 4 * 1024 * 1024
MODELS_KEPT = 500
FAULT_LENGTH = 160
OPENROUTER = "openrouter.ai"
OPENROUTER_DEFAULT = "openrouter/free"

_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_REASONS = {
    400: "did not understand the request",
    401: "refused the key",
    402: "wants payment",
    403: "refused the key",
    404: "knows no such model or address",
    429: "asks us to wait",
}


class _Asked:
    """What both have in common; a program has no list of models, and has ended after each thought."""

    def __init__(self, thoughts: ThoughtSettings) -> None:
        self._thoughts = thoughts

    def prompt(self, subject: Subject) -> str:
        """The words it would be sent about a subject."""
        return build(subject, for_agents=self._thoughts.agent_prompt, for_terminals=self._thoughts.terminal_prompt)

    async def models(self) -> list[str]:
        """The models that can be asked for; none where that cannot be found out."""
        return []

    async def close(self) -> None:
        """Let go of connections."""


class CommandThinker(_Asked):
    """Starts the program once for each thought."""

    def __init__(self, thoughts: ThoughtSettings, cwd: Path | None = None) -> None:
        super().__init__(thoughts)
        self._argv = [part.replace(MODEL_PLACE, thoughts.model) for part in thoughts.command]
        self._cwd = cwd

    @property
    def name(self) -> str:
        """The program's name."""
        return self._argv[0].rpartition("/")[2]

    async def think(self, prompt: str) -> Answer:
        """Run the program; an exit code other than 0 is a failure, whatever it printed."""
        # In a folder of ours: an agent's program would take a project's own instructions for its own.
        cwd = self._cwd if self._cwd is not None and self._cwd.is_dir() else None
        timeout = self._thoughts.timeout_seconds
        try:
            result = await run(self._argv, timeout=timeout, input=prompt, cwd=cwd, limit_bytes=OUTPUT_BYTES)
        except ProgramError as error:
            raise ThinkerError(error.message, hint=error.hint) from error
        if not result.ok:
            words = next((line for line in reversed(result.err.splitlines()) if line.strip()), "")
            why = f": {clean(safe_summary(words), FAULT_LENGTH)}" if words else "."
            raise ThinkerError(f"{self.name} ended with code {result.code}{why}")
        line = next((line for line in result.out.splitlines() if line.strip()), "")
        return Answer(line, estimated_tokens(prompt), estimated_tokens(line))


class OpenAiThinker(_Asked):
    """One connection, opened with the first thought; answers are read only as far as they can be a thought."""

    def __init__(self, thoughts: ThoughtSettings, key: Callable[[], str]) -> None:
        super().__init__(thoughts)
        self._url = thoughts.url.rstrip("/")
        self._timeout = thoughts.timeout_seconds
        self._key = key
        self._model = thoughts.model or (OPENROUTER_DEFAULT if OPENROUTER in self._url else "")
        self._client: httpx.AsyncClient | None = None

    @property
    def name(self) -> str:
        """The endpoint's host, and the model."""
        host = self._url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        return f"{host} ({self._model})" if self._model else host

    async def think(self, prompt: str) -> Answer:
        """Ask the endpoint for one line, and say what it cost."""
        body: dict[str, object] = {
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": ANSWER_TOKENS,
            "stream": False,
        }
        if self._model:
            body["model"] = self._model
        told = await self._ask("POST", "/chat/completions", body, limit=ANSWER_BYTES)
        choices = objects_at(told, "choices")
        message = object_at(choices[0], "message") if choices else {}
        text = _THINKING.sub("", text_at(message, "content") or (text_at(choices[0], "text") if choices else ""))
        usage = object_at(told, "usage")
        return Answer(
            text,
            _count(usage, "prompt_tokens", estimated_tokens(prompt)),
            _count(usage, "completion_tokens", estimated_tokens(text)),
        )

    async def models(self) -> list[str]:
        """The models that the endpoint lists."""
        told = await self._ask("GET", "/models", None, limit=LIST_BYTES)
        found = {clean(text_at(each, "id"), 200) for each in objects_at(told, "data")}
        return [str(each) for each in sorted(found - {""})][:MODELS_KEPT]

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask(self, method: str, path: str, body: Json | None, *, limit: int) -> Json:
        # Imported with the first question: whoever makes their lines here never pays for it.
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, follow_redirects=False)
        try:
            async with asyncio.timeout(self._timeout):
                async with self._client.stream(
                    method, self._url + path, json=body, headers=self._headers()
                ) as response:
                    data = await _bounded(response, limit, self.name)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ThinkerError(f"{self.name} did not answer within {self._timeout:g} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise ThinkerError(
                f"{self.name} cannot be reached: {_short(str(error)) or type(error).__name__}."
            ) from error
        if response.status_code != httpx.codes.OK:
            raise _refused(self.name, response.status_code, data)
        try:
            told: object = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ThinkerError(f"{self.name} answered with something that is not JSON.") from error
        if not isinstance(told, dict):
            raise ThinkerError(f"{self.name} answered with JSON that is not an object.")
        return told

    def _headers(self) -> dict[str, str]:
        key = self._key()
        if not key and OPENROUTER in self._url:
            raise ThinkerError(
                f"{self.name} needs a key.",
                hint="Set QUARTERDECK_THOUGHTS_KEY, or thoughts.key_variable or thoughts.key_file in the settings.",
            )
        return {"Authorization": f"Bearer {key}"} if key else {}


async def _bounded(response: httpx.Response, limit: int, name: str) -> bytes:
    kept = bytearray()
    async for chunk in response.aiter_bytes():
        kept += chunk
        if len(kept) > limit:
            raise ThinkerError(f"{name} answered with more than {limit // 1024} KiB.")
    return bytes(kept)


def _refused(name: str, status: int, data: bytes) -> ThinkerError:
    why = _REASONS.get(status, "has a fault of its own" if status >= 500 else "refused")
    try:
        told: object = json.loads(data)
    except (ValueError, RecursionError):
        told = None
    error = object_at(told, "error") if isinstance(told, dict) else {}
    words = _short(text_at(error, "message"))
    return ThinkerError(f"{name} {why} ({status})" + (f": {words}" if words else "."))


def _short(text: str) -> str:
    return clean(safe_summary(text), FAULT_LENGTH).rstrip(".")


def _count(usage: Json, key: str, estimate: int) -> int:
    told = usage.get(key)
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**9 else estimate
