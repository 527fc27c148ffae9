"""From many claims to one: the ladder that picks the reading a row shows, and the damper that keeps it from flickering.

The rungs are `Source` in its own order, best first. A claim holds for as long as it says; what holds on the highest
rung wins. Five things are better known than by rank alone:

* an ask that appeared after a working claim is newer knowledge, wherever it was seen, and stands for as long as
  anything still shows it;
* work must be seen again and again: a claim of it that nobody renewed decays to idle and unsure, "quiet since";
* an ask that nothing denies is never dropped, only shown as unsure;
* a claim that is itself unsure gives way to a sure one below it;
* that an agent rests is often told by a rung that cannot tell why; who knows the end of the turn says it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.reading import USAGE_LIMIT, Reading
from quarterdeck.core.session import ASKING, Confidence, Need, SessionState, Source
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

RUNGS = tuple(Source)
"""Best first."""

WORKING_LASTS = {Source.HOOK: 60.0, Source.TRANSCRIPT: 60.0, Source.SIGNAL: 10.0, Source.RESTORED: 0.0}
"""Seconds for which a message that work began is believed when the claim itself does not say."""

DAMPED_FOR = timedelta(seconds=2)
"""A state is shown for at least so long, unless somebody who knows says otherwise."""
CONFIRMED_AFTER = timedelta(milliseconds=750)
"""A claim drawn from what is on the screen counts once it has stood for so long: a redraw is over by then."""
END_CONFIRMED_AFTER = timedelta(milliseconds=250)
"""The same for the end of a turn that the screen names."""
ASK_CONFIRMED_AFTER = timedelta(milliseconds=60)
"""The same for a whole dialog, with its question and its choices: no redraw makes one up."""

_SELF_REPORTED = frozenset({Source.HOOK, Source.REGISTRY})
_PLACEHOLDERS = frozenset({"initial_state", "nothing_known"})
_REASONLESS = frozenset({Source.REGISTRY, Source.SIGNAL, Source.SCREEN})
_TURN_BY_TURN = frozenset({Source.HOOK, Source.TRANSCRIPT})
_WRITTEN = frozenset({Source.REGISTRY, Source.TRANSCRIPT})
_DRAWN = frozenset({Source.SCREEN, Source.SILENCE})
_TOLD = frozenset({Source.TRANSCRIPT, Source.SIGNAL})
"""A title is set, and a row is written, in one piece."""
_NAMED_ENDS = frozenset({USAGE_LIMIT, "screen_finished", "screen_interrupted"})
"""An error may turn out to be a limit that ends by itself, which its agent writes down a moment later."""


def decide(readings: Mapping[Source, Reading], *, now: datetime) -> Reading:
    """The reading to show while the program that the higher rungs speak of still runs."""
    process = readings.get(Source.PROCESS)
    if process is not None and _has_exited(process):
        return process
    ladder = [readings[rung] for rung in RUNGS if rung in readings]
    ladder = [each for each in ladder if each.cause not in _PLACEHOLDERS] or ladder
    standing = [each for each in ladder if _stands(each, ladder, now)]
    if not standing or standing[0].source in {Source.SILENCE, Source.RESTORED}:
        return _quiet(ladder, standing, now)
    first = next((each for each in standing if each.confidence is not Confidence.LOW), standing[0])
    if first.source in {Source.SILENCE, Source.RESTORED}:
        first = standing[0]
    best = next((each for each in standing if each is not first and _is_news(each, first)), first)
    if asks(best):
        return _with_words(best, standing, now)
    if best.state is SessionState.ERROR and not best.detail:
        return _with_error(best, ladder)
    rested = _with_end(_with_reason(best, ladder), ladder)
    silence = readings.get(Source.SILENCE)
    if rested.state is SessionState.IDLE and silence is not None and silence.state is SessionState.ATTENTION:
        return replace(silence, needs=rested.needs)  # resting, and for so long that somebody should look
    return rested


def holds(reading: Reading, now: datetime) -> bool:
    """Whether a claim is still within its stated life."""
    lasts = _life(reading)
    return lasts is None or now - reading.at <= timedelta(seconds=lasts)


def asks(reading: Reading) -> bool:
    """Whether the reading says that somebody must answer."""
    return reading.needs in ASKING


def next_expiry(readings: Mapping[Source, Reading], now: datetime) -> datetime | None:
    """When the decision may change although nothing is seen: the next end of a claim's life."""
    lives = [(each.at, lasts) for each in readings.values() if (lasts := _life(each)) is not None]
    ends = [at + timedelta(seconds=lasts) for at, lasts in lives]
    return min((end for end in ends if end >= now), default=None)


