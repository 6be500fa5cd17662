"""What a process does beside answering: it ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from plaudit.app.assembly import assembled
from plaudit.app.background import running
from plaudit.core.commands.references import References
from plaudit.core.journal.subscriptions import LAZY, PROMPT, Rhythm, Runner, Subscription
from plaudit.platform.settings import Settings
from tests.kit.servers import DatabaseUrls


async def test_loops_end_though_a_cancellation_was_dropped(
    database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshing = asyncio.Event()

    async def refresh(_self: References) -> None:
        # As `asyncio.wait_for` does before Python 3.12, when it is cancelled in the moment it is done.
        refreshing.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    monkeypatch.setattr(References, "refresh", refresh)
    settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(tmp_path)})
    async with asyncio.timeout(10):
        async with assembled(settings, url=database.url) as house, running(house, follow=True):
            await refreshing.wait()


async def test_everybody_who_follows_is_followed_by_one_loop(
    database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: dict[Rhythm, set[str]] = {}
    begin = Runner.__init__

    def noted(self: Runner, *, subscriptions: Sequence[Subscription], rhythm: Rhythm, **given: Any) -> None:  # noqa: ANN401 - the rest of them
        followed[rhythm] = {one.name for one in subscriptions}
        begin(self, subscriptions=subscriptions, rhythm=rhythm, **given)

    monkeypatch.setattr(Runner, "__init__", noted)
    settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(tmp_path)})
    async with assembled(settings, url=database.url) as house, running(house, follow=False):
        names = {one.name for one in house.subscriptions}
        posting = {one.name for feature in house.features for one in feature.reactions}
        assert followed == {PROMPT: posting, LAZY: names - posting}
