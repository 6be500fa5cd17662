"""The load generators count what the server answered, each request under a key of its own."""

import asyncio
import json
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plaudit.app.drive.client import UnreachableError
from plaudit.app.drive.load import Outcome, Spec, generator_here, load_command, read_spec, run_load
from plaudit.app.drive.wrk import WrkError, outcome_of, run_wrk, script_of
from tests.app.drive.fake_api import FakeApi, Seen, Told, serving

SPEC = Spec(
    path="/v1/tips",
    headers={"Authorization": "Bearer k"},
    bodies=({"creator": "c1"}, {"creator": "c2"}, {"creator": "c3"}),
    key_prefix="bench",
)
TOLD = {b"c1": Told(201), b"c2": Told(422), b"c3": Told(503, headers={"Retry-After": "1"})}


def answering() -> FakeApi:
    api = FakeApi()
    api.before = lambda seen: next(told for name, told in TOLD.items() if name in seen.body)
    return api


def loaded(api: FakeApi) -> Outcome:
    async def main() -> Outcome:
        async with serving(api) as url:
            return await run_load(url=url, spec=SPEC, connections=4, seconds=0.4, warmup_s=0.1)

    return asyncio.run(main())


def test_answers_are_counted_by_what_they_say() -> None:
    api = answering()
    outcome = loaded(api)
    assert outcome.requests == outcome.done + outcome.refused + outcome.errors > 30
    assert outcome.done == pytest.approx(outcome.requests / 3, abs=3)
    assert outcome.refused == pytest.approx(outcome.errors, abs=3)
    assert outcome.rps == pytest.approx(outcome.requests / outcome.seconds, rel=0.01)
    assert 0 < outcome.latency_ms.p50 <= outcome.latency_ms.p99 <= outcome.latency_ms.max
    assert (outcome.generator, outcome.connections) == ("plaudit", 4)
    keys = [seen.key for seen in api.seen]
    assert len(set(keys)) == len(keys) > outcome.requests
    assert all(key.startswith("bench-") for key in keys)


def test_bodies_may_have_headers_of_their_own_and_be_sent_once() -> None:
    bodies = tuple({"number": number} for number in range(40))
    own = tuple({"Signature": f"s{number}"} for number in range(40))
    spec = Spec(path="/v1/callbacks/x/y", bodies=bodies, own_headers=own, once=True)
    api = FakeApi()
    api.before = lambda _seen: Told(201)

    async def main() -> Outcome:
        async with serving(api) as url:
            return await run_load(url=url, spec=spec, connections=4, seconds=0.5)

    outcome = asyncio.run(main())
    assert (outcome.done, outcome.errors) == (40, 0)
    assert sorted(seen.headers["signature"] + seen.body.decode() for seen in api.seen) == sorted(
        f's{number}{{"number":{number}}}' for number in range(40)
    )


def test_headers_of_some_bodies_only_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text('{"path": "/v1/x", "bodies": [1, 2], "own_headers": [{"a": "b"}]}')
    with pytest.raises(ValueError, match="for every body or for none"):
        read_spec(path=path)


