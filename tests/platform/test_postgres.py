"""The embedded server: shared by its starters, gone with the last, back after a kill."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from plaudit.platform.postgres import EmbeddedServerError, Server, embedded
from plaudit.platform.postmaster.account import Account, account_for, unreachable_folder
from plaudit.platform.postmaster.binaries import installation, reachable_programs
from plaudit.platform.postmaster.layout import Layout
from plaudit.platform.postmaster.locks import open_lock, try_shared
from plaudit.platform.postmaster.process import make_socket_dir, remove_socket_dir

_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
_STARTER = """
import sys, time
from pathlib import Path
from plaudit.platform.postgres import embedded
with embedded(data_dir=Path(sys.argv[1]), shared_buffers_mib=32) as server:
    print(server.postmaster_pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def _starter(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until its input is closed."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _STARTER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _first_line(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def _wait_for(condition: Callable[[], bool], *, timeout_s: float = 30) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _gone(pid: int) -> bool:
    """Tell whether the process has ended, if only its parent has not taken note yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _query(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def server(data_dir: Path) -> Iterator[Server]:
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as running:
        yield running


def test_is_durable_private_and_owned_by_nobody_who_runs_it(server: Server) -> None:
    settings = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
    }
    assert {name: _query(server.url, f"SELECT current_setting('{name}')") for name in settings} == settings
    assert (
        _query(server.url, "SELECT bool_and(NOT rolsuper) FROM pg_roles WHERE rolname LIKE 'plaudit_app%'")
        is True
    )
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'plaudit'"
    assert _query(server.url, owner) == "plaudit_owner"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.replace(server.passwords.app, "guess"))
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.layout.passwords.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.layout.cluster.stat().st_mode) == 0o700
    assert not [c for c in psutil.Process(server.postmaster_pid).net_connections("inet") if c.laddr]


def test_a_second_starter_shares_the_server_and_outlives_the_first(data_dir: Path) -> None:
    with _starter(data_dir) as second:
        pid = _first_line(second)
        with embedded(data_dir=data_dir) as first:
            assert first.postmaster_pid == pid
        time.sleep(1)
        assert not _gone(pid), "the other starter still needs it"
    assert _wait_for(lambda: _gone(pid))


def test_starters_at_the_same_moment_make_one_server(data_dir: Path) -> None:
    with _starter(data_dir) as one, _starter(data_dir) as two, _starter(data_dir) as three:
        assert len({_first_line(process) for process in (one, two, three)}) == 1


def test_the_server_ends_after_its_last_starter_was_killed(data_dir: Path) -> None:
    with _starter(data_dir) as process:
        pid = _first_line(process)
        socket_dir = Path(json.loads(Layout(data_dir=data_dir).state.read_text())["socket_dir"])
        assert socket_dir.is_dir()
        process.send_signal(signal.SIGKILL)
        assert _wait_for(lambda: _gone(pid))
    assert _wait_for(lambda: not socket_dir.exists())
    log = next((data_dir / "postgres/cluster/log").glob("*.log")).read_text()
    assert "database system is shut down" in log, "it must end in order, not be killed in turn"


def test_a_killed_server_is_started_again_and_has_lost_nothing(server: Server) -> None:
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.kept (id int)")
        connection.execute("INSERT INTO public.kept SELECT generate_series(1, 1000)")
    pid = server.postmaster_pid
    os.kill(pid, signal.SIGKILL)
    server.wait_until_ready()
    assert _wait_for(lambda: server.postmaster_pid != pid)
    assert _query(server.owner_url, "SELECT count(*) FROM public.kept") == 1000


def test_a_killed_watchdog_does_not_leave_the_server_behind(data_dir: Path) -> None:
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
        pid = server.postmaster_pid
        os.kill(server.watchdog_pid, signal.SIGKILL)
        assert _query(server.url, "SELECT 1") == 1
    assert _gone(pid)


def test_a_new_starter_takes_over_a_server_whose_watchdog_was_killed(server: Server) -> None:
    pid, watchdog = server.postmaster_pid, server.watchdog_pid
    os.kill(watchdog, signal.SIGKILL)
    assert _wait_for(lambda: _gone(watchdog))
    with embedded(data_dir=server.layout.data_dir) as other:
        assert other.postmaster_pid == pid
        assert other.watchdog_pid != watchdog
        os.kill(pid, signal.SIGKILL)
        other.wait_until_ready()
    assert _query(server.url, "SELECT 1") == 1


def test_a_stale_pid_file_naming_a_foreign_process_is_no_obstacle(data_dir: Path) -> None:
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
        lines = (server.layout.cluster / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as foreign:  # noqa: S607 - any living process
        try:
            stale = data_dir / "postgres/cluster/postmaster.pid"
            stale.write_text("\n".join([str(foreign.pid), *lines[1:]]) + "\n")
            with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
                assert _query(server.url, "SELECT 1") == 1
            assert foreign.poll() is None
        finally:
            foreign.kill()


def test_a_broken_configuration_is_told_at_once(data_dir: Path) -> None:
    with embedded(data_dir=data_dir, shared_buffers_mib=32):
        pass
    custom = data_dir / "postgres/custom.conf"
    custom.write_text("no_such_setting = 1\n")
    custom.chmod(0o644)
    with pytest.raises(EmbeddedServerError, match="no_such_setting"), embedded(data_dir=data_dir):
        pass


def test_lost_passwords_are_refused_without_harm(data_dir: Path) -> None:
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
        kept = server.layout.passwords.read_text()
    server.layout.passwords.unlink()
    with pytest.raises(EmbeddedServerError, match=r"passwords\.json is missing"), embedded(data_dir=data_dir):
        pass
    server.layout.passwords.write_text(kept)
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as again:
        assert _query(again.url, "SELECT 1") == 1


@_AS_ROOT
def test_as_root_the_server_runs_under_another_account(server: Server) -> None:
    process = psutil.Process(server.postmaster_pid)
    assert 0 not in process.uids()
    assert 0 not in process.gids()
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert next(line for line in status.splitlines() if line.startswith("Groups:")).split()[1:] == []
    assert server.layout.cluster.stat().st_uid == process.uids().real
    assert server.layout.home.stat().st_uid == 0


@_AS_ROOT
def test_an_unreachable_parent_is_refused_by_name_and_left_alone(data_dir: Path) -> None:
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    wanted = closed / "inner" / "data"
    wanted.parent.mkdir(mode=0o755)
    with pytest.raises(EmbeddedServerError) as refused, embedded(data_dir=wanted):
        pass
    assert str(closed) in str(refused.value)
    assert "chmod o+x" in str(refused.value)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not wanted.exists()


@_AS_ROOT
def test_a_full_folder_that_is_not_a_data_folder_keeps_its_permissions(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    (data_dir / "letters").write_text("dear")
    with pytest.raises(EmbeddedServerError, match="cannot pass"), embedded(data_dir=data_dir):
        pass
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert [path.name for path in data_dir.iterdir()] == ["letters"]


@_AS_ROOT
def test_programs_in_a_closed_folder_are_copied(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(name="nobody", uid=65_534, gid=65_534, switches=True)
    layout = Layout(data_dir=data_dir)
    layout.home.mkdir(parents=True)
    monkeypatch.setattr(
        "plaudit.platform.postmaster.binaries.unreachable_folder", lambda **_arguments: Path("/closed")
    )
    programs = reachable_programs(layout=layout, account=account)
    assert programs.is_relative_to(layout.home)
    assert unreachable_folder(path=programs / "initdb", account=account) is None
    version = subprocess.run(  # noqa: S603 - our own program
        [str(programs / "initdb"), "--version"],
        user=65_534,
        group=65_534,
        extra_groups=[],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert "initdb (PostgreSQL)" in version.stdout


def test_the_newest_postgresql_of_the_wheel_is_taken() -> None:
    folder = installation()
    others = [int(path.name.removeprefix("pginstall") or 0) for path in folder.parent.glob("pginstall*")]
    assert int(folder.name.removeprefix("pginstall") or 0) == max(others)


def test_the_socket_lies_in_a_short_path_that_the_account_can_reach(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_for(cluster=data_dir)
    deep = data_dir / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    folder = make_socket_dir(account=account)
    try:
        assert len(str(folder / ".s.PGSQL.5432")) < 100
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == account.uid
    finally:
        remove_socket_dir(folder)
    assert not folder.exists()


def test_only_socket_folders_of_ours_are_removed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    link = tmp_path / "plaudit-link"
    link.symlink_to(other)
    remove_socket_dir(other)
    remove_socket_dir(link)
    assert other.is_dir()
    assert link.is_symlink()


def test_a_glance_at_the_watchdogs_lock_does_not_keep_it_from_starting(data_dir: Path) -> None:
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
        layout = server.layout
    glance = open_lock(layout.watchdog_lock)
    assert try_shared(glance)
    end = threading.Timer(0.5, os.close, [glance])
    end.start()
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as again:
        assert _query(again.url, "SELECT 1") == 1
    end.join()
