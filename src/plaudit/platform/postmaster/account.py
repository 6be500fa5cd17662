"""The account that PostgreSQL runs under, and whether it can reach a folder.

PostgreSQL refuses to run as root. Started as root, the server runs under an unprivileged account; folders
that it owns are handed to that account, and no other folder's owner or permissions are ever touched.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plaudit.platform.postmaster.errors import EmbeddedServerError

__all__ = ["Account", "account_for", "check_reachable", "make_private", "unreachable_folder"]

_CANDIDATES: Final = ("postgres", "nobody")
_PRIVATE: Final = 0o700


@dataclass(frozen=True, slots=True)
class Account:
    """User and group that own the cluster; `switches` tells that we are root and must change to them."""

    name: str
    uid: int
    gid: int
    switches: bool

    def process_arguments(self) -> dict[str, Any]:
        """Return the arguments of `subprocess.Popen` that start a process under this account."""
        if not self.switches:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def account_for(*, cluster: Path) -> Account:
    """Return the account for `cluster`.

    That is ourselves; as root, the owner of an existing cluster, else the first known account. Raises
    EmbeddedServerError when we are root and the machine has no unprivileged account.
    """
    if os.geteuid() != 0:
        return Account(name=_name_of(os.geteuid()), uid=os.geteuid(), gid=os.getegid(), switches=False)
    if cluster.is_dir() and (owner := cluster.stat()).st_uid != 0:
        return Account(name=_name_of(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid, switches=True)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switches=True)
    message = (
        "PostgreSQL does not run as root, and this machine has neither an account named "
        f"{' nor '.join(_CANDIDATES)}. Start Plaudit as an ordinary user, or create such an account."
    )
    raise EmbeddedServerError(message)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def unreachable_folder(*, path: Path, account: Account) -> Path | None:
    """Return the topmost folder on the way to `path`, itself included, that `account` may not pass."""
    if not account.switches:
        return None
    resolved = path.resolve()
    for folder in [*reversed(resolved.parents), resolved]:
        if not folder.exists():
            return None
        status = folder.stat()
        if status.st_uid == account.uid:
            passable = status.st_mode & stat.S_IXUSR
        elif status.st_gid == account.gid:
            passable = status.st_mode & stat.S_IXGRP
        else:
            passable = status.st_mode & stat.S_IXOTH
        if not passable:
            return folder
    return None


def check_reachable(*, path: Path, account: Account, purpose: str) -> None:
    """Raise EmbeddedServerError, naming the folder in the way, when `account` cannot reach `path`."""
    folder = unreachable_folder(path=path, account=account)
    if folder is not None:
        mode = stat.filemode(folder.stat().st_mode)
        message = (
            f"The account {account.name}, under which PostgreSQL runs because Plaudit was started as root, "
            f"cannot pass through the folder {folder} ({mode}) to {purpose} {path}. Plaudit does not change "
            f"the permissions of folders that are not its own. Choose another PLAUDIT_DATA_DIR (for example "
            f"/var/lib/plaudit), start Plaudit as an ordinary user, or let the account through yourself "
            f"(chmod o+x {folder})."
        )
        raise EmbeddedServerError(message)


def make_private(*, folder: Path, account: Account) -> None:
    """Create `folder` (0700, owned by `account`); an existing one must be a real folder of that account."""
    try:
        folder.mkdir(mode=_PRIVATE)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {account.uid, os.geteuid()}:
            message = (
                f"{folder} is not a folder of the account {account.name}; remove it or choose another place."
            )
            raise EmbeddedServerError(message) from None
    if account.switches and folder.stat().st_uid != account.uid:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    folder.chmod(_PRIVATE)
