"""What a hook costs the agent that runs it, against the cheapest thing a shell can do.

    PYTHONPATH=app python tests/benchmarks/bench_hook.py

Expected: less than twice `sh -c :`, for a small report and for a large one. The agent is held for that time; the
report itself is written in the background.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from quarterdeck.agents.hooks import hook_command, script_path, script_text
from quarterdeck.supervisor.reports import drain

ROUNDS = 150
PAUSE = 0.02
"""Between two runs, so that the work in the background of one does not slow the next."""
PAYLOADS = {
    "small report": {"hook_event_name": "PreToolUse", "tool_input": {"command": "a" * 200}},
    "large report": {"hook_event_name": "PostToolUse", "tool_response": "b" * 60_000},
}


def run(command: str, payload: bytes) -> float:
    """Milliseconds until the agent may go on."""
    env = {"PATH": os.environ["PATH"], "TMUX_PANE": "%1", "TMUX": "/tmp/t/default,1,0"}
    begun = time.perf_counter()
    child = subprocess.Popen(
        ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    )
    try:
        child.communicate(payload)
    except BrokenPipeError:
        child.wait()
    took = (time.perf_counter() - begun) * 1000
    time.sleep(PAUSE)
    return took


def main() -> None:
    """Print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder)
        script_path(spool, "claude").write_text(script_text(spool, "claude"))
        hook = hook_command(spool, "claude")
        for name, payload in PAYLOADS.items():
            data = json.dumps(payload).encode()
            times: dict[str, list[float]] = {":": [], hook: []}
            for _ in range(ROUNDS):
                for command, taken in times.items():
                    taken.append(run(command, data))
            base, cost = (statistics.median(taken) for taken in times.values())
            best, least = (min(taken) for taken in times.values())
            ratios = f"ratio {cost / base:.2f} (of the fastest {least / best:.2f})"
            print(f"{name}: sh -c : {base:.2f} ms, hook {cost:.2f} ms, {ratios}")
        time.sleep(0.5)
        written = 0
        while reports := drain(spool).reports:
            written += len(reports)
        print(f"reports written: {written} of {ROUNDS * len(PAYLOADS)}")


if __name__ == "__main__":
    main()
