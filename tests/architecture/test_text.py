"""What no file of the project may say: where it was written, or where packages come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.trees import ROOT

_PASSED_OVER: Final = frozenset({"dist", "__pycache__", "node_modules"})
_BINARY: Final = frozenset({".gz", ".png", ".ico", ".woff2"})
# Places of one machine: homes of people and of root, and folders at the root of the disk that hold projects.
_PLACE: Final = re.compile(r"(?<![\w.}~])/(?:root|home|Users|work|workspace|workdir|tmp)/[\w.]")
_URL: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]*://(?:[^\s/\"'`@]*@)?([A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,})\b"
)
_HOSTS: Final = frozenset(
    {
        "api.agora.io",
        "api.mch.weixin.qq.com",
        "api.stripe.com",
        "keepachangelog.com",
        "openapi.alipay.com",
        "plaudit.invalid",
        "semver.org",
        "www.apache.org",
        "www.postgresql.org",
        "www.rfc-editor.org",
        "www.w3.org",
    }
)
"""Hosts that the project may name: standards, licences, channels, and names that can never be reached."""
_EXAMPLES: Final = re.compile(r"(^|\.)(example|example\.(com|org|net)|test|invalid|localhost)$")


def project_files(root: Path) -> Iterator[Path]:
    """Yield every text file of the project: nothing generated, little that is hidden."""
    for path in sorted(root.iterdir()):
        name = path.name
        if name in _PASSED_OVER or name.endswith(".egg-info") or (name.startswith(".") and name not in _KEPT):
            continue
        if path.is_dir():
            yield from project_files(path)
        elif path.suffix not in _BINARY:
            yield path


_KEPT: Final = frozenset({".ci", ".gitignore", ".importlinter"})


def places(root: Path) -> list[str]:
    """Find paths of one machine."""
    return [
        f"{path.relative_to(root)}:{number}: {found[0]}"
        for path in project_files(root)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := _PLACE.search(line))
    ]


def hosts(root: Path) -> list[str]:
    """Find hosts that the project has no business to name, package registries above all."""
    return [
        f"{path.relative_to(root)}:{number}: {host}"
        for path in project_files(root)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for host in _URL.findall(line)
        if host not in _HOSTS and not _EXAMPLES.search(host)
    ]


def test_no_file_names_a_place_of_one_machine() -> None:
    assert places(ROOT) == []


def test_no_file_names_a_foreign_host() -> None:
    assert hosts(ROOT) == []


@pytest.mark.parametrize("folder", ["root", "home/me", "work", "tmp"])
def test_a_place_of_one_machine_is_named(folder: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"See /{folder}/plaudit for more.\n")
    (finding,) = places(tmp_path)
    assert finding.startswith("README.md:1: ")


@pytest.mark.parametrize("scheme", ["https", "http", "git+ssh"])
def test_a_foreign_host_is_named(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(
        f"--index-url {scheme}" + "://user@packages.registry.io/simple\n"
    )
    assert hosts(tmp_path) == ["requirements.lock:1: packages.registry.io"]


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    for line in lines:
        assert re.fullmatch(
            r"#.*|[\w.\[\]-]+==[\w.+!-]+( ; .+)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?|", line
        ), line
