"""`make docs`: write docs/reference from the code, so that nothing can be undocumented.

A test compares the pages with what this module would write now.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import click
import msgspec
from prometheus_client.metrics import MetricWrapperBase

from plaudit.app import meters
from plaudit.app.cli import cli
from plaudit.app.cli.main import HELP
from plaudit.core import audit
from plaudit.platform import telemetry
from plaudit.platform.settings import SETTINGS
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts import FACTS
from plaudit.vocabulary.permissions import PERMISSIONS, PERMISSIONS_ZH
from tests.kit.refusals import Refused, refusals

__all__ = ["FOLDER", "PAGES", "accounts", "audits", "commands", "errors", "facts", "permissions", "settings"]

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "docs" / "reference"

_TYPES: Final = {str: "text", int: "integer", bool: "true or false", datetime: "time"}


_FACTS: Final = """\
# Facts

Everything that happens is one fact of one of these kinds. They are read with `GET /v1/facts` and
followed with `GET /v1/facts/stream`; `data` holds the fields below. A field that has its default is
left out. Fields may be added to a version; anything else is a new version. Amounts are integers in
minor units of the asset. Names that end in `_hash` are hashes of personal text, which stands beside
the fact and can be erased.

Every fact also has `position` (dense per tenant, from 1), `kind`, `version`, `subject`, `actor`,
`at` (when it happened), `recorded_at` and `hash`."""
_ACCOUNTS: Final = """\
# Accounts

Everything scarce is an account. Its address is a path whose last segment is the asset: `coin`,
`points` or the code of an active ISO 4217 currency. These are all addresses that exist:"""
_ESCROWS: Final = """\
Before any address, `held/` names its escrow: what open holds have set aside from that account,
never below 0. Value moves between accounts only in transfers that sum to zero per asset, so the sum
over all accounts of an asset is always zero, and minus the balance of `issuance/{asset}` is what
was issued."""
_RANKS: Final = """\
An account is opened when it is first used. Locks are taken by rank, the accounts that everybody
shares last:"""
_PERMISSIONS: Final = """\
# Permissions

What an API key or a person of the staff may be allowed (its scopes). A key can hand on only what it
holds. Tokens of viewers and creators act for the person they name and for nobody else."""
_ERRORS: Final = """\
# Errors

A “no” is an answer of type `application/problem+json` (RFC 9457) with `type`, `title`, `status`,
`code`, `detail`, `instance` and, where it helps, further members. `code` is stable and meant for
programs; `detail` tells a person what to do. Answers with status 429 and 503 carry `Retry-After`. A
refusal changes nothing, and its idempotency key may be used again."""
_SETTINGS: Final = """\
# Settings

Settings come from the environment and are read once, when a process starts. A variable that starts
with `PLAUDIT_` and is not in this table is refused, so that a slip of the pen is not silently
ignored. `plaudit settings` prints the same table with what is set now."""
_AUDITS: Final = """\
# Audits

`plaudit doctor` runs all of these on one snapshot of the database and ends with exit code 0 when
nothing was found. Each of them has a test that plants the fault as superuser and sees it named."""
_METRICS: Final = """\
# Metrics

What `GET /metrics` shows besides the process's own, summed over the processes of one server. Counters
carry `_total` in their samples, histograms `_bucket`, `_count` and `_sum`."""
_COMMANDS: Final = """\
# Command line