class Settled(Struct, frozen=True):
    """What a row shows, since when, and the claim that waits for its confirmation."""

    reading: Reading
    since: datetime
    """When state and need last changed."""
    claim: Reading | None = None
    claimed_at: datetime | None = None


def settle(held: Settled | None, new: Reading, now: datetime) -> Settled:
    """Take over a decided reading, unless that would only be a flicker.

    What an agent reports itself, and an end, count at once, as does what it titles or writes of an ask or of the end of
    its turn. A claim drawn from the screen counts once it has stood for a while: least for a whole dialog, longest for
    what only looks like work or rest. That, and a title's work, also waits until what is shown was for `DAMPED_FOR`.
    A repetition keeps the time of the first.
    """
    if held is None:
        return Settled(new, now)
    if _same_show(held.reading, new):
        # The earlier, unless another rule or a surer one says the same now.
        return Settled(held.reading if _rule(held.reading) == _rule(new) else new, held.since)
    is_placeholder = held.reading.source is Source.RESTORED or held.reading.cause in _PLACEHOLDERS
    if new.source in _SELF_REPORTED or _has_exited(new) or is_placeholder:
        return Settled(new, now)
    claimed_at = held.claimed_at if held.claim is not None and _same_show(held.claim, new) else None
    waiting = replace(held, claim=new, claimed_at=claimed_at or now)
    due = settle_deadline(waiting)
    return Settled(new, now) if due is None or now >= due else waiting


def settle_deadline(settled: Settled) -> datetime | None:
    """When a waiting claim will count, if it still stands then; None when nothing waits."""
    if settled.claim is None or settled.claimed_at is None:
        return None
    confirmed = settled.claimed_at + _confirmed_after(settled.claim)
    return confirmed if _is_definite(settled.claim) else max(confirmed, settled.since + DAMPED_FOR)


def _confirmed_after(claim: Reading) -> timedelta:
    """For how long a claim must have stood until it is believed."""
    if claim.source not in _DRAWN and not (claim.source is Source.SIGNAL and claim.confidence is Confidence.LOW):
        return timedelta(0)
    if not _is_definite(claim):
        return CONFIRMED_AFTER
    return ASK_CONFIRMED_AFTER if asks(claim) else END_CONFIRMED_AFTER


def _is_definite(claim: Reading) -> bool:
    """Whether a claim says plainly what is asked, how the turn ended or that one began, so that it is no flicker."""
    if claim.confidence is Confidence.LOW:
        return False
    if claim.source in _TOLD:
        return claim.source is Source.TRANSCRIPT or claim.state is not SessionState.BUSY
    is_whole = bool(claim.question) and len(claim.choices) > 1
    return claim.source is Source.SCREEN and (is_whole if asks(claim) else claim.cause in _NAMED_ENDS)


def _life(reading: Reading) -> float | None:
    """Seconds for which a claim holds; None = until there is another of its source."""
    if reading.lasts is None and reading.state is SessionState.BUSY:
        return WORKING_LASTS.get(reading.source)
    return reading.lasts


def _has_exited(reading: Reading) -> bool:
    return reading.state is SessionState.EXITED


def _same_show(one: Reading, other: Reading) -> bool:
    return _shows(one) == _shows(other)


def _shows(reading: Reading) -> tuple[object, ...]:
    return reading.state, reading.needs, reading.question, reading.cause == USAGE_LIMIT


def _rule(reading: Reading) -> tuple[object, ...]:
    return reading.source, reading.cause, reading.confidence, reading.choices


def _stands(reading: Reading, ladder: list[Reading], now: datetime) -> bool:
    """Whether a claim holds by itself or, for an ask, because something later still shows it."""
    if holds(reading, now):
        return True
    return asks(reading) and any(asks(other) and other.at > reading.at and holds(other, now) for other in ladder)


