"""`plaudit doctor`, as it is called."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from plaudit.app.cli.doctor import doctor
from plaudit.core.audit import AUDITS
from plaudit.platform.db import connect
from tests.kit.servers import DatabaseUrls


def _run(urls: DatabaseUrls, *arguments: str, **environment: str) -> Result:
    named = {"PLAUDIT_DATABASE_URL": urls.url, "PLAUDIT_DATABASE_OWNER_URL": urls.owner_url}
    return CliRunner().invoke(doctor, arguments, env={**named, **environment}, standalone_mode=False)


@pytest.fixture
def faulty(database: DatabaseUrls) -> DatabaseUrls:
    """Lend a database whose journal claims facts that are not there."""
    with connect(database.url) as conn:
        conn.execute("INSERT INTO journal.head (tenant_id, position) VALUES (1, 3)")
    return database


def test_a_sound_database_is_told_audit_by_audit(database: DatabaseUrls) -> None:
    result = _run(database)
    assert result.exception is None
    assert result.return_value == 0
    for audit in AUDITS:
        assert audit.sentence in result.output
    assert "0 entries of 0 facts" in result.output
    assert "everything holds." in result.output


def test_a_fault_is_named_with_its_tenant_and_sets_the_exit_code(faulty: DatabaseUrls) -> None:
    result = _run(faulty)
    assert result.return_value == 1
    assert "FAULT journal.dense" in result.output
    assert (
        "      tenant 1: There are no facts at positions 1 to 3: they were lost or removed." in result.output
    )
    assert "1 finding." in result.output


def test_programs_get_one_object(faulty: DatabaseUrls) -> None:
    result = _run(faulty, "--json")
    assert result.return_value == 1
    said = json.loads(result.stdout)
    assert said["green"] is False
    assert [finding["audit"] for finding in said["findings"]] == ["journal.dense"]
    assert len(said["audits"]) == len(AUDITS)


def test_a_database_that_cannot_be_reached_ends_with_a_sentence(database: DatabaseUrls) -> None:
    result = _run(database, PLAUDIT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert getattr(result.exception, "exit_code", None) == 2
    assert "onnect" in str(result.exception)
