"""Settings of one process, read once from the environment.

Every setting has a row in `SETTINGS`: its variable, a default, and a sentence for people. `plaudit settings`
and the documentation print that table, so a setting without a sentence cannot exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from plaudit.platform.inside import Inside

__all__ = ["SETTINGS", "Setting", "Settings", "SettingsError"]


_OF_TESTS: Final = "PLAUDIT_TEST_"
"""Variables of this start steer the test suite and are none of the process's business."""

_OF_OTHERS: Final = frozenset({"PLAUDIT_DEMO_EXIT", "PLAUDIT_SAMPLES", "PLAUDIT_SCALE"})
"""Read by the demo, by tools and tests for real input, and by tests for their size."""


class SettingsError(ValueError):
    """One or more variables cannot be used; the message names each of them and says what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: `parse` turns the text of `variable` into the value of `field`."""

    field: str
    variable: str
    default: str
    sentence: str
    parse: Callable[[str], Any]
    secret: bool = False


def _text(text: str) -> str:
    return text


def _optional_text(text: str) -> str | None:
    return text or None


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _optional_path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _integer(*, minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not minimum <= int(text) <= maximum:
            message = f"must be a whole number from {minimum} to {maximum}"
            raise ValueError(message)
        return int(text)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            message = f"must be one of {', '.join(choices)}"
            raise ValueError(message)
        return text

    return parse


def _flag(text: str) -> bool:
    return _one_of("on", "off")(text) == "on"


def _hour_or_off(text: str) -> int | None:
    if text == "off":
        return None
    try:
        return _integer(minimum=0, maximum=23)(text)
    except ValueError:
        message = "must be a whole number from 0 to 23, or off"
        raise ValueError(message) from None


def _own_address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _public_url(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        message = "must be an address that starts with https:// or http://, without a question mark"
        raise ValueError(message)
    return text.rstrip("/")


def _database_url(text: str) -> str | None:
    if text and not text.startswith(("postgresql://", "postgres://")):
        message = "must start with postgresql://"
        raise ValueError(message)
    return text or None


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "data_dir",
        "PLAUDIT_DATA_DIR",
        ".plaudit",
        "Folder of the embedded database (when no database URL is given), its passwords and the secret key.",
        _path,
    ),
    Setting(
        "database_url",
        "PLAUDIT_DATABASE_URL",
        "",
        "PostgreSQL server to use instead of the embedded one, with the role that runs Plaudit.",
        _database_url,
        secret=True,
    ),
    Setting(
        "database_owner_url",
        "PLAUDIT_DATABASE_OWNER_URL",
        "",
        "The same database with the role that owns and migrates the tables; the database URL when empty.",
        _database_url,
        secret=True,
    ),
    Setting("host", "PLAUDIT_HOST", "127.0.0.1", "Address the HTTP server listens on.", _text),
    Setting(
        "port",
        "PLAUDIT_PORT",
        "8080",
        "Port the HTTP server listens on; 0 takes a free one.",
        _integer(minimum=0, maximum=65_535),
    ),
    Setting(
        "public_url",
        "PLAUDIT_PUBLIC_URL",
        "",
        "Address at which the world reaches this server: in links for payers, and where channels send"
        " callbacks. http:// with host and port when empty.",
        _public_url,
    ),
    Setting(
        "outbound_inside",
        "PLAUDIT_OUTBOUND_INSIDE",
        "",
        "What inside your network merchant accounts, media servers, webhooks and mail servers may have this"
        " server call: networks and host names, separated by commas, or * for all. Webhooks and merchant"
        " accounts at what is listed may be plain http. Only the public internet and its own address when"
        " empty.",
        Inside.of,
    ),
    Setting(
        "processes",
        "PLAUDIT_PROCESSES",
        "1",
        "How many processes answer HTTP requests.",
        _integer(minimum=1, maximum=256),
    ),
    Setting(
        "log_level",
        "PLAUDIT_LOG_LEVEL",
        "info",
        "Least severe log line that is written.",
        _one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "log_format",
        "PLAUDIT_LOG_FORMAT",
        "json",
        "Log lines as JSON for machines, or as columns for a terminal.",
        _one_of("json", "console"),
    ),
    Setting(
        "queue_max",
        "PLAUDIT_QUEUE_MAX",
        "8192",
        "Commands that may wait in one process before new ones are answered with 503 and Retry-After.",
        _integer(minimum=1, maximum=1_000_000),
    ),
    Setting(
        "batch_max",
        "PLAUDIT_BATCH_MAX",
        "512",
        "Commands that one commit takes at most.",
        _integer(minimum=1, maximum=10_000),
    ),
    Setting(
        "writers",
        "PLAUDIT_WRITERS",
        "2",
        "Posting writers of one process; each keeps one database connection.",
        _integer(minimum=1, maximum=64),
    ),
    Setting(
        "pool_max",
        "PLAUDIT_POOL_MAX",
        "12",
        "Database connections that one process keeps for everything but the posting writers and listeners.",
        _integer(minimum=1, maximum=1_000),
    ),
    Setting(
        "body_max_bytes",
        "PLAUDIT_BODY_MAX_BYTES",
        "65536",
        "Largest request body that is read.",
        _integer(minimum=1_024, maximum=104_857_600),
    ),
    Setting(
        "shutdown_ms",
        "PLAUDIT_SHUTDOWN_MS",
        "5000",
        "Time that open requests and streams have to end after SIGTERM.",
        _integer(minimum=100, maximum=600_000),
    ),
    Setting(
        "poll_ms",
        "PLAUDIT_POLL_MS",
        "1000",
        "Longest time between two looks for new facts when no notification comes.",
        _integer(minimum=10, maximum=60_000),
    ),
    Setting(
        "listen",
        "PLAUDIT_LISTEN",
        "on",
        "Whether database notifications are listened to; off leaves only the poll, as behind some poolers.",
        _flag,
    ),
    Setting(
        "examine_hour",
        "PLAUDIT_EXAMINE_HOUR",
        "20",
        "Hour of the day, in UTC, at which the books are examined as by `plaudit doctor`, or off.",
        _hour_or_off,
    ),
    Setting(
        "jobs_keep_days",
        "PLAUDIT_JOBS_KEEP_DAYS",
        "30",
        "Days for which a job that failed for the last time is kept.",
        _integer(minimum=1, maximum=3_650),
    ),
    Setting(
        "track_keep_days",
        "PLAUDIT_TRACK_KEEP_DAYS",
        "90",
        "Days for which single page views and clicks are kept; what they come to by hour is kept for good.",
        _integer(minimum=3, maximum=3_650),
    ),
    Setting(
        "clock_file",
        "PLAUDIT_CLOCK_FILE",
        "",
        "File with a time (RFC 3339) or an offset (+seconds) that replaces the machine's clock, for tests.",
        _optional_path,
    ),
    Setting(
        "metrics_dir",
        "PLAUDIT_METRICS_DIR",
        "",
        "Folder in which several processes keep their metrics so that they can be summed.",
        _optional_path,
    ),
    Setting(
        "secret_key",
        "PLAUDIT_SECRET_KEY",
        "",
        "Key that seals stored secrets, 32 bytes as base64url; a key file in the data folder when empty.",
        _optional_text,
        secret=True,
    ),
    Setting(
        "secret_keys_beside",
        "PLAUDIT_SECRET_KEYS_BESIDE",
        "",
        "Keys, with commas between them, that open what was sealed with them and seal nothing: those before"
        " and after the one in use while it is changed.",
        _list,
        secret=True,
    ),
    Setting(
        "shared_buffers_mib",
        "PLAUDIT_SHARED_BUFFERS_MIB",
        "1024",
        "Memory of the embedded database for its shared buffers.",
        _integer(minimum=16, maximum=1_048_576),
    ),
    Setting(
        "start_timeout_ms",
        "PLAUDIT_START_TIMEOUT_MS",
        "600000",
        "Longest wait for the embedded database to start, recovery after a crash included.",
        _integer(minimum=1_000, maximum=86_400_000),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one process was told. See `SETTINGS` for the meaning, variable and default of each field."""

    data_dir: Path
    database_url: str | None
    database_owner_url: str | None
    host: str
    port: int
    public_url: str
    outbound_inside: Inside
    processes: int
    log_level: str
    log_format: str
    queue_max: int
    batch_max: int
    writers: int
    pool_max: int
    body_max_bytes: int
    shutdown_ms: int
    poll_ms: int
    listen: bool
    examine_hour: int | None
    jobs_keep_days: int
    track_keep_days: int
    clock_file: Path | None
    metrics_dir: Path | None
    secret_key: str | None
    secret_keys_beside: tuple[str, ...]
    shared_buffers_mib: int
    start_timeout_ms: int

    def listening_on(self, port: int) -> Settings:
        """Return these settings with the port that is listened on in fact; an address not given follows."""
        derived = self.public_url == _own_address(self.host, self.port)
        public_url = _own_address(self.host, port) if derived else self.public_url
        return replace(self, port=port, public_url=public_url)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read all settings from `environ`.

        Raises `SettingsError` naming every variable that cannot be used, and every PLAUDIT_ variable that
        does not exist: a misspelled setting must not be silently ignored.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for setting in SETTINGS:
            text = environ.get(setting.variable, "").strip() or setting.default
            try:
                values[setting.field] = setting.parse(text)
            except ValueError as error:
                shown = "its value" if setting.secret else repr(text)
                problems.append(f"{setting.variable}: {shown} {error}")
        known = {setting.variable for setting in SETTINGS}
        problems.extend(
            f"{variable}: there is no such setting"
            for variable in sorted(environ)
            if variable.startswith("PLAUDIT_")
            and not variable.startswith(_OF_TESTS)
            and variable not in known | _OF_OTHERS
        )
        if problems:
            raise SettingsError("; ".join(problems))
        values["public_url"] = values["public_url"] or _own_address(values["host"], values["port"])
        values["database_owner_url"] = values["database_owner_url"] or values["database_url"]
        return cls(**values)
