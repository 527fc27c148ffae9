"""The thought engine: when it speaks, when it passes over, and that no fault of a model gets out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from quarterdeck.core.events import Health, SessionChanged, SessionDeleted
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import (
    ActionCueKind,
    Ask,
    ExitReason,
    Need,
    RestState,
    SessionId,
    SessionState,
    ThoughtSource,
    ThoughtState,
)
from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
from quarterdeck.core.transcript import ActionKind, AgentAction
from quarterdeck.errors import BudgetSpent, ThinkerError
from quarterdeck.supervisor.session_thoughts import OTHERS_ARE_HEARD_FOR
from quarterdeck.values import replace
from support.fleet import NOW
from support.patience import PATIENCE
from support.thinking import ONE, Model, Rig, agent_of, session_of, terminal_of, view_of

BUSY = agent_of(view_of("fix the login redirect", "Bash: pytest", current_tool="Bash: pytest"))
OVER = agent_of(
    view_of("fix the login redirect", said="Fixed the login redirect."),
    session_of(SessionState.IDLE, needs=Need.FINISHED),
    is_waiting=True,
)


def asking(text: str) -> Ask:
    return Ask(kind=Need.PERMISSION, text=text, since=NOW)


# Which lines are made


async def test_the_first_sight_of_a_session_is_described() -> None:
    rig = Rig()

    (update,) = await rig.see(BUSY)

    assert update.snapshot.thought == "running `pytest` · fix the login redirect"
    assert update.snapshot.thought_state is ThoughtState.ACTIVE
    assert update.snapshot.thought_source is ThoughtSource.LLM
    assert update.objective_changed
    assert update.snapshot.emission_seq == 1
    assert rig.shown == [ONE]


async def test_a_transcript_without_news_is_passed_over() -> None:
    rig = Rig()
    await rig.see(BUSY)

    assert await rig.see(BUSY) == []
    assert rig.skips() == {"context_unchanged": 1}


async def test_news_that_is_no_word_and_no_deed_is_passed_over() -> None:
    rig = Rig()
    await rig.see(BUSY)
    assert BUSY.view is not None

    assert await rig.see(replace(BUSY, view=replace(BUSY.view, updated_at=NOW))) == []
    assert rig.skips() == {"objective_unchanged": 1}


async def test_a_line_that_says_the_same_is_not_said_again_though_the_objective_moved() -> None:
    rig = Rig(line=lambda _: "Reads  the Parser")
    await rig.see(BUSY)

    (update,) = await rig.see(agent_of(view_of("another task", "Read: a.py")))

    assert rig.skips() == {"duplicate": 1}
    assert update.objective_changed
    assert update.snapshot.thought_source is ThoughtSource.CARRY_FORWARD
    assert rig.line == "Reads  the Parser"


async def test_the_time_of_the_objective_stays_while_it_is_the_same() -> None:
    rig = Rig()
    await rig.see(agent_of(view_of("fix it", said="I look at the parser first.")))
    first = rig.held
    await rig.see(agent_of(view_of("fix it", said="The parser loses the query.")))

    assert first is not None
    assert rig.held is not None
    assert rig.held.thought == "The parser loses the query."
    assert rig.held.thought_state is ThoughtState.HOLDING
    assert rig.held.objective_changed_at == first.objective_changed_at


@pytest.mark.parametrize(("changed", "is_said"), [(99, False), (100, True)])
async def test_a_terminal_is_described_anew_when_enough_of_it_changed(changed: int, is_said: bool) -> None:
    rig = Rig(line=lambda insight: insight.screen[-20:])
    head = "compiling the kernel\n"
    await rig.see(terminal_of(head + "a" * changed))

    updates = await rig.see(terminal_of(head + "b" * changed))

    assert bool(updates) is is_said
    assert rig.skips() == ({} if is_said else {"delta_below_threshold": 1})


async def test_progress_is_said_anew_though_few_characters_change() -> None:
    rig = Rig()
    await rig.see(terminal_of("Collecting it\n  4 % done"))
    await rig.see(terminal_of("Collecting it\n 45 % done"))

    assert rig.line == "make: 45 %"


async def test_a_terminal_that_shows_the_same_is_passed_over_and_an_empty_one_too() -> None:
    rig = Rig()
    await rig.see(terminal_of("compiling parser.c"))
    await rig.see(terminal_of("compiling parser.c"))
    await rig.see(terminal_of("  \n \n"))

    assert rig.skips() == {"empty_context": 1, "replay_unchanged": 1}


async def test_what_a_finished_program_did_is_not_said_of_an_idle_shell() -> None:
    rig = Rig()
    await rig.see(terminal_of("compiling parser.c"))
    assert rig.line == "make: compiling parser.c"

    await rig.see(terminal_of("compiling parser.c\n$ ", SessionState.IDLE, "bash"))

    assert rig.line == ""


async def test_what_was_said_of_one_conversation_is_not_said_of_the_next() -> None:
    rig = Rig()
    first = session_of(SessionState.IDLE, needs=Need.FINISHED, conversation="one")
    await rig.see(agent_of(view_of("fix it", said="The parser is right now."), first, is_waiting=True))
    assert rig.line

    new = session_of(SessionState.IDLE, conversation="two")
    await rig.see(agent_of(None, new, is_waiting=True))
    assert not rig.line

    await rig.see(
        agent_of(view_of("paint it", said="It is blue."), replace(first, conversation="two"), is_waiting=True)
    )
    assert "blue" in (rig.line or "")


async def test_a_change_of_state_is_answered_within_a_second() -> None:
    rig = Rig()
    await rig.see(BUSY)
    asks = agent_of(BUSY.view, session_of(SessionState.ATTENTION, needs=Need.PERMISSION), is_waiting=True)
    asks = replace(asks, session=replace(asks.session, asks=asking("Bash command\npytest\nDo you want to proceed?")))
    rig.known[ONE] = asks

    rig.engine.note(SessionChanged(before=BUSY.session, after=asks.session, at=NOW))
    await rig.wait(0.2)

    assert rig.line == "waiting: may I run `pytest`?"
    assert rig.held is not None
    assert ActionCueKind.AWAITING_USER in {cue.kind for cue in rig.held.action_cues}


# Asleep and awake


async def test_a_session_that_waits_falls_asleep_once_with_its_own_words() -> None:
    rig = Rig()
    await rig.see(BUSY)

    (update,) = await rig.see(OVER)
    again = await rig.see(OVER)

    assert update.snapshot.thought == "finished: fixed the login redirect"
    assert update.snapshot.thought_state is ThoughtState.SLEEPING
    assert update.snapshot.thought_source is ThoughtSource.CARRY_FORWARD
    assert update.snapshot.rest_state is RestState.SLEEPING
    assert ActionCueKind.AWAITING_USER not in {cue.kind for cue in update.snapshot.action_cues}
    assert again == []
    assert rig.skips() == {"sleeping": 1}


async def test_falling_asleep_without_words_keeps_the_last_real_thought() -> None:
    rig = Rig()
    await rig.see(BUSY)
    words = rig.line

    (update,) = await rig.see(agent_of(view_of(""), session_of(SessionState.IDLE), is_waiting=True))

    assert update.snapshot.thought_source is ThoughtSource.STATIC_SLEEPING
    assert rig.line == words
    assert rig.held is not None
    assert rig.held.thought_source is ThoughtSource.CARRY_FORWARD
    assert rig.held.rest_state is RestState.SLEEPING


@pytest.mark.parametrize("is_waiting", [True, False])
async def test_a_conversation_that_has_not_begun_shows_nothing_of_the_one_before(is_waiting: bool) -> None:
    rig = Rig()
    await rig.see(OVER)
    assert rig.line == "finished: fixed the login redirect"

    await rig.see(agent_of(None, session_of(SessionState.IDLE), is_waiting=is_waiting, is_new=True))

    assert rig.line == ""


async def test_another_question_is_said_although_the_session_slept_already() -> None:
    rig = Rig()
    for command in ("rm -r build", "rm -r dist"):
        session = session_of(SessionState.ATTENTION, needs=Need.PERMISSION, asks=asking(f"Bash command\n{command}\n"))
        await rig.see(agent_of(None, session, is_waiting=True))

    assert [update.snapshot.thought for update in rig.updates] == [
        "waiting: may I run `rm -r build`?",
        "waiting: may I run `rm -r dist`?",
    ]


async def test_waking_carries_the_thought_forward_and_starts_a_new_objective() -> None:
    rig = Rig()
    await rig.see(BUSY)
    await rig.see(OVER)

    woke, said = await rig.see(agent_of(view_of("now the tests", turn_count=2)))

    assert (woke.snapshot.thought, woke.snapshot.thought_state) == (None, ThoughtState.HOLDING)
    assert woke.snapshot.thought_source is ThoughtSource.CARRY_FORWARD
    assert woke.snapshot.rest_state is RestState.ACTIVE
    assert said.objective_changed
    assert rig.line == "thinking about: now the tests"


async def test_a_row_that_is_about_to_be_told_gets_its_line_first_and_is_not_told_for_it() -> None:
    rig = Rig()
    await rig.see(BUSY)
    told = len(rig.shown)
    rig.known[ONE] = replace(OVER, session=rig.known[ONE].session)

    rig.engine.keep_in_step({ONE: OVER.session})

    assert rig.line == "finished: fixed the login redirect"
    assert len(rig.shown) == told


async def test_with_a_model_a_new_turn_says_nothing_old_until_it_answers() -> None:
    rig = Rig(Model(["what it did", "what the model says"]))
    await rig.see(BUSY)
    await rig.see(OVER)
    new = agent_of(view_of("now the tests", turn_count=2))
    rig.known[ONE] = replace(new, session=OVER.session)

    rig.engine.keep_in_step({ONE: new.session})
    assert rig.line == "thinking about: now the tests"
    rig.known[ONE] = new
    rig.engine.note(SessionChanged(before=OVER.session, after=new.session, at=NOW))
    await rig.wait(30)

    assert rig.line == "what the model says"


async def test_an_end_whose_kind_is_not_told_yet_says_nothing_and_then_what_came_of_it() -> None:
    rig = Rig(line=lambda insight: insight.report.last_text or ("" if insight.is_waiting else "at work"))
    await rig.see(agent_of(view_of("go"), session_of(SessionState.BUSY)))
    rests = agent_of(view_of("go"), session_of(SessionState.IDLE), is_waiting=True)

    await rig.see(rests)
    assert rig.line == ""
    await rig.see(replace(rests, report=ReportState(last_text="interrupted: go")))

    assert rig.line == "interrupted: go"


@pytest.mark.parametrize("other", [{"conversation": "two"}, {"pid": 9}], ids=["conversation", "program"])
@pytest.mark.parametrize("is_waiting", [True, False])
async def test_nothing_is_said_of_a_conversation_or_a_program_that_was_there_before(
    is_waiting: bool, other: dict[str, object]
) -> None:
    rig = Rig()
    one = replace(BUSY.session, conversation="one", pid=7)
    await rig.see(replace(BUSY, session=one))
    assert rig.line
    state = SessionState.IDLE if is_waiting else SessionState.BUSY
    begun = replace(one, state=state, **other)  # type: ignore[arg-type] # fields of many types
    insight = agent_of(view_of(""), begun, is_waiting=is_waiting)
    rig.known[ONE] = replace(insight, session=one)

    rig.engine.keep_in_step({ONE: begun})

    assert not rig.line
    assert rig.held is not None
    assert rig.held.emission_seq > 1


async def test_what_was_said_before_its_tmux_session_was_made_is_not_said_of_it() -> None:
    rig = Rig()
    await rig.see(BUSY)
    assert rig.held is not None
    second = Rig()
    second.thoughts.take(ThoughtUpdate(session_id=ONE, snapshot=rig.held))
    shell = session_of(SessionState.IDLE, created_at=rig.held.updated_at + timedelta(seconds=1))

    await second.see(replace(terminal_of("$ "), session=shell))

    assert second.line == ""


async def test_silence_alone_makes_drowsy_and_never_asleep() -> None:
    rig = Rig()
    rests = []
    quiet = agent_of(view_of("look", said="Looked."), session_of(SessionState.IDLE))
    for seconds in (0, 29, 100_000):
        await rig.see(quiet, after=seconds)
        assert rig.held is not None
        rests.append(rig.held.rest_state)

    assert rests == [RestState.ACTIVE, RestState.DROWSY, RestState.DROWSY]
    assert rig.known[ONE].session.last_activity_at == NOW


async def test_drowsiness_comes_by_itself_when_its_time_has_come() -> None:
    rig = Rig()
    await rig.see(agent_of(view_of("look", said="Looked."), session_of(SessionState.IDLE)), after=0)

    await rig.wait(29)

    assert rig.held is not None
    assert rig.held.rest_state is RestState.DROWSY


async def test_a_session_that_slept_before_a_restart_is_not_told_again() -> None:
    rig = Rig()
    await rig.see(OVER)
    assert rig.held is not None
    second = Rig()
    second.thoughts.take(ThoughtUpdate(session_id=ONE, snapshot=rig.held))

    assert await second.see(OVER) == []
    assert second.skips() == {"sleeping": 1}


async def test_a_restart_does_not_look_like_a_new_objective() -> None:
    rig = Rig()
    await rig.see(BUSY)
    assert rig.held is not None
    second = Rig(line=lambda _: "another line")
    second.thoughts.take(ThoughtUpdate(session_id=ONE, snapshot=rig.held))

    (update,) = await second.see(BUSY)

    assert not update.objective_changed
    assert update.snapshot.emission_seq == 1
    assert update.snapshot.objective_changed_at is None
    assert second.held is not None
    assert second.held.objective_changed_at == rig.held.objective_changed_at


# Reminders


async def test_reminders_follow_the_transcript_even_when_the_line_stays() -> None:
    rig = Rig(line=lambda _: "always the same")
    edit = AgentAction(kind=ActionKind.EDIT, tool="Edit", text="Edit: a.py", ok=True)
    check = AgentAction(kind=ActionKind.CHECK, tool="Bash", text="Bash: pytest", ok=True)
    dirty = AgentAction(kind=ActionKind.DIRTY_CHECK, tool="Bash", text="Bash: git status", ok=True)
    await rig.see(agent_of(view_of("x", edit)))
    assert rig.held is not None
    assert [cue.kind for cue in rig.held.action_cues] == [ActionCueKind.VALIDATION_MISSING_AFTER_EDIT]

    await rig.see(agent_of(view_of("x", edit, check, dirty)))

    assert [cue.kind for cue in rig.held.action_cues] == [ActionCueKind.COMMIT_READY]
    assert rig.held.commit_candidate


# A model


async def test_a_model_is_asked_and_its_answer_made_one_plain_line() -> None:
    rig = Rig(Model(["\x1b[31m**Making** the redirect\x07 keep its query\nand more"]))

    await rig.see(BUSY)

    assert rig.line == "Making the redirect keep its query"
    assert rig.told == [("thoughts", Health.HEALTHY, "")]


@pytest.mark.parametrize(
    ("stable", "since_last", "is_asked"),
    [(0, 14, False), (0, 15, True), (46, 44, False), (46, 46, True), (121, 119, False), (121, 121, True)],
)
async def test_the_gate_opens_more_rarely_the_longer_the_objective_is_stable(
    stable: float, since_last: float, is_asked: bool
) -> None:
    model = Model([f"line {number}" for number in range(50)])
    rig = Rig(model)
    # The gate counts from the last question, the tier from the last change of the objective.
    await rig.see(agent_of(view_of("fix it", said="first words")), after=0)
    if stable:
        await rig.see(agent_of(view_of("fix it", said="second words")), after=stable)
    asked = len(model.asked)
    assert asked == (2 if stable else 1)

    await rig.see(agent_of(view_of("fix it", said="third words")), after=since_last - 1.1)

    assert (len(model.asked) > asked) is is_asked
    assert rig.skips() == ({} if is_asked else {"cadence_gate": 1})


async def test_a_moved_objective_passes_the_gate_but_not_the_tick() -> None:
    model = Model(["one", "two"])
    rig = Rig(model)
    await rig.see(BUSY)

    await rig.see(agent_of(view_of("something else")), after=5)
    assert len(model.asked) == 1
    await rig.wait(10)

    assert len(model.asked) == 2
    assert rig.line == "two"


async def test_what_the_gate_held_back_is_asked_about_when_it_opens() -> None:
    model = Model(["one", "two"])
    rig = Rig(model)
    await rig.see(agent_of(view_of("fix it", said="first")))
    await rig.see(agent_of(view_of("fix it", said="second")), after=1)

    await rig.wait(13)

    assert len(model.asked) == 2


async def test_the_same_prompt_is_not_sent_twice() -> None:
    model = Model(["one", "two"])
    rig = Rig(model)
    same = agent_of(view_of("fix it", said="words"))
    model.prompt = lambda subject: "always this"  # type: ignore[method-assign] # a prompt that leaves everything out
    await rig.see(same)
    await rig.see(agent_of(view_of("fix it", said="other words")), after=60)

    assert len(model.asked) == 1
    assert rig.skips() == {"prompt_unchanged": 1}


async def test_a_sleeping_session_costs_no_call() -> None:
    model = Model()
    rig = Rig(model)

    await rig.see(OVER)

    assert model.asked == []
    assert rig.line == "finished: fixed the login redirect"


async def test_an_answer_that_comes_after_the_session_fell_asleep_is_dropped() -> None:
    model = Model(gate=asyncio.Event())
    rig = Rig(model)
    assert model.gate is not None
    rig.known[ONE] = BUSY
    rig.engine.moved([ONE])
    rig.clock.advance(2)
    async with asyncio.TaskGroup() as tasks:
        await rig.engine.attend_due(tasks)
        rig.known[ONE] = OVER
        rig.engine.moved([ONE])
        rig.clock.advance(2)
        await rig.engine.attend_due(tasks)
        model.gate.set()

    assert rig.line == "finished: fixed the login redirect"
    assert rig.skips() == {"overtaken": 1}


async def test_only_so_many_questions_are_under_way_at_once() -> None:
    model = Model(gate=asyncio.Event())
    rig = Rig(model)
    assert model.gate is not None
    for number in range(6):
        row = replace(BUSY.session, session_id=SessionId(f"sess_{number}"))
        rig.known[row.session_id] = replace(BUSY, session=row)
    rig.engine.think_again()
    rig.clock.advance(2)
    async with asyncio.TaskGroup() as tasks:
        await rig.engine.attend_due(tasks)
        for _ in range(20):
            await asyncio.sleep(0)
        assert model.at_once == 2
        model.gate.set()

    assert len(model.asked) == 6
    assert model.most_at_once == 2


# Faults of a model


async def test_a_failing_model_leaves_a_line_made_here_and_is_asked_again_later() -> None:
    model = Model([ThinkerError("model does not answer"), "making it work"])
    rig = Rig(model)

    await rig.see(BUSY)
    assert rig.line == "running `pytest` · fix the login redirect"
    assert rig.told[-1] == ("thoughts", Health.DEGRADED, "model does not answer")
    await rig.wait(14)
    assert len(model.asked) == 1
    await rig.wait(2)

    assert rig.line == "making it work"
    assert rig.told[-1] == ("thoughts", Health.HEALTHY, "")
    assert rig.skips()["model_error"] == 1


async def test_an_empty_answer_is_a_failure() -> None:
    rig = Rig(Model(["```\n```"]))

    await rig.see(BUSY)

    assert rig.skips()["model_empty"] == 1
    assert rig.told[-1][1] is Health.DEGRADED


async def test_three_failures_in_a_row_are_unhealthy_and_success_clears_all() -> None:
    failed = ThinkerError("no")
    rig = Rig(Model([failed, failed, failed, "it works"]))

    await rig.see(BUSY)
    for _ in range(2):
        await rig.wait(61)
    assert rig.told[-1] == ("thoughts", Health.UNHEALTHY, "no")
    await rig.wait(61)

    assert rig.told[-1] == ("thoughts", Health.HEALTHY, "")
    assert rig.engine.health.failures == 0


async def test_a_model_that_breaks_in_an_unforeseen_way_is_a_failure_like_another() -> None:
    rig = Rig(Model([RuntimeError("boom")]))

    await rig.see(BUSY)

    assert rig.told[-1] == ("thoughts", Health.DEGRADED, "RuntimeError: boom")


async def test_a_spent_budget_is_shown_and_lines_are_made_here_meanwhile() -> None:
    rig = Rig(Model([BudgetSpent("120 of 120 calls in the last hour are spent")]))

    await rig.see(BUSY)

    assert rig.told[-1] == ("thoughts", Health.DEGRADED, "120 of 120 calls in the last hour are spent")
    assert rig.skips()["budget"] == 1
    assert rig.line == "running `pytest` · fix the login redirect"


async def test_a_fault_over_one_session_does_not_silence_another() -> None:
    def line(insight: object) -> str:
        if getattr(insight, "agent", "") == "Broken":
            raise ValueError("cannot be read")
        return "all is well"

    rig = Rig(line=line)
    other = replace(BUSY, session=replace(BUSY.session, session_id=SessionId("sess_2")))

    await rig.see(replace(BUSY, agent="Broken"), other)

    assert [update.session_id for update in rig.updates] == ["sess_2"]
    assert rig.told[-1] == ("thoughts", Health.DEGRADED, "ValueError: cannot be read")


# Who speaks


async def test_an_engine_outside_is_not_talked_over_until_it_has_been_silent_for_long() -> None:
    rig = Rig()
    outside = ThoughtSnapshot(thought="theirs", updated_at=rig.clock.now(), stream_instance_id="other", emission_seq=7)
    rig.thoughts.take(ThoughtUpdate(session_id=ONE, snapshot=outside))

    assert await rig.see(BUSY) == []
    assert rig.skips() == {"other_engine": 1}
    await rig.see(BUSY, after=OTHERS_ARE_HEARD_FOR)

    assert rig.line == "running `pytest` · fix the login redirect"


async def test_only_the_keeper_thinks() -> None:
    rig = Rig()
    rig.is_writer = False

    assert await rig.see(BUSY) == []


async def test_nothing_is_said_while_thoughts_are_off_and_rest_goes_on() -> None:
    rig = Rig(Model())
    rig.engine.use(rig.setup(is_enabled=False))
    await rig.see(BUSY)
    await rig.see(OVER)

    assert rig.line is None
    assert rig.held is not None
    assert rig.held.rest_state is RestState.SLEEPING


async def test_another_backend_counts_from_the_next_thought_on() -> None:
    first = Model([ThinkerError("no")])
    rig = Rig(first)
    await rig.see(BUSY)
    second = Model(["said by the second"])

    rig.engine.use(rig.setup(thinker=second))
    await rig.wait(20)

    assert rig.line == "said by the second"
    assert len(first.asked) == 1


async def test_what_only_a_thought_changed_is_no_reason_to_think() -> None:
    rig = Rig()
    rig.known[ONE] = BUSY
    after = replace(BUSY.session, thought="words", rest_state=RestState.DROWSY, commit_candidate=True)

    rig.engine.note(SessionChanged(before=BUSY.session, after=after, at=NOW))
    async with asyncio.TaskGroup() as tasks:
        assert await rig.engine.attend_due(tasks) is None


async def test_a_session_that_is_gone_is_forgotten() -> None:
    rig = Rig()
    await rig.see(BUSY)
    del rig.known[ONE]

    rig.engine.note(SessionDeleted(session=BUSY.session, reason=ExitReason.PROCESS_EXIT, at=NOW))
    async with asyncio.TaskGroup() as tasks:
        assert await rig.engine.attend_due(tasks) is None


async def test_at_rest_nothing_is_due() -> None:
    rig = Rig()
    await rig.see(OVER)
    async with asyncio.TaskGroup() as tasks:
        rig.clock.advance(3600)
        assert await rig.engine.attend_due(tasks) is None
        assert await rig.engine.attend_due(tasks) is None


async def test_a_glance_makes_lines_here_and_asks_no_model() -> None:
    model = Model()
    rig = Rig(model)
    rig.known[ONE] = BUSY

    rig.engine.glance()

    assert rig.line == "running `pytest` · fix the login redirect"
    assert model.asked == []


async def test_the_engine_runs_until_it_is_told_to_stop() -> None:
    rig = Rig()
    rig.known[ONE] = BUSY
    task = asyncio.create_task(rig.engine.run())
    async with asyncio.timeout(PATIENCE):
        while rig.line is None:
            rig.clock.advance(1)
            rig.engine.moved([ONE])
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_time_in_the_rig_is_that_of_its_rows() -> None:
    assert Rig().clock.now() - session_of().last_activity_at == timedelta(0)
