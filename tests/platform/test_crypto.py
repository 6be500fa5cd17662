"""Sealed secrets: opened with their key and in their place only; one key for all starters."""

from __future__ import annotations

import base64
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plaudit.platform.crypto import SealError, Vault, keys_beside, secret_key

_KEY = bytes(range(32))


def test_a_sealed_text_opens_with_key_and_context_only() -> None:
    vault = Vault(key=_KEY)
    sealed = vault.seal(text=b"secret", context="tenant/1", randomness=secrets.token_bytes)
    assert b"secret" not in sealed
    assert sealed != vault.seal(text=b"secret", context="tenant/1", randomness=secrets.token_bytes)
    assert vault.open(sealed=sealed, context="tenant/1") == b"secret"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong in (changed, sealed[:10], b"", b"\x02" + sealed[1:]):
        with pytest.raises(SealError):
            vault.open(sealed=wrong, context="tenant/1")
    with pytest.raises(SealError):
        vault.open(sealed=sealed, context="tenant/2")
    with pytest.raises(SealError):
        Vault(key=bytes(32)).open(sealed=sealed, context="tenant/1")


def test_a_key_beside_opens_what_it_sealed_and_seals_nothing() -> None:
    old, new = Vault(key=_KEY), Vault(key=bytes(32), beside=[_KEY])
    sealed = old.seal(text=b"secret", context="tenant/1", randomness=secrets.token_bytes)
    assert new.open(sealed=sealed, context="tenant/1") == b"secret"
    anew = new.reseal(sealed=sealed, context="tenant/1", randomness=secrets.token_bytes)
    assert anew is not None
    assert Vault(key=bytes(32)).open(sealed=anew, context="tenant/1") == b"secret"
    assert new.reseal(sealed=anew, context="tenant/1", randomness=secrets.token_bytes) is None
    for vault, wrong in ((old, anew), (new, sealed[:-1])):
        with pytest.raises(SealError, match="PLAUDIT_SECRET_KEYS_BESIDE"):
            vault.reseal(sealed=wrong, context="tenant/1", randomness=secrets.token_bytes)


def test_marks_of_a_key_beside_are_known_and_not_made() -> None:
    old, new = Vault(key=_KEY), Vault(key=bytes(32), beside=[_KEY])
    given = old.mark(text=b"link", context="place")
    assert new.mark(text=b"link", context="place") != given
    assert new.marks(text=b"link", context="place") == (new.mark(text=b"link", context="place"), given)


def test_keys_beside_are_read_as_the_key_is() -> None:
    text = base64.urlsafe_b64encode(_KEY).decode()
    assert keys_beside([text, text.rstrip("=")]) == (_KEY, _KEY)
    with pytest.raises(SealError, match="PLAUDIT_SECRET_KEYS_BESIDE must hold 32 bytes"):
        keys_beside([text, "short"])


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    def load(_number: int) -> bytes:
        return secret_key(given=None, data_dir=data_dir, randomness=secrets.token_bytes)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load, range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert [path.name for path in data_dir.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((data_dir / "secret.key").stat().st_mode) == 0o600


def test_the_setting_replaces_the_file(tmp_path: Path) -> None:
    text = base64.urlsafe_b64encode(_KEY).decode().rstrip("=")
    assert secret_key(given=text, data_dir=tmp_path, randomness=secrets.token_bytes) == _KEY
    assert not list(tmp_path.iterdir())
    for wrong in ("short", "", "!" * 43):
        with pytest.raises(SealError, match="PLAUDIT_SECRET_KEY"):
            secret_key(given=wrong, data_dir=tmp_path, randomness=secrets.token_bytes)
