"""The server as a child: serves for as long as its starter lives, whatever way the starter ends.

Standard input is a pipe whose other end the starter holds: the system closes it with the starter. The address
is printed on standard output once it answers.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Final

from plaudit.app import supervisor
from plaudit.platform.settings import Settings

_STOP_GRACE_S: Final = 15.0


def _follow_starter(*, grace_s: float) -> None:
    """End this process when the starter has gone: in good order, and by force when that takes too long."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_s)
    os.kill(os.getpid(), signal.SIGKILL)


def _announce(address: str) -> None:
    print(address, flush=True)  # noqa: T201 -- to the starter, which reads this line


if __name__ == "__main__":
    settings = Settings.from_environment(os.environ)
    grace_s = settings.shutdown_ms / 1000 + _STOP_GRACE_S
    threading.Thread(target=_follow_starter, kwargs={"grace_s": grace_s}, daemon=True).start()
    try:
        sys.exit(supervisor.run(settings, announce=_announce))
    except supervisor.PortTakenError as error:
        sys.exit(f"plaudit: {error}")
