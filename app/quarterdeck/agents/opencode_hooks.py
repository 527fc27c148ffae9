"""OpenCode's plugin of ours: passes the events of its bus on to the spool."""

from __future__ import annotations

import json
import secrets
import socket
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import agent_folder
from quarterdeck.agents.hooks import REPORTS_KEPT
from quarterdeck.agents.opencode_reports import EVENTS
from quarterdeck.agents.opencode_server import PASSWORD
from quarterdeck.core.report import HEADER, PAYLOAD_BYTES
from quarterdeck.errors import Refused
from quarterdeck.foreign_files import exact_text
from quarterdeck.ports.agent import HookPlan, HookStatus, backup_path
from quarterdeck.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.ports.agent import Launch, LaunchPlan

PLUGIN = "quarterdeck.js"

_TEXT = """\
// Written by quarterdeck; `quarterdeck hooks uninstall opencode` takes it away.
// Passes what the session does on to quarterdeck, as one small file per event. It never fails or delays OpenCode.
// Where that cannot be done, OpenCode's log says why, once.
import { mkdir, readdir, rename, unlink, writeFile } from "node:fs/promises"
import { join } from "node:path"

const spool = @SPOOL@
const wanted = new Set(@EVENTS@)
const env = process.env
let count = 0

const unless = (code) => (error) => {
  if (error.code !== code) throw error
}

const write = async (payload) => {
  const now = Date.now() / 1000
  const name = join(spool, `${now.toFixed(3)}.${process.pid}.${++count}.opencode`)
  const head = `@HEADER@ opencode @${now.toFixed(3)} ${env.TMUX_PANE || "-"} ${env.TMUX || "-"}\\n`
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
  const report = async (payload) => {
    try {
      await write(payload)
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
      if (wanted.has(event.type)) void report({ type: event.type, properties: event.properties })
    },
    "tool.execute.before": async (input, output) => {
      void report({ type: "tool.execute.before", properties: { input, output: { args: output?.args } } })
    },
    "tool.execute.after": async (input) => {
      void report({ type: "tool.execute.after", properties: { input } })
    },
  }
}
"""


def plugin_text(spool: Path) -> str:
    """The plugin's source."""
    return (
        _TEXT.replace("@SPOOL@", json.dumps(str(spool)))
        .replace("@EVENTS@", json.dumps(sorted(EVENTS)))
        .replace("@HEADER@", HEADER)
        .replace("@BYTES@", str(PAYLOAD_BYTES))
        .replace("@KEPT@", str(REPORTS_KEPT))
    )


class PluginFile:
    """Implements HookSetup: one file of ours in the folder whose plugins OpenCode loads."""

    def file(self, home: Path | None, /) -> Path:
        """The plugin file that we write."""
        return agent_folder("XDG_CONFIG_HOME", home, ".config") / "opencode" / "plugin" / PLUGIN

    def plan(self, *, install: bool, spool: Path, home: Path | None) -> HookPlan:
        """The file wanted; one of that name that somebody else wrote goes to the backup, and comes back from it."""
        path = self.file(home)
        before = exact_text(path)
        is_ours = before is not None and before.startswith(_TEXT[: _TEXT.index(";")])
        after, note = before, ""
        if install:
            after, note = plugin_text(spool), "OpenCode loads it at its next start."
        elif is_ours:
            after = exact_text(backup_path(path))
        return HookPlan(path=path, before=before, after=after, is_ours=is_ours, note=note)

    def status(self, *, spool: Path, home: Path | None) -> HookStatus:
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
        return replace(plan, argv=argv, env={**plan.env, PASSWORD: secrets.token_urlsafe(24)})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
