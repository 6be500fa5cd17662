"""The same load by `wrk`, where it is on the PATH: a Lua script is written, its last line of output parsed.

Source: wrk's SCRIPTING document (setup, init, request, done; `summary`, `latency` in microseconds).
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from plaudit.app.drive.client import server_of
from plaudit.app.drive.load import Outcome, Spec
from plaudit.app.drive.report import Latency
from plaudit.kernel.time import format_time

_MARK: Final = "plaudit-outcome "
_THREADS_MAX: Final = 2
_TIMEOUT_S: Final = 30
_GRACE_S: Final = 60


class WrkError(Exception):
    """wrk ended with an error or printed something else than was asked of it."""


class _Summary(msgspec.Struct, frozen=True):
    requests: int
    micros: int
    status: int
    connect: int
    read: int
    write: int
    timeout: int
    p50: float
    p90: float
    p99: float
    max: float


def script_of(*, spec: Spec) -> str:
    """Return the Lua script: bodies in turn, a key a request, the outcome as one JSON line."""
    bodies = ",\n".join(_quoted(msgspec.json.encode(body).decode()) for body in spec.bodies)
    headers = {**spec.headers, "Content-Type": "application/json"}
    fields = "\n".join(f"headers[{_quoted(name)}] = {_quoted(value)}" for name, value in headers.items())
    return _SCRIPT % {
        "bodies": bodies,
        "headers": fields,
        "prefix": _quoted(spec.key_prefix + "-"),
        "mark": _quoted(_MARK),
    }


_SCRIPT: Final = """\
local threads = 0
function setup(thread)
  thread:set("lane", threads)
  threads = threads + 1
end

local bodies = {
%(bodies)s
}
local headers = {}
%(headers)s
local number = 0
local prefix

function init(args)
  prefix = %(prefix)s .. lane .. "-"
  number = lane * 7919
end

function request()
  number = number + 1
  headers["Idempotency-Key"] = prefix .. number
  return wrk.format("POST", nil, headers, bodies[number %% #bodies + 1])
end

function done(summary, latency, requests)
  io.write("\\n", %(mark)s, string.format(
    '{"requests":%%d,"micros":%%d,"status":%%d,"connect":%%d,"read":%%d,"write":%%d,"timeout":%%d,' ..
    '"p50":%%.1f,"p90":%%.1f,"p99":%%.1f,"max":%%.1f}',
    summary.requests, summary.duration, summary.errors.status, summary.errors.connect, summary.errors.read,
    summary.errors.write, summary.errors.timeout, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency.max), "\\n")
end
"""


async def run_wrk(
    *, url: str, spec: Spec, connections: int, seconds: int, target: str, wrk: str = "wrk"
) -> Outcome:
    """Load the server for whole `seconds`. Raises WrkError when wrk fails or cannot be understood."""
    server = server_of(url=url)
    address = f"{'https' if server.tls else 'http'}://{server.authority}{server.prefix}{spec.path}"
    threads = min(_THREADS_MAX, connections)
    with tempfile.TemporaryDirectory(prefix="plaudit-wrk-") as folder:
        script = Path(folder) / "load.lua"
        script.write_text(script_of(spec=spec), encoding="utf-8")
        options = [
            "-t",
            str(threads),
            "-c",
            str(connections),
            "-d",
            f"{seconds}s",
            "--timeout",
            f"{_TIMEOUT_S}s",
        ]
        process = await asyncio.create_subprocess_exec(
            wrk, *options, "--latency", "-s", str(script), address,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(seconds + _GRACE_S):
                output, complaint = await process.communicate()
        except TimeoutError as fault:
            raise WrkError(f"wrk did not end {_GRACE_S} s after its time") from fault
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    ended_at = format_time(datetime.now(UTC))
    if process.returncode != 0:
        raise WrkError(f"wrk ended with {process.returncode}: {complaint.decode(errors='replace')[:500]}")
    return outcome_of(
        output=output.decode(errors="replace"), connections=connections, target=target, ended_at=ended_at
    )


def outcome_of(*, output: str, connections: int, target: str, ended_at: str) -> Outcome:
    """Parse wrk's output, in which `script_of` made a line of its own."""
    lines = [line.removeprefix(_MARK) for line in output.splitlines() if line.startswith(_MARK)]
    if len(lines) != 1:
        raise WrkError(f"wrk printed no outcome: {output[-500:]}")
    try:
        found = msgspec.json.decode(lines[0], type=_Summary)
    except msgspec.MsgspecError as fault:
        raise WrkError(f"wrk's outcome cannot be read: {lines[0][:500]}") from fault
    seconds = found.micros / 1_000_000
    return Outcome(
        target=target,
        requests=found.requests,
        done=found.requests - found.status,
        refused=found.status,
        errors=found.connect + found.read + found.write + found.timeout,
        seconds=round(seconds, 3),
        rps=round(found.requests / seconds, 1) if seconds else 0.0,
        latency_ms=Latency(
            p50=round(found.p50 / 1000, 3),
            p90=round(found.p90 / 1000, 3),
            p99=round(found.p99 / 1000, 3),
            max=round(found.max / 1000, 3),
        ),
        connections=connections,
        generator="wrk",
        ended_at=ended_at,
    )


def _quoted(text: str) -> str:
    """Return a Lua string: everything but plain ASCII as decimal escapes of its bytes."""
    plain = {byte for byte in range(32, 127) if chr(byte) not in '"\\'}
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03d}" for byte in text.encode()) + '"'