def test_lost_connections_are_errors_and_opened_anew() -> None:
    api = answering()

    async def lose_some(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if len(api.seen) % 10:
            return False
        writer.transport.abort()
        await asyncio.sleep(0)
        return True

    api.fault = lose_some
    outcome = loaded(api)
    assert outcome.errors > outcome.refused
    assert outcome.done > 10


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(UnreachableError):
        asyncio.run(run_load(url="http://127.0.0.1:9", spec=SPEC, connections=1, seconds=1))


@contextmanager
def in_thread(api: FakeApi) -> Iterator[str]:
    """Serve from another thread, so that a process of its own can be waited for."""
    ready, done = threading.Event(), threading.Event()
    found: list[str] = []

    async def main() -> None:
        async with serving(api) as url:
            found.append(url)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        done.set()
        thread.join()


def spec_file(folder: Path) -> Path:
    path = folder / "spec.json"
    path.write_text(
        json.dumps(
            {"path": SPEC.path, "headers": SPEC.headers, "bodies": SPEC.bodies, "key_prefix": "bench"}
        ),
        encoding="utf-8",
    )
    return path


def test_a_process_of_its_own_prints_one_json_object(tmp_path: Path) -> None:
    spec = spec_file(tmp_path)
    assert read_spec(path=spec) == SPEC
    with in_thread(answering()) as url:
        command = load_command(url=url, spec=spec, connections=2, seconds=0.3, warmup_s=0.0, target="noop")
        printed = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout  # noqa: S603 -- ours
    told = json.loads(printed)
    assert told["target"] == "noop"
    assert told["requests"] > 0
    assert set(told["latency_ms"]) == {"p50", "p90", "p99", "max"}


def test_a_spec_without_bodies(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text('{"path": "/", "bodies": []}', encoding="utf-8")
    with pytest.raises(ValueError, match="at least one body"):
        read_spec(path=path)


WRK_LINE = (
    'plaudit-outcome {"requests":1000,"micros":2000000,"status":20,"connect":0,"read":1,"write":0,'
    '"timeout":2,'
    '"p50":1500.0,"p90":3000.0,"p99":9000.0,"max":20000.0}'
)


def test_what_wrk_prints_is_read() -> None:
    outcome = outcome_of(output=f"Running 2s test\n{WRK_LINE}\n", connections=8, target="tips", ended_at="x")
    assert (outcome.requests, outcome.done, outcome.refused, outcome.errors) == (1000, 980, 20, 3)
    assert (outcome.rps, outcome.latency_ms.p99, outcome.generator) == (500.0, 9.0, "wrk")


@pytest.mark.parametrize("output", ["", "Running 2s test", "plaudit-outcome {}"])
def test_what_wrk_did_not_print(output: str) -> None:
    with pytest.raises(WrkError):
        outcome_of(output=output, connections=8, target="tips", ended_at="x")


def test_the_script_quotes_whatever_it_is_given() -> None:
    spec = Spec(path="/v1/tips", bodies=({"m": 'a"\\\n]]é'},), headers={"X": 'q"'}, key_prefix="p")
    script = script_of(spec=spec)
    assert '"{\\034m\\034:\\034a\\092\\034\\092\\092\\092n]]\\195\\169\\034}"' in script
    assert 'headers["X"] = "q\\034"' in script
    assert '"p-" .. lane' in script


def test_a_wrk_on_the_path_is_run_with_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "wrk"
    fake.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$*\" > {tmp_path}/called\necho '{WRK_LINE}'\n", encoding="utf-8"
    )
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert generator_here() == "wrk"
    outcome = asyncio.run(
        run_wrk(url="http://127.0.0.1:1/x", spec=SPEC, connections=8, seconds=2, target="tips")
    )
    assert outcome.requests == 1000
    called = (tmp_path / "called").read_text(encoding="utf-8")
    assert "-t 2 -c 8 -d 2s" in called
    assert called.rstrip().endswith("http://127.0.0.1:1/x/v1/tips")


def test_a_wrk_that_fails(tmp_path: Path) -> None:
    fake = tmp_path / "wrk"
    fake.write_text("#!/bin/sh\necho broken >&2\nexit 3\n", encoding="utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(WrkError, match="ended with 3: broken"):
        asyncio.run(
            run_wrk(url="http://h", spec=SPEC, connections=1, seconds=1, target="tips", wrk=str(fake))
        )


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not on the PATH")
def test_the_real_wrk() -> None:
    api = answering()
    with in_thread(api) as url:
        outcome = asyncio.run(run_wrk(url=url, spec=SPEC, connections=4, seconds=1, target="tips"))
    assert outcome.requests > 10
    assert outcome.refused == pytest.approx(outcome.requests * 2 / 3, rel=0.2)
    keys = [seen.key for seen in api.seen]
    assert len(set(keys)) == len(keys)
