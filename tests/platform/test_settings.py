"""Settings: each documented, each checked, wrong ones named without showing secrets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from plaudit.platform.settings import SETTINGS, Settings, SettingsError


def test_every_setting_is_documented_and_every_field_has_a_setting() -> None:
    assert [setting.field for setting in SETTINGS] == [field.name for field in dataclasses.fields(Settings)]
    for setting in SETTINGS:
        assert setting.variable == f"PLAUDIT_{setting.field.upper()}"
        assert setting.sentence.endswith(".")
        setting.parse(setting.default)


def test_defaults() -> None:
    settings = Settings.from_environment({"HOME": "/somewhere", "PLAUDIT_TEST_FOLDER": "/x"})
    assert (settings.host, settings.port, settings.processes, settings.listen) == ("127.0.0.1", 8080, 1, True)
    assert settings.data_dir == Path(".plaudit")
    assert settings.database_url is None
    assert settings.database_owner_url is None


def test_given_values() -> None:
    url = "postgresql://a:b@c/d"
    settings = Settings.from_environment(
        {"PLAUDIT_PORT": " 9000 ", "PLAUDIT_DATABASE_URL": url, "PLAUDIT_LISTEN": "off", "PLAUDIT_HOST": ""}
    )
    assert (settings.port, settings.listen, settings.host) == (9000, False, "127.0.0.1")
    assert settings.database_owner_url == url


def test_the_public_address_is_the_given_one_or_where_the_server_listens() -> None:
    settings = Settings.from_environment({"PLAUDIT_HOST": "::1", "PLAUDIT_PORT": "0"})
    assert settings.public_url == "http://[::1]:0"
    assert settings.listening_on(4711).public_url == "http://[::1]:4711"
    given = Settings.from_environment({"PLAUDIT_PUBLIC_URL": "https://pay.example/base/"})
    assert given.public_url == "https://pay.example/base"
    assert given.listening_on(4711).public_url == "https://pay.example/base"


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("PLAUDIT_PORT", "eighty", "whole number from 0 to 65535"),
        ("PLAUDIT_PORT", "65536", "whole number from 0 to 65535"),
        ("PLAUDIT_PORT", "-1", "whole number"),
        ("PLAUDIT_PORT", "\u0661", "whole number"),
        ("PLAUDIT_LOG_FORMAT", "xml", "json, console"),
        ("PLAUDIT_LISTEN", "yes", "on, off"),
        ("PLAUDIT_PUBLIC_URL", "pay.example", "https:// or http://"),
        ("PLAUDIT_PUBLIC_URL", "https://pay.example/?a=1", "without a question mark"),
        ("PLAUDIT_PROT", "1", "no such setting"),
    ],
)
def test_wrong_ones_are_named(variable: str, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}.*{says}"):
        Settings.from_environment({variable: text})


def test_all_wrong_ones_are_named_at_once_and_no_secret_is_shown() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"PLAUDIT_DATABASE_URL": "mysql://u:hunter2@h/d", "PLAUDIT_WRITERS": "0"})
    assert "PLAUDIT_DATABASE_URL" in str(refused.value)
    assert "PLAUDIT_WRITERS" in str(refused.value)
    assert "hunter2" not in str(refused.value)
