"""The settings that hold while nothing is set: `python tests/shipped.py` makes them from the model.

The model takes longer to import than most verbs take to run. Nothing else is decided here.
"""

from __future__ import annotations

from types import SimpleNamespace

SHIPPED = SimpleNamespace(
    tmux=SimpleNamespace(
        watch="auto",
        poll_seconds=1.0,
        resync_seconds=15.0,
        look_timeout_seconds=2.0,
        command_timeout_seconds=5.0,
    ),
    console=SimpleNamespace(theme="dark", preview="auto", group="none", view="", ascii=False, mouse=True),
    thoughts=SimpleNamespace(
        enabled=True,
        backend="local",
        command=(),
        url="https://openrouter.ai/api/v1",
        model="",
        key=SimpleNamespace(get_secret_value=str),
        key_variable="",
        key_file=None,
        tick_seconds=15.0,
        cadence_hot_seconds=15.0,
        cadence_warm_seconds=45.0,
        cadence_cold_seconds=120.0,
        timeout_seconds=15.0,
        concurrency=2,
        calls_per_hour=120,
        calls_per_day=1000,
        tokens_per_hour=0,
        tokens_per_day=0,
        agent_prompt="",
        terminal_prompt="",
    ),
    notify=SimpleNamespace(
        permission=("toast", "bell"),
        question=("toast", "bell"),
        finished=("toast",),
        error=("toast",),
        command=(),
        quiet_hours="",
        together_seconds=2.0,
    ),
    events=SimpleNamespace(keep_days=7),
    keys={},
    views={},
    defaults=SimpleNamespace(
        agent="claude",
        model="",
        permissions="default",
        subagent="",
        worker=SimpleNamespace(agent="", model="", permissions=None, subagent=""),
        orchestrator=SimpleNamespace(agent="", model="", permissions=None, subagent=""),
    ),
    projects={},
    agents={},
)
