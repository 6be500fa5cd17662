"""Creating the cluster once, and its configuration at every start."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from plaudit.platform.postmaster.account import Account, make_private
from plaudit.platform.postmaster.errors import EmbeddedServerError
from plaudit.platform.postmaster.layout import Layout
from plaudit.platform.postmaster.process import PORT, clean_environment

__all__ = ["SUPERUSER", "Passwords", "create_cluster", "passwords_of", "write_configuration"]

SUPERUSER: Final = "plaudit_superuser"
_INITDB_TIMEOUT_S: Final = 300

_ACCESS: Final = """\
# Written by Plaudit at every start.
local all all scram-sha-256
local replication {superuser} scram-sha-256
"""

_CONFIGURATION: Final = """\
# Written by Plaudit at every start; settings of your own belong into custom.conf beside this file.
listen_addresses = ''
port = {port}
unix_socket_permissions = 0700
password_encryption = scram-sha-256
max_connections = 200

shared_buffers = {shared_buffers_mib}MB
max_wal_size = 4GB
min_wal_size = 256MB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_compression = {wal_compression}
random_page_cost = 1.1
jit = off

log_destination = stderr
logging_collector = on
log_directory = log
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_truncate_on_rotation = on
log_timezone = UTC
timezone = UTC
lc_messages = C

include_if_exists = 'custom.conf'

# An answer "done" means on disk: these three are not negotiable.
fsync = on
full_page_writes = on
synchronous_commit = on
"""


@dataclass(frozen=True, slots=True)
class Passwords:
    """The generated passwords of the three login roles."""

    superuser: str
    owner: str
    app: str


def passwords_of(layout: Layout) -> Passwords:
    """Return the passwords, generating them (0600) when there are none. Call it under the start lock."""
    try:
        return Passwords(**json.loads(layout.passwords.read_text()))
    except FileNotFoundError:
        pass
    if layout.cluster.exists():
        message = (
            f"{layout.passwords} is missing, so nobody can sign in to the cluster beside it; "
            "restore that file."
        )
        raise EmbeddedServerError(message)
    passwords = Passwords(*(secrets.token_urlsafe(24) for _ in range(3)))
    _write(layout.passwords, json.dumps(asdict(passwords)), mode=0o600)
    return passwords


def _write(path: Path, text: str, *, mode: int) -> None:
    staged = path.with_name(f"{path.name}.new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)


def create_cluster(*, layout: Layout, account: Account, programs: Path, password: str) -> None:
    """Run initdb unless the cluster exists.

    It appears whole or not at all: a broken start leaves none behind. UTF-8 text ordered by code point (the
    same on every machine), data checksums, SCRAM passwords.
    """
    if layout.cluster.exists():
        return
    work = Path(tempfile.mkdtemp(prefix="creating-", dir=layout.home))
    try:
        make_private(folder=work, account=account)
        secret = work / "password"
        _write(secret, password, mode=0o600)
        if account.switches:
            os.chown(secret, account.uid, account.gid)
        command = [
            *(str(programs / "initdb"), "--pgdata", str(work / "cluster"), "--username", SUPERUSER),
            *("--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8"),
            *(
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                "--locale",
                "C",
                "--data-checksums",
            ),
        ]
        done = subprocess.run(  # noqa: S603 - our own program with our own arguments
            command,
            cwd=work,
            env=clean_environment(),
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_INITDB_TIMEOUT_S,
            **account.process_arguments(),
        )
        if done.returncode != 0:
            message = f"initdb failed ({done.returncode}): {done.stderr.strip()}"
            raise EmbeddedServerError(message)
        (work / "cluster").rename(layout.cluster)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_configuration(*, layout: Layout, account: Account, programs: Path, shared_buffers_mib: int) -> None:
    """Write the server's configuration beside the cluster, where the server may read but not change it."""
    mode = 0o644 if account.switches else 0o600
    configure = subprocess.run(  # noqa: S603 - our own program with our own arguments
        [str(programs / "pg_config"), "--configure"],
        capture_output=True,
        check=False,
        text=True,
        cwd=layout.home,
    ).stdout
    text = _CONFIGURATION.format(
        port=PORT,
        shared_buffers_mib=shared_buffers_mib,
        # Without lz4 the only choice is pglz, which takes more time than the bytes it saves are worth.
        wal_compression="lz4" if "--with-lz4" in configure else "off",
    )
    _write(layout.home / "postgresql.conf", text, mode=mode)
    _write(layout.home / "pg_hba.conf", _ACCESS.format(superuser=SUPERUSER), mode=mode)
