"""What is remembered of one session between looks, and what follows from it for its row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from quarterdeck.core.detector import DetectorState, Observation, dismiss, is_doubtful, next_deadline, reading_of, step
from quarterdeck.core.insight import Insight, in_step
from quarterdeck.core.plain_reading import settled_at_once
from quarterdeck.core.process_tree import WRAPPER, is_interpreter
from quarterdeck.core.projection import Conclusion
from quarterdeck.core.reading import DROWSY_AFTER, USAGE_LIMIT, waits_for_operator, while_limited
from quarterdeck.core.reading_ladder import decide, next_expiry, settle, settle_deadline
from quarterdeck.core.redact import masked
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import ASKING, Ask, Confidence, Need, RestState, Session, SessionState
from quarterdeck.core.subagent import SUBAGENT_THOUGHT_LENGTH, running
from quarterdeck.core.text import clean
from quarterdeck.core.transcript import NO_TRANSCRIPT
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.supervisor.plain_program import PlainProgram

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.reading_ladder import Settled
    from quarterdeck.core.session import Source
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Agent, Transcript
    from quarterdeck.ports.agent_process import Program

SCREEN_STILL_AFTER_SECONDS = 2.0
"""A screen that has not changed for so long shows a program that is not working."""
STANDS_AFTER_SECONDS = 10.0
"""From then on it makes no difference any more for how long a screen and a title have stood."""
SAME_TURN = timedelta(seconds=2)
"""Sources tell of the end of one turn within this time of each other."""
UNREAD_SECONDS = 300.0
"""A row is derived anew after this time in any case."""


class KeptConversation(NamedTuple):
    """The conversation that a row named when it was kept."""

    conversation: str
    tool: str
    at: datetime
    """When something of the row was seen last."""


class SessionMemory(Struct):
    """One session's memory. Times are epoch seconds."""

    detector: DetectorState
    pane: Pane
    screen: str | None = None
    """The visible screen without colours."""
    drawn_at: float = 0.0
    titled_at: float = 0.0
    agent: Agent | None = None
    program: Program | None = None
    """The agent's own process, while it runs."""
    in_front: Agent | None = None
    """The agent whose program the foreground command is, by its name alone."""
    program_since: datetime | None = None
    """When that process started."""
    has_children: bool | None = None
    plain: PlainProgram = field(default_factory=PlainProgram)
    """The program in front, while no agent runs."""
    report: ReportState = field(default_factory=ReportState)
    registry: Reading | None = None
    conversation: str = ""
    """The one the agent's process is in now, where that can be seen; what was reported may be of one it has left."""
    kept: KeptConversation | None = None
    """What its row said of the conversation before anything was read."""
    transcript: Transcript | None = None
    transcript_of: object = None
    """What the transcript was chosen by; when that changes, another is looked for."""
    view: TranscriptView | None = None
    settled: Settled | None = None
    has_worked: bool = False
    """Whether it was seen at work."""
    limited_until: datetime | None = None
    """When the usage limit ends that it has met; kept until it works, asks or goes on in another way."""
    skill: str | None = None
    """The skill its operator asked for last."""
    looked_at: datetime | None = None
    """When the operator last looked at the pane."""
    is_shown: bool = False
    """Whether somebody has the pane in front of them."""
    family: tuple[object, ...] = ()
    """The processes in the pane and its foreground command, by which one tells whether to look at them again."""
    concluded_from: tuple[object, ...] = ()
    """What the row was last derived from."""
    due: float | None = None
    """When the row may change by itself."""
    stands_until: float = 0.0
    """Until when deriving the row again is idle, if nothing is seen."""
    told: tuple[TranscriptView | None, ReportState] | None = None
    """What its agent had written and reported when somebody last asked whether there is more."""

    @property
    def is_agent_alive(self) -> bool:
        """Whether the program that titles, screens and reports speak of still runs."""
        return self.program is not None

    def is_other_than_before(self, session: Session) -> bool:
        """Whether anything that the row goes by has changed since it was derived, but for the time and a new screen."""
        return self.concluded_from != self._sources(session)

    def _sources(self, session: Session) -> tuple[object, ...]:
        return (
            session, self.pane, self.is_shown, self.has_children, self.agent, self.in_front, self.program,
            self.program_since, self.report, self.registry, self.conversation, self.view, self.skill, self.plain.told,
        )  # fmt: skip

    def settle_for(self, session: Session, now: datetime) -> None:
        """Note that the row has been derived, and for how long that holds."""
        at = now.timestamp()
        self.concluded_from = self._sources(session)
        self.due = self._due(now)
        self.stands_until = at + UNREAD_SECONDS if self.due is None else min(self.due, at + UNREAD_SECONDS)
        if session.state is SessionState.IDLE and session.rest_state is RestState.ACTIVE:
            self.stands_until = min(self.stands_until, (session.last_activity_at + DROWSY_AFTER).timestamp())
        is_young = self.is_agent_alive and at - max(self.titled_at, self.drawn_at) < STANDS_AFTER_SECONDS
        if is_young or is_doubtful(self.detector, at):
            # What a young screen and title say still depends on for how long they have stood.
            self.stands_until = 0.0

    def _due(self, now: datetime) -> float | None:
        """When a state may change by itself."""
        claims = self.readings(now) if self.is_agent_alive else {}
        # What holds for this moment only is claimed anew by every look: that it ends is no reason for one.
        expiry = next_expiry({source: claim for source, claim in claims.items() if claim.lasts != 0.0}, now)
        settled = settle_deadline(self.settled) if self.settled else None
        times = [time.timestamp() for time in (settled, expiry) if time is not None]
        if self.limited_until is not None and self.limited_until > now:
            times.append(self.limited_until.timestamp())
        if (plain := next_deadline(self.detector)) is not None:
            times.append(plain)
        if self.is_agent_alive and self.drawn_at + SCREEN_STILL_AFTER_SECONDS > now.timestamp():
            times.append(self.drawn_at + SCREEN_STILL_AFTER_SECONDS)
        if not self.is_agent_alive:
            times += self.plain.turns_at(self.detector, self.pane, max(self.drawn_at, self.titled_at), now)
        return min(times, default=None)

    def has_spoken(self) -> bool:
        """Whether the agent wrote or reported something since this was last asked."""
        before, self.told = self.told, (self.view, self.report)
        if before is None:
            return True
        is_same = before[0] is self.view and before[1] is self.report
        return not is_same and _words(*before) != _words(self.view, self.report)

    def close(self) -> None:
        """Let go of the transcript, so that another session may read it."""
        if self.transcript is not None:
            self.transcript.close()

    def see_pane(self, pane: Pane, now: float) -> None:
        """Take in the plain facts of a look."""
        if pane.title != self.pane.title:
            self.titled_at = now
        self.pane = pane

    def see_screen(self, screen: str, now: float) -> None:
        """Take in a captured screen."""
        if screen != self.screen:
            self.drawn_at = now
        self.screen = screen

    def readings(self, now: datetime) -> dict[Source, Reading]:
        """Every claim there is about what the agent does, by rung."""
        if self.agent is None:
            return {}
        title_still = _since(max(self.titled_at, self.drawn_at), now)
        title = self.agent.read_title(self.pane.title, at=now, still_for=title_still)
        screen = None
        if self.screen is not None:
            look = ScreenLook(text=self.screen, at=now, title=self.pane.title, still_for=_since(self.drawn_at, now))
            screen = self.agent.read_screen(look)
        claims = (self.report.reading, self.registry, self.view.reading if self.view else None, title, screen)
        return {claim.source: claim for claim in claims if claim is not None and self._is_of_it(claim)}

    def _is_of_it(self, claim: Reading) -> bool:
        """Whether a claim is about the conversation that the pane shows, as far as both are known."""
        return not (self.conversation and claim.conversation) or claim.conversation == self.conversation

    def observe(self, now: float, *, screen_is_new: bool) -> None:
        """Let the plain detector take in what this look showed."""
        pane = self.pane
        seen = Observation(
            command=pane.command or None,
            has_children=self.has_children,
            dead=pane.dead,
            exit_status=pane.dead_status,
            bell=pane.bell,
            screen=self.screen if screen_is_new else None,
            width=pane.width,
            shell=self.plain.heard,
            tool_mode=self.is_agent_alive,
        )
        self.detector = step(self.detector, seen, now)

    def visit(self, now: datetime) -> None:
        """The operator has the pane in front of them: what only wanted a look is settled."""
        self.looked_at = now
        self.detector = dismiss(self.detector, now.timestamp())

    def reading(self, now: datetime) -> Reading:
        """The one reading to show: the ladder's choice while an agent runs, the detector's otherwise."""
        if not self.is_agent_alive:
            plain = self.plain.read(self.detector, self.pane, max(self.drawn_at, self.titled_at), now)
            self.settled, self.limited_until = settled_at_once(self.settled, plain, now), None
            return self.settled.reading
        plain = reading_of(self.detector)
        claims = {plain.source: plain} | self.readings(now)
        chosen, self.limited_until = while_limited(decide(claims, now=now), self.limited_until, now)
        self.settled = settle(self.settled, chosen, now)
        self.has_worked = self.has_worked or self.settled.reading.state is SessionState.BUSY
        return self.settled.reading

    def conclusion(self, reading: Reading) -> Conclusion:
        """What this reading, and all that is remembered, says of the row."""
        active, agent = self.detector.last_activity, self.agent or self.in_front
        command, program = self.pane.command, self.program
        # Perhaps by the name of what runs it.
        is_in_front = program is not None and (command in {"", WRAPPER, program.command} or is_interpreter(command))
        return Conclusion(
            reading=reading,
            needs=None if reading.needs is Need.FINISHED and not self._is_news(reading) else reading.needs,
            asks=self._ask(reading),
            agent=agent.spec.shown if agent is not None else None,
            runs_agent=self.in_front is not None or is_in_front,
            view=self.view or NO_TRANSCRIPT,
            report=self.report,
            is_agent_alive=self.is_agent_alive,
            conversation=self.conversation,
            subagents=self._subagents(reading),
            limited_until=reading.until if reading.cause == USAGE_LIMIT else None,
            skill=self.skill,
            active_at=datetime.fromtimestamp(active, UTC) if active else None,
        )

    def _subagents(self, reading: Reading) -> tuple[Subagent, ...]:
        """What the agent runs besides itself; its own transcript tells it best, and nothing of another conversation."""
        if not self.is_agent_alive:
            return ()
        report, view = self.report, self.view
        is_heard = not self.conversation or report.session_id == self.conversation
        asked_by = report.asked_by if is_heard and reading.needs in ASKING else ""
        told: tuple[Subagent, ...] = report.subagents if is_heard else ()
        if view is not None and view.session_id:
            told = view.subagents
        request = clean(masked(reading.question), SUBAGENT_THOUGHT_LENGTH)
        return running(told, asking=asked_by, request=request, since=self.program_since)

    def _is_news(self, reading: Reading) -> bool:
        """Whether a turn that is over ended in this run of the agent, and nobody has looked at the pane since."""
        if self.looked_at is not None and self.looked_at >= reading.at:
            return False
        began, ended = self.program_since, (self.report.reading, self.view.reading if self.view else None)
        return self.has_worked or (
            began is not None and any(each and each.needs is Need.FINISHED and each.at >= began for each in ended)
        )

    def _ask(self, reading: Reading) -> Ask | None:
        if reading.needs is None or reading.needs not in ASKING:
            return None
        several, dialog = bool(reading.ticks), None
        if self.agent is not None and not several:
            spec = self.agent.spec
            dialog = spec.question_dialog if reading.needs is Need.QUESTION else spec.permission_dialog
        return Ask(
            kind=reading.needs,
            text=reading.question,
            choices=reading.choices,
            since=self.settled.since if self.settled else reading.at,
            several=several,
            to_write=dialog.to_write(reading.choices) if dialog is not None else None,
        )

    def insight(self, session: Session) -> Insight:
        """All of this as one value, for whoever says in words what the session does."""
        agent, settled = (self.agent, self.settled) if self.is_agent_alive else (None, None)
        reading = settled.reading if settled else None
        view, report = in_step(self.view, self.report, reading) if reading else (self.view, self.report)
        return Insight(
            session=session,
            agent=agent.spec.name if agent else "",
            view=view if agent else None,
            report=report if agent else ReportState(),
            screen=self.screen or "",
            program="" if agent else self.plain.name,
            is_full_screen=self.pane.alternate,
            is_waiting=bool(reading and waits_for_operator(reading, background_tasks=self.report.background_tasks)),
            is_between=settled is not None and settled.claim is not None,
            is_new=agent is not None and bool(self.conversation) and not _is_begun(self.view, self.report),
        )


