"""What is remembered of one session between looks, and what follows from it for its row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.agent_programs import WRAPPER, is_interpreter
from quarterdeck.core.detector import (
    DetectorState,
    Observation,
    dismiss,
    is_doubtful,
    next_deadline,
    reading_of,
    step,
)
from quarterdeck.core.insight import Insight
from quarterdeck.core.projection import Conclusion
from quarterdeck.core.reading import DROWSY_AFTER, REPORTED, waits_for_operator
from quarterdeck.core.reading_ladder import decide, next_expiry, settle, settle_deadline
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import ASKING, Ask, Confidence, Need, RestState, Session, SessionState, ShownAgent
from quarterdeck.core.transcript import NO_TRANSCRIPT
from quarterdeck.ports.agent import ScreenLook

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.reading_ladder import Settled
    from quarterdeck.core.session import Source
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Agent, Program, Transcript

STILL_AFTER = 2.0
"""A screen that has not changed for so long shows a program that is not working."""
FROZEN_AFTER = 10.0
"""From then on it makes no difference any more for how long a screen and a title have stood."""
SAME_TURN = timedelta(seconds=2)
"""Sources tell of the end of one turn within this time of each other."""
LONGEST = 300.0
"""A row is derived anew after this time in any case."""


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
    report: ReportState = field(default_factory=ReportState)
    registry: Reading | None = None
    conversation: str = ""
    """The one the agent's process is in now, where that can be seen; what was reported may be of one it has left."""
    transcript: Transcript | None = None
    transcript_of: object = None
    """What the transcript was chosen by; when that changes, another is looked for."""
    view: TranscriptView | None = None
    settled: Settled | None = None
    has_worked: bool = False
    """Whether it was seen at work."""
    skill: str | None = None
    """The skill its operator asked for last."""
    looked_at: datetime | None = None
    """When the operator last looked at the pane."""
    family: tuple[object, ...] = ()
    """The processes in the pane and its foreground command, by which one tells whether to look at them again."""
    concluded_from: tuple[object, ...] = ()
    """What the row was last derived from."""
    due: float | None = None
    """When the row may change by itself."""
    stands_until: float = 0.0
    """Until when deriving the row again is idle, if nothing is seen."""

    @property
    def is_agent_alive(self) -> bool:
        """Whether the program that titles, screens and reports speak of still runs."""
        return self.program is not None

    def sources(self, session: Session, *, is_shown: bool) -> tuple[object, ...]:
        """All that a row is derived from, but for the time and a new screen."""
        return (
            session, self.pane, is_shown, self.has_children, self.agent, self.in_front, self.program,
            self.program_since, self.report, self.registry, self.conversation, self.view, self.skill,
        )  # fmt: skip

    def stands(self, session: Session, now: float, *, is_shown: bool) -> bool:
        """Whether the row would be derived as it was, since nothing it goes by has changed."""
        return now < self.stands_until and not self.is_other_than_before(session, is_shown=is_shown)

    def is_other_than_before(self, session: Session, *, is_shown: bool) -> bool:
        """Whether anything that the row goes by has changed since it was derived."""
        return self.concluded_from != self.sources(session, is_shown=is_shown)

    def settle_for(self, session: Session, now: datetime, *, is_shown: bool) -> None:
        """Note that the row has been derived, and for how long that holds."""
        at = now.timestamp()
        self.concluded_from = self.sources(session, is_shown=is_shown)
        self.due = _due(self, now)
        self.stands_until = at + LONGEST if self.due is None else min(self.due, at + LONGEST)
        if session.state is SessionState.IDLE and session.rest_state is RestState.ACTIVE:
            self.stands_until = min(self.stands_until, (session.last_activity_at + DROWSY_AFTER).timestamp())
        if is_doubtful(self.detector, at):
            self.stands_until = 0.0
        elif self.is_agent_alive and at - max(self.titled_at, self.drawn_at) < FROZEN_AFTER:
            # What its screen and title say still depends on for how long they have stood.
            self.stands_until = 0.0

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
        return {claim.source: claim for claim in claims if claim is not None}

    def observe(self, now: float, *, screen_is_new: bool) -> Reading:
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
            tool_mode=self.is_agent_alive,
        )
        self.detector, reading = step(self.detector, seen, now)
        return reading

    def visit(self, now: datetime) -> None:
        """The operator has the pane in front of them: what only wanted a look is settled."""
        self.looked_at = now
        if self.detector.state is SessionState.ATTENTION or self.detector.attention_at is not None:
            self.detector, _ = dismiss(self.detector, now.timestamp())

    def conclude(self, now: datetime) -> Reading:
        """The one reading to show: the ladder's choice while an agent runs, the detector's otherwise."""
        plain = reading_of(self.detector)
        if not self.is_agent_alive:
            self.settled = settle(None, plain, now)
            return plain
        claims = {plain.source: plain} | self.readings(now)
        chosen = decide(claims, now=now, process_alive=True)
        self.settled = settle(self.settled, chosen, now)
        self.has_worked = self.has_worked or self.settled.reading.state is SessionState.BUSY
        return self.settled.reading

    @property
    def turn_is_news(self) -> bool:
        """Whether a turn that is over ended in this run of the agent, and is not only the last one of its history."""
        ended = [each for each in (self.report.reading, self.view.reading if self.view else None) if each is not None]
        began = self.program_since
        return self.has_worked or (
            began is not None and any(each.needs is Need.FINISHED and each.at >= began for each in ended)
        )

    def insight(self, session: Session) -> Insight:
        """All of this as one value, for whoever says in words what the session does."""
        alive = self.is_agent_alive and self.agent is not None
        reading = self.settled.reading if alive and self.settled else None
        return Insight(
            session=session,
            agent=self.agent.spec.name if alive and self.agent else "",
            view=self.view if alive else None,
            report=self.report if alive else ReportState(),
            screen=self.screen or "",
            is_full_screen=self.pane.alternate,
            is_waiting=reading is not None
            and waits_for_operator(reading, background_tasks=self.report.background_tasks),
        )


