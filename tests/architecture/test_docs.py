"""The documents say how things are: reference pages equal the code, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import click
import pytest

from plaudit.app.cli import cli
from plaudit.platform.settings import SETTINGS
from plaudit.vocabulary.facts import FACTS
from plaudit.vocabulary.permissions import PERMISSIONS
from tests.architecture.trees import ROOT
from tests.kit import reference
from tests.kit.reference import FOLDER, PAGES
from tests.kit.refusals import Refused, refusals

_DECISIONS: Final = ROOT / "docs" / "decisions"
_RECORDS: Final = sorted(_DECISIONS.glob("[0-9]*.md"))
_PARTS: Final = ("## Context", "## Decision", "## Consequences", "## Alternatives", "## Kept by")
_WRITTEN_LATER: Final = frozenset({"docs/proof.json"})
"""What documents name and a command writes."""
_PAGE_MAX_LINES: Final = 80
_MAP_MAX_LINES: Final = 300


def documents(root: Path) -> list[Path]:
    """Return every document of the project."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def dead_links(root: Path) -> list[str]:
    """Find links to files or headings that are not there, and code paths that do not exist."""
    findings: list[str] = []
    for document in documents(root):
        text = document.read_text()
        targets = [
            document.parent / target
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
            if "://" not in target
        ]
        paths = [root / path for path in re.findall(r"`((?:src|tests|docs|migrations)/[\w./-]+)`", text)]
        findings.extend(
            f"{document.relative_to(root)}: {path.relative_to(root)}"
            for path in (*targets, *paths)
            if not path.exists() and path.relative_to(root).as_posix() not in _WRITTEN_LATER
        )
    return findings


def unknown_commands(root: Path) -> list[str]:
    """Find command lines of `plaudit` and `make` in code blocks that could not be typed."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    findings: list[str] = []
    for document in documents(root):
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", document.read_text(), flags=re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = _words(line)
                wrong_target = words[:1] == ["make"] and not set(words[1:]) <= targets
                if wrong_target or (words[:1] == ["plaudit"] and not _exists(words[1:])):
                    findings.append(f"{document.relative_to(root)}: {line}")
    return findings


def _words(line: str) -> list[str]:
    words = shlex.split(line.partition(" #")[0].removeprefix("$ "))
    while words and (re.fullmatch(r"[A-Z_]+=.*", words[0]) or words[0] == "export"):
        del words[0]
    if words and words[0].endswith("/plaudit"):
        words[0] = "plaudit"
    for end, word in enumerate(words):
        if word in {"|", ">", "&&", "&", ";"}:
            return words[:end]
    return words


def _exists(words: list[str]) -> bool:
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        found = command.commands.get(rest.pop(0))
        if found is None:
            return False
        command = found
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return all(word.partition("=")[0] in known | {"--help"} for word in rest if word.startswith("--"))


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("table", ["SETTINGS", "PERMISSIONS", "FACTS"])
def test_what_is_new_makes_its_page_stale(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = getattr(reference, table)
    fewer = known[:-1] if isinstance(known, tuple) else dict(list(known.items())[:-1])
    monkeypatch.setattr(reference, table, fewer)
    name = f"{table.lower()}.md"
    assert (FOLDER / name).read_text() != PAGES[name]()


def test_a_new_code_is_found_with_its_status_and_sentence(tmp_path: Path) -> None:
    module = tmp_path / "src/plaudit/features/wallets/model/adjustments.py"
    module.parent.mkdir(parents=True)
    module.write_text("def f(n):\n    raise refused('moon.full', f'Wait {n} days, at most {REASON_MAX}.')\n")
    assert refusals(tmp_path) == [Refused("moon.full", (422,), ("Wait … days, at most 500.",))]


def test_every_reference_page_is_written_by_us() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)


def test_nothing_is_left_out_of_its_page() -> None:
    wanted = {
        "settings.md": [setting.variable for setting in SETTINGS],
        "permissions.md": list(PERMISSIONS),
        "facts.md": list(FACTS),
        "errors.md": [one.code for one in refusals(ROOT)],
        "cli.md": [f"plaudit {name}" for name, command in cli.commands.items() if not command.hidden],
    }
    for name, words in wanted.items():
        assert words
        page = PAGES[name]()
        assert [word for word in words if f"`{word}`" not in page] == []


def test_links_and_paths_lead_somewhere() -> None:
    assert dead_links(ROOT) == []


def test_a_dead_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("[a](docs/none.md) [b](README.md) `tests/none.py`\n")
    assert dead_links(tmp_path) == ["README.md: docs/none.md", "README.md: tests/none.py"]


def test_commands_in_documents_exist() -> None:
    assert unknown_commands(ROOT) == []


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    lines = [
        "plaudit serve --port 80",
        "plaudit dance",
        "A=b plaudit serve --dance | cat",
        "make test",
        "make dance",
    ]
    (tmp_path / "README.md").write_text("```sh\n" + "\n".join(lines) + "\n```\n")
    named = unknown_commands(tmp_path)
    assert named == [f"README.md: {line}" for line in (lines[1], lines[2], lines[4])]


def test_every_document_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for document in sorted((ROOT / "docs").rglob("*.md")):
        place = document.relative_to(ROOT / "docs").as_posix()
        assert place == "README.md" or f"({place})" in index, place


def test_the_map_of_the_house_fits_in_one_sitting() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= _MAP_MAX_LINES


def test_decisions_are_numbered_without_a_hole() -> None:
    assert [int(path.name[:4]) for path in _RECORDS] == list(range(1, len(_RECORDS) + 1))


@pytest.mark.parametrize("record", _RECORDS, ids=lambda record: record.stem)
def test_a_decision_is_one_page_and_names_what_keeps_it(record: Path) -> None:
    text = record.read_text()
    assert len(text.splitlines()) <= _PAGE_MAX_LINES
    assert re.findall(r"^## .+", text, flags=re.MULTILINE) == list(_PARTS)
    kept_by = text.partition(_PARTS[-1])[2]
    assert re.search(r"`[\w./-]+`", kept_by), "name a test, a contract or a constraint"


def test_tests_named_in_documents_exist() -> None:
    names = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text())
    }
    for document in documents(ROOT):
        for name in re.findall(r"`(test_\w+)`", document.read_text()):
            assert name in names, f"{document.relative_to(ROOT)}: {name}"
