"""The server as a child: serves for as long as its starter lives, whatever way the starter ends.

Standard input is a pipe whose other end the starter holds: the system closes it with the starter. The address
is printed on standard output once it answers.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from plaudit.app import supervisor
from plaudit.platform.settings import Settings


def _follow_starter() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(address: str) -> None:
    print(address, flush=True)  # noqa: T201 -- to the starter, which reads this line


if __name__ == "__main__":
    threading.Thread(target=_follow_starter, name="follow-starter", daemon=True).start()
    sys.exit(supervisor.run(Settings.from_environment(os.environ), announce=_announce))
