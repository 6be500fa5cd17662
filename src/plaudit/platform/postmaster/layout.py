"""Where everything of one embedded server lies inside the data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plaudit.platform.postmaster.account import Account, check_reachable
from plaudit.platform.postmaster.errors import EmbeddedServerError

__all__ = ["Layout", "prepare"]

_OURS_ONLY: Final = 0o700
_PASSABLE: Final = 0o711
_MARK: Final = "postgres"
_CONTENTS: Final = (_MARK, "secret.key", "metrics")


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the data folder.

    `home` belongs to whoever starts the server; `cluster`, and nothing else, to the account it runs under.
    """

    data_dir: Path

    @property
    def home(self) -> Path:
        """Folder of everything about the embedded server."""
        return self.data_dir / _MARK

    @property
    def cluster(self) -> Path:
        """The data directory of PostgreSQL."""
        return self.home / "cluster"

    @property
    def passwords(self) -> Path:
        """File with the generated passwords."""
        return self.home / "passwords.json"

    @property
    def state(self) -> Path:
        """File in which the watchdog tells how the server is."""
        return self.home / "state.json"

    @property
    def log(self) -> Path:
        """What the postmaster and the watchdog print before the server's own log is open."""
        return self.home / "start.log"

    @property
    def starters_lock(self) -> Path:
        """Held shared by every starter; taken exclusively by the watchdog to learn that all have gone."""
        return self.home / "starters.lock"

    @property
    def start_lock(self) -> Path:
        """Held by the one starter that is creating or starting the server."""
        return self.home / "start.lock"

    @property
    def watchdog_lock(self) -> Path:
        """Held by the watchdog as long as it lives."""
        return self.home / "watchdog.lock"


def prepare(*, layout: Layout, account: Account) -> None:
    """Create the data folder and its `home`, and make sure that `account` can reach the cluster.

    The data folder itself is ours when we create it, or when it holds nothing but what Plaudit keeps there;
    only then is its own mode set. Raises EmbeddedServerError when the account cannot get there.
    """
    check_reachable(path=layout.data_dir.parent, account=account, purpose="the data folder below")
    mode = _PASSABLE if account.switches else _OURS_ONLY
    ours = not layout.data_dir.exists() or all(
        path.name.removeprefix(".").startswith(_CONTENTS) for path in layout.data_dir.iterdir()
    )
    layout.data_dir.mkdir(mode=mode, parents=True, exist_ok=True)
    if ours and layout.data_dir.stat().st_uid == os.geteuid():
        layout.data_dir.chmod(mode)
    check_reachable(path=layout.data_dir, account=account, purpose="the data folder")
    layout.home.mkdir(mode=mode, exist_ok=True)
    status = layout.home.lstat()
    if layout.home.is_symlink() or status.st_uid != os.geteuid():
        message = (
            f"{layout.home} belongs to another user (uid {status.st_uid}); use a data folder of your own."
        )
        raise EmbeddedServerError(message)
    layout.home.chmod(mode)