def _is_begun(view: TranscriptView | None, report: ReportState) -> bool:
    """Whether anything has been said in a conversation, as far as its transcript or its reports tell."""
    return bool(report.turns) or (view is not None and bool(view.turn_count or view.last_prompt or view.actions))


def _words(view: TranscriptView | None, report: ReportState) -> tuple[object, ...]:
    """By which one tells whether the agent wrote or reported something."""
    told = (view.updated_at, view.turn_count, view.actions[-1:], view.current_tool, view.turn_text) if view else ()
    return (*told, report.at)


def _since(epoch: float, now: datetime) -> float | None:
    return now.timestamp() - epoch if epoch else None


def remembered(session: Session, pane: Pane) -> SessionMemory:
    """The memory to begin with: what was kept of the session."""
    state = SessionState.IDLE if session.state is SessionState.EXITED else session.state
    evidence = session.state_evidence
    # What an agent asked, on its screen or in the work record, is its own to say, and may be answered by now.
    is_known = evidence.confidence is not Confidence.LOW and session.needs not in ASKING
    # What wanted nothing when it was kept has been looked at: only a turn that ended later is news.
    was_seen = is_known and session.state is SessionState.IDLE and session.needs is None
    observed_at = evidence.observed_at or session.last_activity_at
    return SessionMemory(
        detector=DetectorState(
            state=state if is_known else SessionState.IDLE,
            cause=evidence.cause if is_known else "initial_state",
            detail=evidence.detail if is_known else "",
            at=observed_at.timestamp(),
            last_activity=session.last_activity_at.timestamp(),
        ),
        pane=pane,
        kept=_kept(session),
        limited_until=session.limited_until,
        has_worked=session.needs is Need.FINISHED or session.state is SessionState.BUSY,
        looked_at=max(observed_at, session.last_activity_at) + SAME_TURN if was_seen else None,
    )


def _kept(session: Session) -> KeptConversation | None:
    if not (session.conversation and session.tool):
        return None
    seen_at = max(session.state_evidence.observed_at or session.last_activity_at, session.last_activity_at)
    return KeptConversation(session.conversation, session.tool, seen_at)
