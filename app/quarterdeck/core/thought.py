"""Thoughts: what an engine says of a session, which updates count, how one is folded in, and how one may look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.redact import masked_values, redact_firmly
from quarterdeck.core.session import ActionCue, RestState, ThoughtSource, ThoughtState
from quarterdeck.core.text import clean
from quarterdeck.core.times import AwareTime  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session

LONGEST_THOUGHT = 120
"""Characters; more is cut."""
THOUGHT_READ_LIMIT = 4_000
"""Characters looked at; what a thought is lies at the beginning."""

_DECORATION = re.compile(r"[\u2300-\u23ff\u2500-\u27bf\u2800-\u28ff\u2b00-\u2bff\ue000-\uf8ff\ufffd]+")
"""Boxes, blocks, spinners and what only some fonts have: pieces of a screen, not of a sentence."""
_TAGS = re.compile(r"</?[A-Za-z][^<>]{0,200}>|\[/?[a-z][a-z0-9 #_.@=-]{0,40}\]|```\w*")
_LINKS = re.compile(r"!?\[([^\[\]]{1,200})\]\([^()]{0,500}\)")
_EMPHASIS = re.compile(r"\*\*|__|~~")
_LEAD = re.compile(r"^(?:[#>*•·-]+\s+|\d{1,2}[.)]\s+)+")


class ThoughtSnapshot(Struct, frozen=True, kw_only=True):
    """The last accepted word about one session, keyed by session id or by pane key, with its delivery watermark."""

    thought: str | None = None
    thought_state: ThoughtState = ThoughtState.HOLDING
    thought_source: ThoughtSource = ThoughtSource.CARRY_FORWARD
    rest_state: RestState = RestState.ACTIVE
    commit_candidate: bool = False
    action_cues: tuple[ActionCue, ...] = ()
    objective_changed_at: AwareTime | None = None
    objective_fingerprint: str | None = None
    token_count: int = 0
    context_limit: int = 0
    updated_at: AwareTime
    stream_instance_id: str | None = None
    emission_seq: int = 0


class ThoughtUpdate(Struct, frozen=True, kw_only=True):
    """One update as an engine sends it, before the delivery rule has judged it."""

    session_id: str
    """One of our ids, or a pane key `tmux:<name>:<window>.<pane>:%<id>`."""
    snapshot: ThoughtSnapshot
    objective_changed: bool = False


OUR_STREAMS = "quarterdeck-"


def is_ours(snapshot: ThoughtSnapshot) -> bool:
    """Whether our own engine said it, in this process or in another one."""
    return (snapshot.stream_instance_id or "").startswith(OUR_STREAMS)


def accept(held: ThoughtSnapshot | None, update: ThoughtUpdate) -> bool:
    """Whether an update is news: later in its stream, the first of a new one, or not numbered at all.

    Once a numbered stream has spoken, unnumbered updates are dropped, and another stream counts only from its 1.
    To an engine outside our own is no such stream: it cannot know that ours ran.
    """
    if held is None or held.stream_instance_id is None or (is_ours(held) and not is_ours(update.snapshot)):
        return True
    stream, seq = update.snapshot.stream_instance_id, update.snapshot.emission_seq
    if seq <= 0:
        return False
    if stream is None:
        return True
    return seq > held.emission_seq if stream == held.stream_instance_id else seq == 1


def supersedes(stored: ThoughtSnapshot, held: ThoughtSnapshot) -> bool:
    """Whether what the store has is later than what this process holds.

    A numbered update was judged by the store, whatever its time says; of others the time decides.
    """
    if stored.stream_instance_id is None:
        return stored.updated_at > held.updated_at
    return stored.stream_instance_id != held.stream_instance_id or stored.emission_seq >= held.emission_seq


def fold(held: ThoughtSnapshot | None, update: ThoughtUpdate) -> ThoughtSnapshot:
    """What is held after an accepted update; here every thought passes, so here it loses its secrets.

    Neither falling asleep nor a carried thought without text wipes the last real thought; the time of the objective
    stays until it shifts again; and a watermark is never lost to an update that carries none.
    """
    new = update.snapshot
    cues = tuple(replace(cue, evidence=masked_values(cue.evidence)) for cue in new.action_cues)
    new = replace(new, thought=masked_values(new.thought), action_cues=cues)
    asleep = new.thought_source is ThoughtSource.STATIC_SLEEPING
    if asleep or (new.thought is None and new.thought_source is ThoughtSource.CARRY_FORWARD):
        thought = held.thought if held and is_real_thought(held.thought) else None
        new = replace(new, thought=thought, thought_source=ThoughtSource.CARRY_FORWARD)
    if update.objective_changed and new.objective_changed_at is None:
        new = replace(new, objective_changed_at=new.updated_at)
    if held is None:
        return new
    if new.objective_changed_at is None:
        new = replace(new, objective_changed_at=held.objective_changed_at)
    if new.objective_fingerprint is None:
        new = replace(new, objective_fingerprint=held.objective_fingerprint)
    if new.stream_instance_id is None and held.stream_instance_id is not None and not is_ours(held):
        new = replace(new, stream_instance_id=held.stream_instance_id, emission_seq=held.emission_seq)
    return new


def is_real_thought(thought: str | None) -> bool:
    """Whether a thought says anything: not blank, and not the word that only says that the session sleeps."""
    return (thought or "").strip().rstrip(".").lower() not in {"", "sleeping"}


def pane_key(pane: Pane) -> str:
    """The key under which an engine that knows panes, and not our ids, files its thoughts."""
    return f"tmux:{pane.session_name}:{pane.window_index}.{pane.pane_index}:{pane.pane_id}"


def key_for(session: Session, thoughts: Mapping[str, ThoughtSnapshot], pane_key: str | None) -> str:
    """What a session's thoughts are filed under: its id, or the pane it shows now where only that was spoken of.

    Never another pane: that would put one agent's words on another agent's row. What our own engine says is filed under
    the id; it gives way to an engine outside that knows panes, as it would to one that knows ids.
    """
    direct = thoughts.get(session.session_id)
    if pane_key is None or pane_key not in thoughts or not (direct is None or is_ours(direct)):
        return session.session_id
    return pane_key


def tidy(text: str) -> str:
    """The text as one line of at most `LONGEST_THOUGHT` characters."""
    text = _DECORATION.sub(" ", clean(text[:THOUGHT_READ_LIMIT]))
    text = " ".join(redact_firmly(text).split())
    return text if len(text) <= LONGEST_THOUGHT else text[: LONGEST_THOUGHT - 3].rstrip() + "..."


def tidy_answer(text: str) -> str:
    """What a model said: its first line with words, without markup or quotes around it."""
    for line in text[:THOUGHT_READ_LIMIT].splitlines():
        found = plain_words(line)
        if any(map(str.isalnum, found)):
            return tidy(found)
    return ""


def plain_words(text: str) -> str:
    """Text without the marks of Markdown, HTML and terminals' own markup."""
    text = _EMPHASIS.sub("", _TAGS.sub("", _LINKS.sub(r"\1", clean(text)))).strip()
    text = _LEAD.sub("", text).strip()
    while len(text) > 1 and text[0] in "\"'`“" and text[-1] in "\"'`”" and text[1:-1].count(text[0]) == 0:
        text = text[1:-1].strip()
    return text