def _with_words(best: Reading, standing: list[Reading], now: datetime) -> Reading:
    """An ask in the words of who shows it now, with the choices from wherever they are known."""
    others = [each for each in standing if asks(each) and each is not best]
    if not holds(best, now):
        seen = next((each for each in others if each.question and each.at > best.at), best)
        best = replace(best, question=seen.question, choices=seen.choices)
    if not best.question:
        # A form has several pages, and only the screen shows which of them is open.
        others.sort(key=lambda each: (not holds(each, now), each.source is not Source.SCREEN or not each.choices))
        told = next((each for each in others if each.question), best)
        best = replace(best, needs=told.needs, question=told.question, choices=told.choices)
    choices = best.choices or next((each.choices for each in others if each.choices), ())
    ticks = best.ticks or next((each.ticks for each in others if each.ticks), ())
    return replace(best, choices=choices, ticks=ticks)


def _with_error(best: Reading, ladder: list[Reading]) -> Reading:
    """An error in the words of who tells them, with the end of a limit where that is told."""
    told = max((each for each in ladder if each.needs is Need.ERROR and each.detail), key=lambda each: each.at,
               default=best)  # fmt: skip
    return replace(best, detail=told.detail, until=best.until or told.until)


def _with_end(failed: Reading, ladder: list[Reading]) -> Reading:
    """An error with the time at which it ends by itself, from whoever tells that of it."""
    if failed.needs is not Need.ERROR or failed.until is not None:
        return failed
    told = [each for each in ladder if each.needs is Need.ERROR and each.until is not None]
    return replace(failed, until=max(told, key=lambda each: each.at).until) if told else failed


def _with_reason(best: Reading, ladder: list[Reading]) -> Reading:
    """A rest whose reason its own rung cannot tell, with the reason from the newest word on how the turn ended."""
    if best.state is not SessionState.IDLE or best.needs is not None or best.source not in _REASONLESS:
        return best
    told = max((each for each in ladder if each.source in _TURN_BY_TURN), key=lambda each: each.at, default=None)
    if told is None or told.state is SessionState.BUSY or asks(told):
        told = next((each for each in ladder if each.source is Source.SCREEN), best)
    known = told.needs in {Need.FINISHED, Need.ERROR} and told.confidence is not Confidence.LOW
    return told if known else best


def _is_news(lower: Reading, best: Reading) -> bool:
    """Whether an ask seen on a lower rung, or the end of reported work, is newer than what the best rung knows.

    An agent that says of itself that it rests is believed, if it is sure; that it works is not, since not every ask is
    reported.
    """
    # Not every agent's title says that it asks, so that what the screen shows at the same moment counts.
    is_later = lower.at > best.at or (lower.at == best.at and best.source is Source.SIGNAL and asks(lower))
    if not is_later or lower.confidence is Confidence.LOW:
        return False
    if asks(best):
        # That it was answered is not reported either, and an agent that keeps a list of itself writes it there at once.
        return best.source is Source.HOOK and lower.source is Source.REGISTRY and not asks(lower)
    if not asks(lower):
        # Interrupts, refusals and some errors are never reported; what the agent writes down later is.
        reported_work = best.source is Source.HOOK and best.state is SessionState.BUSY
        return reported_work and lower.source in _WRITTEN and lower.state is not SessionState.BUSY
    is_sure = best.confidence is Confidence.HIGH
    return best.state is SessionState.BUSY or best.source not in _SELF_REPORTED or not is_sure


def _quiet(ladder: list[Reading], standing: list[Reading], now: datetime) -> Reading:
    """What to show when nothing but silence speaks."""
    silence = standing[0] if standing else None
    last = max((each for each in ladder if each not in standing), key=lambda each: each.at, default=None)
    if silence is not None and silence.state is SessionState.BUSY and (last is None or silence.at > last.at):
        return silence  # nobody says what, but something moves
    if last is not None and (silence is None or asks(last)):
        return _quiet_since(last) if last.state is SessionState.BUSY else replace(last, confidence=Confidence.LOW)
    if last is not None and silence is not None and last.state is SessionState.BUSY and holds(last, silence.at):
        return _quiet_since(last)
    if silence is not None:
        restored = silence.source is Source.RESTORED
        return replace(silence, confidence=Confidence.LOW) if restored else silence
    return Reading(
        source=Source.SILENCE, state=SessionState.IDLE, cause="nothing_known", confidence=Confidence.LOW, at=now
    )


def _quiet_since(last: Reading) -> Reading:
    return Reading(
        source=Source.SILENCE,
        state=SessionState.IDLE,
        cause="quiet_since",
        confidence=Confidence.LOW,
        at=last.at,
        detail=f"nothing shows work since {last.source}: {last.cause}",
    )
