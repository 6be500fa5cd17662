"""Requests at a steady rate: each at its moment, once, and what came of it by its place."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from pathlib import Path

import pytest

from plaudit.app.drive.load import Spec
from plaudit.app.drive.steady import send, steady_command
from tests.app.drive.fake_api import FakeApi, Told, serving

BODIES = tuple({"viewer": f"v{number}"} for number in range(40))
SPEC = Spec(path="/v1/tips", bodies=BODIES, headers={"Authorization": "Bearer k"}, key_prefix="s")


def test_each_body_is_sent_once_at_its_moment() -> None:
    api = FakeApi()
    api.before = lambda seen: Told(422) if b'"v7"' in seen.body else Told(201)

    async def main() -> None:
        async with serving(api) as url:
            began = time.time()
            steady = await send(url=url, spec=SPEC, per_s=200.0, connections=4)
        assert steady.done == 39
        assert steady.answered_at[7] is None
        answered = [at for at in steady.answered_at if at is not None]
        assert began + 39 / 200 <= answered[-1] <= time.time()
        assert steady.seconds == pytest.approx(39 / 200, abs=0.15)
        assert steady.per_s == pytest.approx(steady.done / steady.seconds)

    asyncio.run(main())
    assert sorted(seen.key for seen in api.seen) == sorted(f"s-{number}" for number in range(40))


def test_it_is_a_process_of_its_own(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"path": "/v1/tips", "bodies": BODIES[:3], "key_prefix": "s"}))
    command = steady_command(url="http://127.0.0.1:1", spec=spec, per_s=100.0, connections=2)
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own module
    # Nobody is there: no answer is none, and not the end.
    assert json.loads(done.stdout)["answered_at"] == [None, None, None]
