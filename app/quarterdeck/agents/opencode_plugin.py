"""OpenCode's plugin of ours, which passes the events of its bus on to the spool, and what they say."""

from __future__ import annotations

import json
import secrets
import socket
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.agents.hooks import REPORTS_KEPT
from quarterdeck.agents.limits import reset_time
from quarterdeck.agents.opencode_server import CHOICES, retry_at
from quarterdeck.agents.report_claims import asking, failed, finished, fold, resting, with_subagent, working
from quarterdeck.agents.subagent_book import subagent
from quarterdeck.core.foreign_json import object_at, text_at
from quarterdeck.core.report import PAYLOAD_BYTES, REPORT_HEADER
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.subagent import SubagentState
from quarterdeck.errors import Refused
from quarterdeck.foreign_files import exact_text
from quarterdeck.ports.agent import HookPlan, HookStatus, backup_path
from quarterdeck.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.report import Report, ReportState
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.ports.agent import Launch, LaunchPlan
    from quarterdeck.ports.agent_process import AgentHome

PLUGIN = "quarterdeck.js"
PLUGIN_EVENTS = (
    "session.created", "session.updated", "session.status", "session.idle", "session.error", "permission.asked",
    "permission.updated", "permission.replied", "question.asked", "question.replied", "question.rejected",
    "session.drain.interrupted",
)  # fmt: skip
ABORTED = "MessageAbortedError"

_TEXT = """\
// Written by quarterdeck; `quarterdeck hooks uninstall @AGENT@` takes it away.
// Passes what the session does on to quarterdeck, as one small file per event. It never fails or delays @NAME@.
// Where that cannot be done, its log says why, once.
import { mkdir, readdir, rename, unlink, writeFile } from "node:fs/promises"
import { join } from "node:path"

const spool = @SPOOL@
const wanted = new Set(@EVENTS@)
const env = process.env
let count = 0

const unless = (code) => (error) => {
  if (error.code !== code) throw error
}

const write = async (payload, now) => {
  const name = join(spool, `${now.toFixed(3)}.${process.pid}.${String(++count).padStart(9, "0")}.@AGENT@`)
  const head = `@HEADER@ @AGENT@ @${now.toFixed(3)} ${env.TMUX_PANE || "-"} ${env.TMUX || "-"}\\n`
  const put = async () => {
    await writeFile(`${name}.tmp`, head + JSON.stringify(payload).slice(0, @BYTES@) + "\\n", { mode: 0o600 })
    return true
  }
  if (!(await put().catch(unless("ENOENT")))) {
    // Only the last folder: where quarterdeck itself was taken away, nothing is made anew.
    await mkdir(spool, { mode: 0o700 }).catch(unless("EEXIST"))
    await put()
  }
  await rename(`${name}.tmp`, `${name}.report`)
  if (count % 100 === 0) {
    const all = (await readdir(spool)).filter((each) => each.endsWith(".report")).sort()
    for (const each of all.slice(0, Math.max(0, all.length - @KEPT@))) await unlink(join(spool, each))
  }
}

export const Quarterdeck = async ({ client } = {}) => {
  let isTold = false
  // One after the other: an end must not be there before what led to it.
  let last = Promise.resolve()
  let waiting = 0
  const report = (payload) => {
    if (waiting >= 1000) return
    waiting += 1
    const now = Date.now() / 1000
    last = last.then(() => put(payload, now)).finally(() => (waiting -= 1))
  }
  const put = async (payload, now) => {
    try {
      await write(payload, now)
    } catch (error) {
      if (isTold) return
      isTold = true
      const message = `quarterdeck is told nothing of this session: ${error.message}`
      const body = { service: "quarterdeck", level: "warn", message }
      await Promise.resolve().then(() => client.app.log({ body })).catch(() => {})
    }
  }
  return {
    event: async ({ event }) => {
      if (wanted.has(event.type)) report({ type: event.type, properties: event.properties })
    },
    "tool.execute.before": async (input, output) => {
      report({ type: "tool.execute.before", properties: { input, output: { args: output?.args } } })
    },
    "tool.execute.after": async (input) => {
      report({ type: "tool.execute.after", properties: { input } })
    },
  }
}
"""


def plugin_text(family: OpenCodeFamily, spool: Path) -> str:
    """The plugin's source."""
    return (
        _TEXT.replace("@SPOOL@", json.dumps(str(spool)))
        .replace("@AGENT@", family.key)
        .replace("@NAME@", family.name)
        .replace("@EVENTS@", json.dumps(sorted(PLUGIN_EVENTS)))
        .replace("@HEADER@", REPORT_HEADER)
        .replace("@BYTES@", str(PAYLOAD_BYTES))
        .replace("@KEPT@", str(REPORTS_KEPT))
    )


