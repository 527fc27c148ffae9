"""A program that looks and behaves like Claude Code at its prompt, by a script; run it, do not import it.

    python .../@anthropic-ai/claude-code/cli.py FOLDER [key=value ...] [-- the real one's own command line]

It reads orders from FOLDER/orders (a fifo, one a line), keeps a transcript and a registry file below $HOME/.claude as
the real one does, and notes in FOLDER/notes.jsonl what reached it: each submitted prompt, and what reached a dialog.

Settings: start=SECONDS before its prompt shows; swallow=N Enters that are lost after each paste; lag=SECONDS between a
key and its effect on the screen; session=ID of its conversation; registry=0 for none; deaf=1 submits nothing at all;
hooks=SPOOL reports prompts there.
A prompt `slow: N` works for N seconds, `ask: TEXT` asks for leave.
Of the real one's command line it heeds --session-id, --resume and the prompt.
Orders: `ask TEXT`, `question TEXT`, `several TEXT`, `trust`, `swap TEXT`, `close`, `finish`, `draft TEXT`, `cover`,
`quit`.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import termios
import time
import tty
import uuid
from datetime import UTC, datetime
from pathlib import Path

RULE = "\x1b[38;5;244m" + "─" * 100 + "\x1b[39m"
PASTE = re.compile(rb"\x1b\[200~(.*?)\x1b\[201~", re.DOTALL)
PERMISSION = ("Yes", "Yes, and always allow access to demo/ from this project", "No")
QUESTION = ("Red", "Blue", "Type something.", "Chat about this")
SEVERAL = ("Small", "Middle", "Large", "Type something", "Chat about this")
TRUST = ("No, exit", "Yes, I trust this folder")
REVIEW = ("Submit answers", "Cancel")


class Agent:
    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.lag = float(options.get("lag", 0.02))
        self.swallow = int(options.get("swallow", 0))
        self.deaf = options.get("deaf") == "1"
        self.has_registry = options.get("registry", "1") == "1"
        self.spool = options.get("hooks", "")
        self.session = options.get("session") or str(uuid.uuid4())
        home = Path(os.environ["HOME"]) / ".claude"
        where = re.sub(r"[^A-Za-z0-9]", "-", str(Path.cwd()))
        self.transcript = home / "projects" / where / f"{self.session}.jsonl"
        self.registry = home / "sessions" / f"{os.getpid()}.json"
        for file in (self.transcript, self.registry):
            file.parent.mkdir(parents=True, exist_ok=True)
        self.draft = ""
        self.pastes = 0
        self.to_swallow = 0
        self.said: list[str] = []
        self.queue: list[str] = []
        self.busy_until = 0.0
        self.dialog: tuple[str, str, tuple[str, ...]] | None = None
        self.writing = ""
        self.ticked: set[int] = set()
        self.marked = 0
        self.covered = False
        self.due = 0.0
        self.raw = b""
        self.shown = ""
        self.drawn = 0

    def note(self, what: str, **data: object) -> None:
        with (self.folder / "notes.jsonl").open("a") as notes:
            notes.write(json.dumps({"what": what, "t": time.time(), **data}) + "\n")

    def row(self, kind: str, **data: object) -> None:
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        row = {
            "type": kind,
            "sessionId": self.session,
            "cwd": str(Path.cwd()),
            "timestamp": at,
            "uuid": str(uuid.uuid4()),
        }
        with self.transcript.open("a") as transcript:
            transcript.write(json.dumps({**row, **data}) + "\n")

    def stands(self) -> None:
        if not self.has_registry:
            return
        status = "waiting" if self.dialog else "busy" if self.busy_until else "idle"
        now = int(time.time() * 1000)
        entry = {"pid": os.getpid(), "sessionId": self.session, "cwd": str(Path.cwd()), "status": status}
        if self.dialog:
            entry["waitingFor"] = "permission prompt"
        fresh = self.registry.with_suffix(".new")
        fresh.write_text(json.dumps({**entry, "statusUpdatedAt": now}))
        fresh.rename(self.registry)

    def submit(self, text: str) -> None:
        self.note("prompt", text=text, session=self.session)
        if self.spool:
            self.report(text)  # an agent runs its hooks before it takes the prompt up
            time.sleep(0.5)  # and waits for them
        self.row("user", message={"role": "user", "content": text})
        self.said.append(text)
        found = re.match(r"slow: ([\d.]+)", text)
        self.busy_until = time.time() + (float(found[1]) if found else 0.15)
        asked = re.match(r"ask: (.*)", text)
        if asked:
            self.dialog = ("permission", asked[1], PERMISSION)
        self.stands()

    def report(self, text: str) -> None:
        payload = {"hook_event_name": "UserPromptSubmit", "session_id": self.session, "prompt": text}
        head = f"quarterdeck-report 1 claude @{time.time()} {os.environ['TMUX_PANE']} {os.environ['TMUX']}\n"
        spool = Path(self.spool)
        fresh = spool / f"{uuid.uuid4().hex}.tmp"
        fresh.write_text(head + json.dumps(payload))
        fresh.rename(fresh.with_suffix(".report"))

    def tick(self) -> None:
        if self.busy_until and time.time() >= self.busy_until and not self.dialog:
            self.busy_until = 0.0
            answer = {"role": "assistant", "model": "m", "content": [{"type": "text", "text": "Done."}]}
            self.row("assistant", message={**answer, "stop_reason": "end_turn", "id": str(uuid.uuid4())})
            self.row("system", subtype="turn_duration")
            if self.queue:
                self.submit(self.queue.pop(0))
            self.stands()
            self.changed()

    def changed(self) -> None:
        self.due = self.due or time.time() + self.lag

    def take(self, data: bytes) -> None:
        self.raw += data
        while self.raw:
            paste = PASTE.match(self.raw)
            if paste:
                self.raw = self.raw[paste.end() :]
                self.pasted(paste[1].decode(errors="replace").replace("\r", "\n"))
            elif self.raw.startswith(b"\x1b[200~"):
                return
            elif self.raw.startswith(b"\x1b"):
                found = re.match(rb"\x1b(?:\[[0-9;?]*[A-Za-z~])?", self.raw)
                assert found
                self.raw = self.raw[found.end() :]
                self.key(found[0])
            else:
                text = self.raw.decode(errors="ignore")[:1]
                if not text:
                    return
                self.raw = self.raw[len(text.encode()) :]
                self.key(text.encode())
        self.changed()

    def pasted(self, text: str) -> None:
        if self.dialog and not self.writing:
            self.note("into_dialog", text=text)
        elif self.writing:
            self.writing += text
        else:
            self.draft += text
            self.to_swallow = self.swallow

    def key(self, key: bytes) -> None:
        if self.dialog:
            self.key_in_dialog(key)
        elif key == b"\r":
            if self.to_swallow or self.deaf:
                self.to_swallow -= 1
            elif self.draft:
                text, self.draft = self.draft, ""
                if self.busy_until:
                    self.queue.append(text)
                    self.note("queued", text=text)
                else:
                    self.submit(text)
        elif key == b"\x7f":
            self.draft = self.draft[:-1]
        elif not key.startswith(b"\x1b"):
            self.draft += key.decode(errors="replace")

    def key_in_dialog(self, key: bytes) -> None:
        assert self.dialog
        _, question, choices = self.dialog
        number = int(key) if key in {b"1", b"2", b"3", b"4"} else 0
        if self.dialog[0] == "trust" and key in {b"\x1b[A", b"\x1b[B"}:
            self.marked = int(key == b"\x1b[B")
        elif self.dialog[0] == "trust":
            self.note("answer" if key == b"\r" else "into_dialog", question=question, answer=choices[self.marked])
            self.dialog = None if key == b"\r" else self.dialog
        elif self.dialog[0] == "several":
            self.key_in_several(key, number)
        elif self.writing:
            if key == b"\r":
                self.note("answer", question=question, answer=self.writing.strip())
                self.dialog, self.writing = None, ""
        elif 1 <= number <= len(choices):
            if choices[number - 1].startswith("Type something"):
                self.writing = " "
                return
            answer = choices[number - 1]
            if self.dialog[0] == "review" and number == 1:
                answer = ", ".join(SEVERAL[position] for position in sorted(self.ticked))
            self.note("answer", question=question, answer=answer)
            self.dialog = None
        elif key == b"\r":
            self.note("answer", question=question, answer=choices[0], by="Enter")
            self.dialog = None
        else:
            self.note("into_dialog", text=key.decode(errors="replace"))
        self.stands()

    def key_in_several(self, key: bytes, number: int) -> None:
        """Numbers tick and untick; an arrow leads to the page where it is all submitted."""
        assert self.dialog
        kind, question, _ = self.dialog
        if 1 <= number <= 4:
            self.ticked ^= {number - 1}
        elif key == b"\x1b[C":
            self.dialog = ("review", question, REVIEW)
        else:
            self.note("into_dialog", text=key.decode(errors="replace"), kind=kind)

    def order(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in {"ask", "swap"}:
            self.dialog = ("permission", rest, PERMISSION)
        elif word == "question":
            self.dialog = ("question", rest, QUESTION)
        elif word == "several":
            self.dialog, self.ticked = ("several", rest, SEVERAL), set()
        elif word == "trust":
            self.dialog, self.marked = ("trust", "trust", TRUST), 0
        elif word == "close":
            self.dialog = None
            self.covered = False
        elif word == "finish":
            self.busy_until = time.time()
        elif word == "draft":
            self.draft = rest
        elif word == "cover":
            self.covered = True
        elif word == "quit":
            self.note("ordered", text=line)
            raise SystemExit
        self.stands()
        self.due = 0.0
        self.draw()
        self.note("ordered", text=line, drawn=self.drawn)

    def box(self) -> list[str]:
        lines = self.draft.split("\n")
        if len(self.draft) > 800 or len(lines) > 10:
            lines = [f"[Pasted text #1 +{len(lines) - 1} lines]"]
        elif not self.draft and self.queue:
            lines = ["\x1b[7mP\x1b[0;2mress up to edit queued messages\x1b[0m"]
        elif not self.draft and not self.said:
            lines = ['\x1b[7mT\x1b[0;2mry "fix typecheck errors"\x1b[0m']
        return [RULE, f"❯ {lines[0]}", *(f"  {line}" for line in lines[1:]), RULE, "  \x1b[38;5;246m? for shortcuts"]

    def asking(self) -> list[str]:
        assert self.dialog
        kind, question, choices = self.dialog
        marks = [f" {'❯' if i == 0 else ' '} {i + 1}. {choice}" for i, choice in enumerate(choices)]
        if kind == "trust":
            marks = [f" {'❯' if i == self.marked else ' '} {choice}" for i, choice in enumerate(choices)]
            said = " Quick safety check: Is this a project you created or one you trust?"
            return [RULE, " Accessing workspace:", "", said, "", *marks, "", " Enter to confirm · Esc to cancel"]
        if kind == "several":
            tab = "☒" if self.ticked else "☐"
            boxes = [f"[{'✔' if i in self.ticked else ' '}] " if i < 4 else "" for i in range(len(choices))]
            marks = [f"{'❯' if i == 0 else ' '} {i + 1}. {boxes[i]}{choice}" for i, choice in enumerate(choices)]
            shown = [RULE, f"←  {tab} Sizes  ✔ Submit  →", "", question, "", *marks[:4], "     Submit", RULE, marks[4]]
            return [*shown, "", "Enter to select · ↑/↓ to navigate · Esc to cancel"]
        if kind == "review":
            said = ", ".join(SEVERAL[position] for position in sorted(self.ticked))
            shown = [RULE, "←  ☒ Sizes  ✔ Submit  →", "", "Review your answers", "", f" ● {question}", f"   → {said}"]
            return [*shown, "", *(mark[1:] for mark in marks)]
        if kind == "question":
            extra = [f"   {self.writing}"] if self.writing else []
            return [RULE, " ☐ Colour", "", question, "", *(m[1:] for m in marks), *extra, RULE,
                    "Enter to select · ↑/↓ to navigate · Esc to cancel"]  # fmt: skip
        head = [RULE, " Bash command", "", f"   {question}", "   Run a scripted command", ""]
        return [*head, " Do you want to proceed?", *marks, "", " Esc to cancel · Tab to amend"]

    def draw(self) -> None:
        body = ["   Claude Code v2.1.197", "  ~/work/demo", ""]
        for text in self.said[-3:]:
            body += [f"❯ {text.splitlines()[0][:90]}", "", "● Done.", ""]
        if self.said:
            body = body[:-2] if self.busy_until else [*body[:-1], "✻ Cooked for 1s", ""]
        if self.busy_until and not self.dialog:
            body += [f"✶ Perambulating… ({int(time.time() * 10) % 60}s · ↓ 11 tokens)", ""]
        body += [f"  ❯ {text.splitlines()[0][:90]}" for text in self.queue]
        body += self.asking() if self.dialog else ["Loading"] if self.covered else self.box()
        title = "⠂ demo" if self.busy_until and not self.dialog else "✳ demo"
        screen = "\x1b[H\x1b[2J\x1b[3J\x1b[?2004h\x1b]0;" + title + "\x07" + "\r\n".join(body)
        if screen != self.shown:
            self.shown = screen
            self.drawn += 1
            # The terminal keeps the last part, so that one can tell what it has read of this.
            sys.stdout.write(f"{screen}\x1b]7;{self.drawn}\x07")
            sys.stdout.flush()

    def run(self) -> None:
        orders = os.open(self.folder / "orders", os.O_RDWR | os.O_NONBLOCK)
        held = b""
        self.stands()
        self.draw()
        self.note("ready", drawn=self.drawn)
        while True:
            readable, _, _ = select.select([0, orders], [], [], 0.02)
            if 0 in readable:
                data = os.read(0, 65536)
                if not data:
                    return
                self.take(data)
            if orders in readable:
                *lines, held = (held + os.read(orders, 65536)).split(b"\n")
                for line in lines:
                    self.order(line.decode())
            self.tick()
            if self.busy_until and not self.dialog:
                self.changed()
            if self.due and time.time() >= self.due:
                self.due = 0.0
                self.draw()


def heeded(words: list[str]) -> dict[str, str]:
    """What of the real one's command line counts here."""
    session = next((words[at + 1] for at, word in enumerate(words) if word in {"--session-id", "--resume"}), "")
    return ({"session": session} if session else {}) | ({"prompt": words[-1]} if "--" in words else {})


def main() -> None:
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    own = words[: words.index("--")] if "--" in words else words
    options = dict(word.split("=", 1) for word in own) | heeded(words[len(own) + 1 :])
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        time.sleep(float(options.get("start", 0)))
        agent = Agent(folder, **options)
        if "prompt" in options:
            agent.submit(options["prompt"])
        try:
            agent.run()
        finally:
            agent.registry.unlink(missing_ok=True)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        sys.stdout.write("\x1b[?2004l\r\n")


if __name__ == "__main__":
    main()
