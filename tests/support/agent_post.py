"""Sends to a real agent, and what its own files say of them."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quarterdeck.errors import Refused
from quarterdeck.operations.answer import answer, question_of
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.pane_view import TargetPane
from quarterdeck.operations.send import deliver_held, send
from quarterdeck.operations.spawn import SpawnRequest, spawn
from support.agent_prompts import prompts_of
from support.patience import PATIENCE
from support.tmux_server import until

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.delivery import Delivery
    from quarterdeck.runtime.services import Services
    from support.agent_lab import Lab

KINDS = (
    "say: one line {tag}",
    "{tag} two lines\nsay: and the second; ends so;",
    "- {tag} begins with a dash",
    "/tmp/{tag} begins with a slash",
    "{tag} 世界 🎉 é `x` $HOME #{{pane_id}}",
    "C-c {tag}",
    "{tag} five kilobytes\n" + "word " * 1020 + "\nsay: read",
    "Enter {tag};",
)
KEYS = ("C-c", "Enter", "Escape", "C-d", "BSpace", "F1", "NPage", "M-x", "Tab", "Up", "C-u", "BTab")
"""Messages that are the name of a key and nothing else; each goes once."""
PER_ROUND = len(KINDS) + 7
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Letter:
    """One message, and what we said became of it."""

    tag: str
    text: str
    sent: Delivery
    seconds: float
    while_it: str
    """What the agent did when it was sent."""

    def is_in(self, prompt: str) -> bool:
        """Whether a prompt has all of its words; blanks and line ends may have changed."""
        if self.tag == self.text:
            return prompt.strip() == self.text
        return _BLANK.sub("", self.text) in _BLANK.sub("", prompt)

    def times_in(self, prompt: str) -> int:
        """How often a prompt has it."""
        return int(self.is_in(prompt)) if self.tag == self.text else prompt.count(self.tag)

    def __str__(self) -> str:
        sent = self.sent
        return f"{self.text[:40]!r} while {self.while_it}: {sent.outcome} by {sent.proof} ({sent.detail})"


@dataclass
class Correspondence:
    """One real agent, written to in every way."""

    lab: Lab
    services: Services
    session: Session
    letters: list[Letter] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    async def send(self, kind: str, while_it: str = "idles", to: Session | None = None) -> Delivery:
        """Send one message of a kind."""
        tag = f"m{len(self.letters) + 1:03d}x" if "{tag}" in kind else kind
        text = kind.format(tag=tag) if "{tag}" in kind else kind
        began = time.monotonic()
        sent = await send(self.services.context, to or self.session, text)
        letter = Letter(tag, text, sent, time.monotonic() - began, while_it)
        self.letters.append(letter)
        if sent.outcome not in {Outcome.DELIVERED, Outcome.QUEUED}:
            self.odd.append(str(letter))
        return sent

    async def until_idle(self, session: Session | None = None) -> None:
        """Wait until its turn is over and nothing is queued."""
        pane_id = (session or self.session).pane_id
        assert pane_id is not None
        target = TargetPane(self.services.context, pane_id)
        deadline, still = time.monotonic() + PATIENCE, 0
        while still < 4:
            view = await target.look()
            busy = view.works or view.box.queueing or view.question is not None or view.box.state.value != "open"
            still = 0 if busy else still + 1
            if time.monotonic() > deadline:
                raise AssertionError(f"never idle: {view.claims}\n{view.box}\n{view.screen}")
            await asyncio.sleep(0.1)

    async def until_asked(self, words: str = "") -> None:
        """Wait until it asks something that can be read and has these words."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(Refused):
                if words in (await question_of(self.services.context, self.session)).text:
                    return
            assert time.monotonic() < deadline, self.lab.capture()
            await asyncio.sleep(0.2)

    async def mixed(self, rounds: int) -> None:
        """Rounds of: all kinds while idle, two while it works, one while it asks, one right after a spawn."""
        for turn in range(rounds):
            for kind in (*KINDS, *KEYS[turn : turn + 1]):
                await self.send(kind)
                await self.until_idle()
            await self._while_it_works(turn)
            await self._while_it_asks(turn)
            await self._right_after_a_spawn(turn)

    async def _while_it_works(self, turn: int) -> None:
        await self.send("{tag}\nslow: 4")
        for kind in (KINDS[turn % 8], KINDS[(turn + 3) % 8]):
            await self.send(kind, "works")
        await self.until_idle()

    async def _while_it_asks(self, turn: int) -> None:
        context, session = self.services.context, self.session
        await self.send(f"{{tag}}\nrun: touch made{turn}.txt")
        await self.until_asked()
        before = (await question_of(context, session)).text
        held = await self.send(KINDS[(turn + 5) % 8], "asks")
        if held.held is None:
            self.odd.append(f"sent into a dialog: {held.outcome}, {held.detail}")
        await deliver_held(context, session)
        if (await question_of(context, session)).text != before:
            self.odd.append("the dialog changed under a message")
        await answer(context, session, "1")
        await self.until_idle()
        self.odd += [] if (self.lab.work / f"made{turn}.txt").exists() else ["the dialog was not answered by us"]
        await deliver_held(context, session)
        await self.until_idle()

    async def _right_after_a_spawn(self, turn: int) -> None:
        """A worker in a worktree of its own gets a message at once, while it starts."""
        record = await spawn(
            self.services.work_context, SpawnRequest(project="demo", prompt="say: started"), lambda line: None
        )
        await self.services.workers.look_once()
        worker = self.services.context.session(record.session_id)
        sent = await self.send(KINDS[(turn + 1) % 8], "starts", worker)
        with suppress(Refused):  # Codex wants to know of hooks that it has not seen before
            await answer(self.services.context, worker, "trust all")
        await self.until_idle(worker)
        if sent.proof is Proof.HELD:
            await deliver_held(self.services.context, worker)
        # At its start an agent may look idle while it still has a queue to go through.
        with suppress(AssertionError):  # it is counted as lost then
            await asyncio.to_thread(until, lambda: self.is_written(self.letters[-1]), "it was taken", PATIENCE)
        await self.until_idle(worker)
        self.lab.tmux.run("kill-session", "-t", f"={worker.tmux_name}")

    def is_written(self, letter: Letter) -> bool:
        """Whether the agent has written it down as a prompt."""
        return any(map(letter.is_in, prompts_of(self.lab.key, self.lab.home)))

    def faults(self) -> list[str]:
        """Every message that is not exactly once, and whole, in the agent's own files; and what else was odd."""
        prompts = prompts_of(self.lab.key, self.lab.home)
        found = list(self.odd)
        for letter in self.letters:
            times = sum(map(letter.times_in, prompts))
            if times != 1 or not any(map(letter.is_in, prompts)):
                found.append(f"{times} times{'' if times != 1 else ', but altered'}: {letter}")
        return found

    def __str__(self) -> str:
        seconds = sorted(each.seconds for each in self.letters if (each.while_it, each.sent.outcome) == IDLE)
        median = f"{seconds[len(seconds) // 2]:.2f} s" if seconds else "-"
        counts = [Counter(map(str, each)) for each in zip(*map(_counted, self.letters), strict=True)]
        told = ", ".join(
            f"{word} {dict(count)}" for word, count in zip(("while it", "became", "by"), counts, strict=True)
        )
        return f"{self.lab.key}: {len(self.letters)} sent, {told}, median when idle {median}"


IDLE = ("idles", Outcome.DELIVERED)


def _counted(letter: Letter) -> tuple[str, str, str]:
    return letter.while_it, letter.sent.outcome.value, letter.sent.proof.value