class PluginFile(Struct, frozen=True):
    """Implements HookSetup: one file of ours in the folder whose plugins OpenCode loads."""

    family: OpenCodeFamily

    def file(self, home: AgentHome | None, /) -> Path:
        """The plugin file that we write."""
        return self.family.config(home) / "plugin" / PLUGIN

    def plan(self, *, install: bool, spool: Path, home: AgentHome | None) -> HookPlan:
        """The file wanted; one of that name that somebody else wrote goes to the backup, and comes back from it."""
        path = self.file(home)
        before = exact_text(path)
        is_ours = before is not None and before.startswith(_TEXT[: _TEXT.index(";")])
        after, note = before, ""
        if install:
            after = plugin_text(self.family, spool)
            note = f"{self.family.name} loads it at its next start."
        elif is_ours:
            after = exact_text(backup_path(path))
        return HookPlan(path=path, before=before, after=after, is_ours=is_ours, note=note)

    def status(self, *, spool: Path, home: AgentHome | None) -> HookStatus:
        """Whether the file is there, and is the one wanted now."""
        try:
            plan = self.plan(install=True, spool=spool, home=home)
        except Refused:
            return HookStatus.ABSENT
        if plan.before is None:
            return HookStatus.ABSENT
        return HookStatus.OUTDATED if plan.changes else HookStatus.INSTALLED

    def for_launch(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        """The launch with a server of its own, which tells more than hooks could.

        A plugin would cost the first start ten seconds, in which OpenCode installs what plugins may need.
        """
        if wanted.spool is None:
            return plan
        argv = (*plan.argv, "--port", str(_free_port()))
        return replace(plan, argv=argv, env={**plan.env, self.family.password: secrets.token_urlsafe(24)})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_opencode(held: ReportState, report: Report) -> ReportState:
    """Fold one of OpenCode's reports in."""
    told = fold(held, report, _told, _identify)
    if told.reading is None or told.reading is held.reading:
        return told
    # Every change is an event here, so that a claim holds until the next one.
    return replace(told, reading=replace(told.reading, lasts=None))


def _properties(report: Report) -> Json:
    return object_at(report.payload, "properties") or report.payload


def _session(report: Report) -> str:
    found = _properties(report)
    return text_at(found, "sessionID") or text_at(found, "info", "id") or text_at(found, "input", "sessionID")


def _identify(held: ReportState, report: Report) -> ReportState:
    session = _session(report)
    info = object_at(_properties(report), "info")
    if report.event.startswith("session.") and text_at(info, "parentID"):
        return held if _is_subagent(held, session) else with_subagent(held, _child(session, info, report))
    if not session or _is_subagent(held, session):
        return held
    model = text_at(info, "modelID") or text_at(info, "model", "id") or text_at(info, "model", "modelID")
    cwd = text_at(info, "directory") or text_at(info, "path", "cwd")
    if session != held.session_id and held.session_id:
        held = replace(held, turns=0, last_prompt="", last_text="", asked_by="")
    return replace(held, session_id=session, model=model or held.model, cwd=cwd or held.cwd)


def _is_subagent(held: ReportState, session: str) -> bool:
    return any(each.key == session for each in held.subagents)


def _child(session: str, info: Json, report: Report) -> Subagent:
    title, _, _ = text_at(info, "title").partition(" (@")
    return subagent(session, text_at(info, "agent"), title, report.at)


def _told(held: ReportState, report: Report) -> ReportState:
    found, session = _properties(report), _session(report)
    is_main = not _is_subagent(held, session)
    asked_by = "" if is_main else session
    match report.event:
        case "session.idle" if is_main:
            return _idle(held, report)
        case "session.idle" | "session.status":
            if not is_main:
                works = text_at(found, "status", "type") in {"busy", "retry"}
                return _child_stands(held, session, SubagentState.BUSY if works else SubagentState.IDLE)
            return _status(held, report, object_at(found, "status"))
        case "session.drain.interrupted" if is_main:
            # Kilo's word for it, and the only one where the model had not answered yet.
            return resting(held, report, detail="interrupted")
        case "session.error" if is_main:
            return _error(held, report, object_at(found, "error"))
        case "permission.asked" | "permission.updated":
            title = text_at(found, "permission") or text_at(found, "title")
            question = tool_request(title, object_at(found, "metadata"))
            return asking(held, report, Need.PERMISSION, question, CHOICES, asked_by=asked_by)
        case "question.asked":
            return asking(held, report, Need.QUESTION, *asked(found), asked_by=asked_by)
        case "permission.replied" | "question.replied":
            if text_at(found, "reply") == "reject" and not held.asked_by:
                return resting(held, report, detail="refused")
            return working(replace(held, asked_by=""), report)
        case "question.rejected":
            return resting(held, report, detail="refused")
        case "tool.execute.before" if is_main:
            return replace(held, tool=tool_gist(text_at(found, "input", "tool"), object_at(found, "output", "args")))
        case "tool.execute.after" if is_main:
            return replace(held, tool="")
    return held


def _child_stands(held: ReportState, session: str, state: SubagentState) -> ReportState:
    known = next(each for each in held.subagents if each.key == session)
    return with_subagent(held, replace(known, state=state))


def _idle(held: ReportState, report: Report) -> ReportState:
    if held.error_at is not None:
        return held  # the error that came just before tells more
    if held.reading is not None and held.reading.state is SessionState.IDLE:
        return held  # it is told twice
    return finished(held, report)


def _status(held: ReportState, report: Report, status: Json) -> ReportState:
    kind = text_at(status, "type")
    if kind == "idle":
        return _idle(held, report)
    waits = held.reading is not None and held.reading.state is SessionState.ATTENTION
    if kind not in {"busy", "retry"} or waits:
        return held  # it is busy all the time that it waits for an answer
    until = retry_at(status, report.at)
    return working(replace(held, error_at=None), report, detail=kind, until=until)


def _error(held: ReportState, report: Report, error: Json) -> ReportState:
    if text_at(error, "name") == ABORTED:
        return resting(held, report, detail="interrupted")
    text = text_at(error, "data", "message") or text_at(error, "name")
    return failed(held, report, text=text, until=reset_time(text, report.at))
