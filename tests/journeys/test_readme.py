"""What the README says to type works as it stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.trees import ROOT

_PLAUDIT: Final = (str(Path(sys.executable).with_name("plaudit")),)
_ADDRESS: Final = "http://127.0.0.1:8080"


@contextmanager
def _served(environment: dict[str, str]) -> Iterator[str]:
    """Serve on a free port, and lend the address."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [*_PLAUDIT, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            found = re.search(r"answers at (http://\S+)", said)
            assert found, said
            yield found[1]
        finally:
            server.send_signal(signal.SIGTERM)


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's example is typed with curl")
def test_the_first_tip(data_dir: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    (typed,) = [block for block in blocks if "/v1/tips" in block]
    environment = {**os.environ, "PLAUDIT_DATA_DIR": str(data_dir), "PLAUDIT_SHARED_BUFFERS_MIB": "32"}
    opened = subprocess.run(  # noqa: S603 - our own program
        [*_PLAUDIT, "tenant", "create", "acme", "--json"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    key = json.loads(opened.stdout)["key"]
    assert _ADDRESS in typed
    assert "KEY=plk_…" in typed
    with _served(environment) as address:
        script = typed.replace(_ADDRESS, address).replace("KEY=plk_…", f"KEY={key}")
        answers = [_answers(script), _answers(script)]
    tip = answers[0][-1]
    assert tip["shares"] == {"creator_minor": 71, "guild_minor": 0, "platform_minor": 30}
    assert tip["balance_minor"] == 899
    assert answers[1] == answers[0], "the same lines again give the same answers"


def _answers(script: str) -> list[dict[str, object]]:
    done = subprocess.run(  # noqa: S603 - what the README says
        ["bash", "-euc", script],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
