"""The tables, as numbered steps: a step that was released is never edited, a change is one more step."""

from __future__ import annotations

from quarterdeck.errors import StoreTooNew

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x51444B31
"""In the file's header, so that another program's database is never taken for ours."""

_FIRST = (
    """CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        next INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE sessions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL UNIQUE,
        server TEXT NOT NULL,
        tmux_name TEXT NOT NULL,
        incarnation TEXT NOT NULL DEFAULT '',
        tmux_id TEXT NOT NULL DEFAULT '',
        status TEXT NOT NULL CHECK (status IN ('reserved', 'live', 'stale', 'ended', 'forgotten')),
        reserved_from TEXT,
        reserved_name TEXT,
        state TEXT NOT NULL DEFAULT 'idle',
        needs TEXT,
        body TEXT NOT NULL DEFAULT '{}',
        changed REAL NOT NULL
    )""",
    """CREATE UNIQUE INDEX sessions_bound ON sessions (server, incarnation, tmux_id)
        WHERE status = 'live' AND tmux_id != ''""",
    "CREATE INDEX sessions_tmux ON sessions (server, incarnation, tmux_id)",
    "CREATE INDEX sessions_status ON sessions (status, server)",
    """CREATE TABLE incarnations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        server TEXT NOT NULL,
        incarnation TEXT NOT NULL,
        UNIQUE (server, incarnation)
    )""",
    """CREATE TABLE thoughts (
        key TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        changed REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE thought_history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        thought TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (key, thought)
    )""",
    """CREATE TABLE tails (
        session_id TEXT PRIMARY KEY,
        text TEXT NOT NULL,
        changed REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        level INTEGER NOT NULL,
        source TEXT NOT NULL,
        session_id TEXT,
        project TEXT,
        summary TEXT NOT NULL,
        data TEXT NOT NULL,
        indexed INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX events_at ON events (at)",
    "CREATE INDEX events_session ON events (session_id)",
    "CREATE INDEX events_project ON events (project)",
    "CREATE INDEX events_kind ON events (kind)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE set_aside (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        came_from TEXT NOT NULL,
        key TEXT NOT NULL,
        reason TEXT NOT NULL,
        body TEXT NOT NULL
    )""",
)

_WORK = (
    """CREATE TABLE work (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL UNIQUE,
        project TEXT NOT NULL,
        body TEXT NOT NULL,
        changed REAL NOT NULL
    )""",
    "CREATE INDEX work_project ON work (project)",
    """CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL UNIQUE,
        operation TEXT NOT NULL,
        project TEXT NOT NULL,
        owner TEXT NOT NULL,
        began_at TEXT NOT NULL,
        steps TEXT NOT NULL DEFAULT '[]',
        data TEXT NOT NULL DEFAULT '{}'
    )""",
    """CREATE TABLE report_audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL,
        at TEXT NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX report_audit_session ON report_audit (session_id)",
)

_MESSAGES = (
    """CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL,
        text TEXT NOT NULL,
        at REAL NOT NULL,
        why TEXT NOT NULL DEFAULT '',
        stage TEXT NOT NULL DEFAULT 'waiting',
        owner TEXT NOT NULL DEFAULT '',
        taken REAL NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX messages_session ON messages (session_id)",
)

_PANES = (
    "ALTER TABLE sessions ADD COLUMN bound_pane TEXT NOT NULL DEFAULT ''",
    "DROP INDEX sessions_bound",
    """CREATE UNIQUE INDEX sessions_bound ON sessions (server, incarnation, tmux_id)
        WHERE status = 'live' AND tmux_id != '' AND bound_pane = ''""",
    """CREATE UNIQUE INDEX sessions_bound_pane ON sessions (server, incarnation, bound_pane)
        WHERE status = 'live' AND bound_pane != ''""",
)

_COMMANDS = ("ALTER TABLE messages ADD COLUMN as_command INTEGER NOT NULL DEFAULT 0",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _WORK, _MESSAGES, _PANES, _COMMANDS)
"""Statements by step. Several statements in one string would commit on their own, so each stands alone."""

SCHEMA_VERSION = len(MIGRATIONS)
"""What `PRAGMA user_version` says of a database this program understands."""


def version_of(connection: sqlite3.Connection) -> int:
    """The number of steps the database has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(version: int, path: object) -> None:
    """Raise StoreTooNew when the database had steps this program does not know."""
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"{path} was written by a newer Quarterdeck (version {version} of its tables;"
            f" this one knows {SCHEMA_VERSION}).",
            hint="Update Quarterdeck, or give this one another home with --home.",
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database up to date, in one transaction that several processes may race for."""
    if version_of(connection) >= SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(version_of(connection), SCHEMA_VERSION):
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