def _ask(reading: Reading, agent: Agent | None, since: datetime) -> Ask | None:
    if reading.needs is None or reading.needs not in ASKING:
        return None
    several = bool(reading.ticks)
    dialogs = (agent.spec.permission_dialog, agent.spec.question_dialog) if agent is not None else (None, None)
    dialog = dialogs[reading.needs is Need.QUESTION]
    return Ask(
        kind=reading.needs,
        text=reading.question,
        choices=reading.choices,
        since=since,
        several=several,
        to_write=dialog.to_write(reading.choices) if dialog is not None and not several else None,
    )


def conclusion(watched: SessionMemory, reading: Reading) -> Conclusion:
    """What this reading, and all that is remembered, says of the row."""
    since = watched.settled.since if watched.settled else reading.at
    active = watched.detector.last_activity
    agent = watched.agent or watched.in_front
    return Conclusion(
        reading=reading,
        needs=_need(reading, watched),
        asks=_ask(reading, watched.agent, since),
        agent=shown_agent(agent) if agent is not None else None,
        runs_agent=_runs_agent(watched),
        view=watched.view or NO_TRANSCRIPT,
        report=watched.report,
        is_agent_alive=watched.is_agent_alive,
        conversation=watched.conversation,
        skill=watched.skill,
        active_at=datetime.fromtimestamp(active, UTC) if active else None,
    )


def words(view: TranscriptView | None, report: ReportState) -> tuple[object, ...]:
    """By which one tells whether the agent wrote or reported something."""
    told = (view.updated_at, view.turn_count, view.actions[-1:], view.current_tool, view.turn_text) if view else ()
    return (*told, report.at)


def _due(watched: SessionMemory, now: datetime) -> float | None:
    """When a state may change by itself."""
    settled = settle_deadline(watched.settled) if watched.settled else None
    claims = watched.readings(now) if watched.is_agent_alive else {}
    # What holds for this moment only is claimed anew by every look: that it ends is no reason for one.
    expiry = next_expiry({source: claim for source, claim in claims.items() if claim.lasts != 0.0}, now)
    times = [time.timestamp() for time in (settled, expiry) if time is not None]
    plain = (next_deadline(watched.detector), deadline(watched, now.timestamp()))
    return min([*times, *(time for time in plain if time is not None)], default=None)


def deadline(watched: SessionMemory, now: float) -> float | None:
    """When the screen counts as still, if nothing moves before; None when it is still already or does not matter."""
    due = watched.drawn_at + STILL_AFTER
    return due if watched.is_agent_alive and due > now else None


def shown_agent(agent: Agent) -> ShownAgent:
    """What rows say of an agent."""
    return ShownAgent(key=agent.spec.key, name=agent.spec.name, context_limit=agent.spec.context_limit)


def _runs_agent(watched: SessionMemory) -> bool:
    """Whether the pane's agent is its foreground command, perhaps by the name of what runs it."""
    command, program = watched.pane.command, watched.program
    if watched.in_front is not None:
        return True
    return program is not None and (command in {"", WRAPPER, program.command} or is_interpreter(command))


def _need(reading: Reading, watched: SessionMemory) -> Need | None:
    if reading.needs is not Need.FINISHED:
        return reading.needs
    seen = watched.looked_at is not None and watched.looked_at >= reading.at
    return Need.FINISHED if watched.turn_is_news and not seen else None


def _since(epoch: float, now: datetime) -> float | None:
    return now.timestamp() - epoch if epoch else None


def remembered(session: Session, pane: Pane) -> SessionMemory:
    """The memory to begin with: what was kept of the session."""
    state = SessionState.IDLE if session.state is SessionState.EXITED else session.state
    evidence = session.state_evidence
    # What was reported stands in the work record, and says nothing of what the screen shows.
    is_known = evidence.confidence is not Confidence.LOW and evidence.cause != REPORTED
    # What wanted nothing when it was kept has been looked at: only a turn that ended later is news.
    was_seen = is_known and session.state is SessionState.IDLE and session.needs is None
    return SessionMemory(
        detector=DetectorState(
            state=state if is_known else SessionState.IDLE,
            cause=evidence.cause if is_known else "initial_state",
            detail=evidence.detail if is_known else "",
            at=(evidence.observed_at or session.last_activity_at).timestamp(),
            last_activity=session.last_activity_at.timestamp(),
        ),
        pane=pane,
        has_worked=session.needs is Need.FINISHED or session.state is SessionState.BUSY,
        looked_at=max(evidence.observed_at or session.last_activity_at, session.last_activity_at) + SAME_TURN
        if was_seen
        else None,
    )
