"""How each kind of state is shown, wherever it is: one sign, one word and one colour. The loudest stands first.

`status-line` reads it, so it imports nothing.
"""

from __future__ import annotations


class StateSign:
    """One kind of state: the word of a row, a sign of one cell, the same in ASCII, and what it says in the help.

    `role` is its colour in a theme of the console, `colour` that on a terminal ("" = none of its own; bold in tmux if
    it `is_loud`), `several` the word after a number of sessions, `verb` what one does that waits like this.
    """

    __slots__ = ("colour", "is_loud", "meaning", "plain", "role", "several", "sign", "verb", "word")

    def __init__(
        self, word: str, sign: str, plain: str, *, role: str, colour: str = "", meaning: str,
        is_loud: bool = False, several: str = "", verb: str = "",
    ) -> None:  # fmt: skip
        self.word, self.sign, self.plain, self.meaning = word, sign, plain, meaning
        self.role, self.colour, self.is_loud = role, colour, is_loud
        self.several, self.verb = several or word, verb

    @property
    def tmux_style(self) -> str:
        """As tmux's status line writes it."""
        if self.colour in {"", "dim"}:
            return "dim"
        return f"fg={self.colour},bold" if self.is_loud else f"fg={self.colour}"


STATE_SIGNS = {
    sign.word: sign
    for sign in (
        StateSign("asks", "▲", "!", role="asks", colour="yellow", is_loud=True, several="ask", verb="waits",
                  meaning="wants a permission or an answer of you"),
        StateSign("limited", "◔", "%", role="accent", colour="magenta",
                  meaning="its agent has met its usage limit, and rests until that ends"),
        StateSign("failed", "✖", "x", role="failed", colour="red", is_loud=True, verb="has failed",
                  meaning="stopped on an error"),
        StateSign("done", "◆", "+", role="done", colour="cyan", verb="is done",
                  meaning="its turn is over, and you have not looked yet"),
        StateSign("works", "●", "*", role="works", colour="blue", several="work", meaning="is working"),
        StateSign("rests", "○", "-", role="muted", several="rest", meaning="has nothing to do"),
        StateSign("unknown", "?", "?", role="muted", meaning="nothing is known of it yet"),
        StateSign("cut off", "≠", "#", role="failed", colour="red", meaning="cannot be watched now"),
        StateSign("stale", "◌", "~", role="muted", colour="dim",
                  meaning="its tmux server is gone; its identity is kept"),
        StateSign("ended", "×", "=", role="muted", colour="dim", meaning="is over; its last words can be read"),
    )
}  # fmt: skip
LIMITED = "limited"
OF_NEED = {"permission": "asks", "question": "asks", "error": "failed", "finished": "done", LIMITED: LIMITED}
"""What a session needs, or that it is limited → how that is shown."""
OF_STATE = {"attention": "done", "error": "failed", "busy": "works", "idle": "rests", "exited": "ended"}
"""The state of one that needs nothing → how that is shown."""
