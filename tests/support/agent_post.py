"""Sends to a real agent, and what its own transcript says of them."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quarterdeck.agents.file_claims import FileClaims
from quarterdeck.errors import Refused
from quarterdeck.operations.answer import answer, question_of
from quarterdeck.operations.confirming import Outcome
from quarterdeck.operations.send import deliver_held, send
from quarterdeck.operations.sight import Target
from support.recordings import agent as agent_of

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.deck import Deck
    from quarterdeck.operations.send import Sent
    from quarterdeck.ports.agent import Transcript
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
TAG = re.compile(r"m\d{3}x")
PATIENCE = 60.0


@dataclass
class Tally:
    """Counts of a run."""

    agent: str
    sent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    proofs: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """From the call to the proof, for messages to an idle agent."""
    tags: dict[str, str] = field(default_factory=dict)
    """Tag → outcome."""
    odd: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        median = f"{ordered[len(ordered) // 2]:.2f} s" if ordered else "-"
        return f"{self.agent}: {self.sent} sent, {dict(self.outcomes)}, by {dict(self.proofs)}, median idle {median}"


class Correspondence:
    """One real agent, written to in every way."""

    def __init__(self, lab: Lab, deck: Deck, session: Session) -> None:
        self.lab, self.deck, self.session = lab, deck, session
        self.tally = Tally(lab.key)
        self._numbers = itertools.count(1)
        self._transcript: Transcript | None = None
        self._turns: list[str] = []

    async def send(self, kind: str, *, is_idle: bool = False) -> Sent:
        """Send one message of a kind."""
        tag = f"m{next(self._numbers):03d}x"
        began = time.monotonic()
        sent = await send(self.deck, self.session, kind.format(tag=tag))
        self._note(tag, sent)
        if is_idle and sent.outcome is Outcome.DELIVERED:
            self.tally.seconds.append(time.monotonic() - began)
        self.read()
        return sent

    def _note(self, tag: str, sent: Sent) -> None:
        self.tally.sent += 1
        self.tally.outcomes[sent.outcome.value] += 1
        self.tally.proofs[sent.proof.value] += 1
        self.tally.tags[tag] = sent.outcome.value
        if sent.outcome not in {Outcome.DELIVERED, Outcome.QUEUED}:
            self.tally.odd.append(f"{tag}: {sent.outcome}, {sent.detail}")

    async def until_idle(self) -> None:
        """Wait until its turn is over and nothing is queued."""
        assert self.session.pane_id is not None
        target = Target(self.deck, self.session.pane_id)
        deadline, still = time.monotonic() + PATIENCE, 0
        while still < 4:
            sight = await target.look()
            busy = sight.works or sight.box.queueing or sight.question is not None or sight.box.state.value != "open"
            still = 0 if busy else still + 1
            if time.monotonic() > deadline:
                raise AssertionError(f"never idle: {sight.claims}\n{sight.screen}")
            await asyncio.sleep(0.1)
        self.read()

    async def until_asked(self) -> None:
        """Wait until it asks something that can be read."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await question_of(self.deck, self.session)
            except Refused as refusal:
                if time.monotonic() > deadline:
                    raise AssertionError(self.lab.capture()) from refusal
                await asyncio.sleep(0.2)
            else:
                return

    async def mixed(self, rounds: int) -> None:
        """Rounds of: each kind while idle, some while it works, one while it asks."""
        for turn in range(rounds):
            for kind in KINDS:
                await self.send(kind, is_idle=True)
                await self.until_idle()
            await self.send("{tag}\nslow: 4")
            for kind in (KINDS[turn % 8], KINDS[(turn + 3) % 8]):
                await self.send(kind)
            await self.until_idle()
            await self.send(f"{{tag}}\nrun: touch made{turn}.txt")
            await self.until_asked()
            before = (await question_of(self.deck, self.session)).text
            held = await self.send(KINDS[(turn + 5) % 8])
            if held.held is None:
                self.tally.odd.append(f"sent into a dialog: {held.outcome}, {held.detail}")
            await deliver_held(self.deck, self.session)
            if (await question_of(self.deck, self.session)).text != before:
                self.tally.odd.append("the dialog changed under a message")
            await answer(self.deck, self.session, "1")
            await self.until_idle()
            await deliver_held(self.deck, self.session)
            await self.until_idle()

    def read(self) -> None:
        """Gather the prompts in its transcript."""
        found = next(
            (each for each in self.lab.programs() if agent_of(self.lab.key).conversation(each, home=self.lab.home)),
            None,
        )
        if self._transcript is None:
            conversation = agent_of(self.lab.key).conversation(found, home=self.lab.home) if found else ""
            self._transcript = agent_of(self.lab.key).transcript(
                cwd=str(self.lab.work), claims=FileClaims(), session_id=conversation, home=self.lab.home
            )
        view = self._transcript.read() if self._transcript else None
        if view is None:
            return
        fresh = view.turn_count - len(self._turns)
        if fresh > 0:
            self._turns += view.turns[-fresh:]

    def lost(self) -> list[str]:
        """Tags that no prompt in the transcript has."""
        said = {tag for turn in self._turns for tag in TAG.findall(turn)} | self._in_the_file()
        return [tag for tag in self.tally.tags if tag not in said]

    def _in_the_file(self) -> set[str]:
        """Tags in the prompts as the file has them: what we keep of a prompt is cut, and queued ones may be joined."""
        file = self._transcript.path if self._transcript else None
        if file is None or file.suffix != ".jsonl":
            return set()
        rows = [line for line in file.read_text().splitlines() if json.loads(line).get("type") == "user"]
        return {tag for row in rows for tag in TAG.findall(row)}

    def doubled(self) -> list[str]:
        """Tags that several prompts have."""
        said = Counter(tag for turn in self._turns for tag in TAG.findall(turn))
        return [tag for tag, count in said.items() if count > 1]