Every command has `--help`. Settings come from the environment, see [settings](settings.md)."""


def facts() -> str:
    """Return the page of all kinds of facts, by feature."""
    parts = [_FACTS]
    owner = ""
    for kind, type_ in FACTS.items():
        feature = type_.__module__.rpartition(".")[2]
        if feature != owner:
            owner = feature
            parts.append(f"## {feature}")
        parts += [f"### `{kind}`", f"Version {type_.VERSION}. {_said(type_)}", _fields(type_)]
        for one in _structs_in(type_):
            parts += [f"Each of `{one.__name__}`: {_said(one)}", _fields(one)]
    return _page(parts)


def accounts() -> str:
    """Return the page of the chart of accounts."""
    rows = ((f"`{one.pattern}`", one.sentence_en, _floor(one.floor), one.owner) for one in chart.TEMPLATES)
    ranked = sorted(chart.TEMPLATES, key=_rank)
    table = _table(("address", "what it holds", "never below", "feature"), rows)
    order = _RANKS + "\n" + ", ".join(f"`{one.name}`" for one in ranked) + "."
    return _page([_ACCOUNTS, table, _ESCROWS, order])


def permissions() -> str:
    """Return the page of all permissions."""
    rows = ((f"`{name}`", PERMISSIONS[name], PERMISSIONS_ZH[name]) for name in PERMISSIONS)
    return _page([_PERMISSIONS, _table(("permission", "allows to", "允许"), rows)])


def errors() -> str:
    """Return the page of all codes of refusals and faults."""
    rows = ((f"`{one.code}`", ", ".join(map(str, one.statuses)), _sentences(one)) for one in refusals(ROOT))
    return _page([_ERRORS, _table(("code", "status", "what it says (… stands for a value)"), rows)])


def settings() -> str:
    """Return the page of all settings."""
    rows = (
        (
            f"`{one.variable}`",
            f"`{one.default}`" if one.default else "none",
            one.sentence + (" Secret: never shown." if one.secret else ""),
        )
        for one in SETTINGS
    )
    return _page([_SETTINGS, _table(("variable", "default", "meaning"), rows)])


def audits() -> str:
    """Return the page of what `plaudit doctor` looks at."""
    rows = ((f"`{one.name}`", one.sentence) for one in audit.AUDITS)
    return _page([_AUDITS, _table(("audit", "what must hold"), rows)])


def commands() -> str:
    """Return the page of the command line: the help of every command."""
    return _page([_COMMANDS, *_helps(cli, ("plaudit",))])


def metrics() -> str:
    """Return the page of what is measured."""
    of_house = [one for one in vars(meters).values() if isinstance(one, MetricWrapperBase)]
    of_features = [one for one in telemetry.made() if one not in of_house]
    measured = of_house + sorted(of_features, key=lambda one: one._name)
    rows = (
        (
            f"`{family.name}`",
            family.type,
            ", ".join(f"`{label}`" for label in one._labelnames),
            family.documentation,
        )
        for one in measured
        for family in one.describe()
    )
    return _page([_METRICS, _table(("metric", "type", "labels", "meaning"), rows)])


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "facts.md": facts,
    "accounts.md": accounts,
    "permissions.md": permissions,
    "errors.md": errors,
    "settings.md": settings,
    "audits.md": audits,
    "metrics.md": metrics,
    "cli.md": commands,
}
"""The pages of docs/reference by file name."""


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n\n<!-- Written by `make docs`; change the code instead. -->\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _said(thing: type) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _floor(floor: int | None) -> str:
    return "no floor" if floor is None else str(floor)


def _rank(template: chart.Template) -> int:
    return template.rank


def _sentences(one: Refused) -> str:
    return "<br>".join(one.messages) or "see `detail`"


def _fields(type_: type[msgspec.Struct]) -> str:
    hints = get_type_hints(type_)
    rows = []
    for field in msgspec.structs.fields(type_):
        default = "" if field.required else f"`{msgspec.json.encode(field.default).decode()}`"
        rows.append((f"`{field.name}`", _type(hints[field.name]), default))
    return _table(("field", "type", "default"), rows)


def _structs_in(type_: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    inner = (one for hint in get_type_hints(type_).values() for one in (hint, *get_args(hint)))
    return [one for one in inner if isinstance(one, type) and issubclass(one, msgspec.Struct)]


def _type(hint: Any) -> str:  # noqa: ANN401 - a type as it comes
    if hint in _TYPES:
        return _TYPES[hint]
    if get_origin(hint) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(hint))
    if get_origin(hint) is tuple:
        return f"list of {_type(get_args(hint)[0])}"
    inner = [one for one in get_args(hint) if one is not type(None)]
    if len(inner) == 1:
        return f"{_type(inner[0])} or null"
    return f"`{hint.__name__}`"


def _helps(command: click.Command, path: tuple[str, ...]) -> list[str]:
    if command.hidden:
        return []
    parent: click.Context | None = None
    for name in path[:-1]:
        parent = click.Context(cli, info_name=name, parent=parent)
    context = click.Context(
        command,
        info_name=path[-1],
        parent=parent,
        terminal_width=100,
        max_content_width=100,
        help_option_names=HELP["help_option_names"],
    )
    parts = [f"{'#' * (len(path) + 1)} `{' '.join(path)}`", f"```text\n{command.get_help(context)}\n```"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                parts += _helps(inner, (*path, name))
    return parts


if __name__ == "__main__":
    main()
