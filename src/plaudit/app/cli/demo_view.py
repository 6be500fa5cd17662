"""What the demo prints, headed in English and Chinese."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from plaudit.app.cli.own_server import OwnServer
from plaudit.app.drive.report import Ranked, Report, Verdict, amount_text
from plaudit.app.drive.tour import Line

_FINDINGS_MAX: Final = 20
_TRY_VIEWER: Final = "you"
_TRY_CREATOR: Final = "aurora"
_CLOCK_TIME: Final = slice(11, 19)


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """What came in before the show: who paid at the sandbox, how much, and how long it took."""

    viewers: int
    paid_minor: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Shown:
    """One show as the server tells it: rankings, and the newest lines of its top creator's statement."""

    show: str
    seed: int
    currency: str
    topped: ToppedUp
    report: Report
    payers: Sequence[Ranked]
    creators: Sequence[Ranked]
    creator: str
    statement: Sequence[Line]


def print_show(*, console: Console, shown: Shown) -> None:
    """Print who paid and got most, a statement, the pace, and what the doctor says."""
    report = shown.report
    console.rule(f"Plaudit demo · 演示 · {shown.show}")
    _print_ranking(console, ("Top payers · 打赏榜", "viewer · 观众"), shown.payers, shown.currency)
    _print_ranking(console, ("Top creators · 主播榜", "creator · 主播"), shown.creators, shown.currency)
    _print_statement(console, shown)
    sums = ", ".join(amount_text(amount_minor=total, currency=code) for code, total in report.sums.items())
    latency = report.latency_ms
    paid = amount_text(amount_minor=shown.topped.paid_minor, currency=shown.currency)
    console.print(
        f"\n[bold]Top-ups · 充值[/]  {shown.topped.viewers:,} viewers paid {paid} through the sandbox channel"
        f" in {shown.topped.seconds:,.1f} s"
    )
    console.print(
        f"[bold]Tips · 打赏[/]  {report.done:,} of {report.rows:,} done, {sums}; refused {report.refused:,}"
    )
    console.print(
        f"[bold]Tips a second · 每秒打赏数[/]  {report.tips_per_s:,.0f} over {report.seconds:,.1f} s; "
        f"p50 {latency.p50:,.1f} ms, p99 {latency.p99:,.1f} ms"
    )
    _print_verdict(console, report.doctor)


def print_addresses(*, console: Console, own: OwnServer, show: str, data_dir: Path, stays: bool) -> None:
    """Print where the server is and how to try it."""
    console.print("\n[bold]Addresses · 地址[/]")
    for name, path in (
        ("API · 接口", "/v1"),
        ("Docs · 文档", "/docs"),
        ("Metrics · 指标", "/metrics"),
    ):
        console.print(f"  {name:<14} {own.url}{path}", soft_wrap=True)
    console.print(f"  {'Key · 密钥':<14} {own.key}", soft_wrap=True)
    console.print(f"  {'Data · 数据':<14} {data_dir.absolute()}", soft_wrap=True)
    console.print("\n[bold]Try it · 试一试[/]")
    for command in commands(own=own, show=show):
        console.print(command, soft_wrap=True, markup=False)
    if stays:
        console.print("\nThe server stays up; Ctrl-C ends it. · 服务持续运行, 按 Ctrl-C 结束。")
    else:
        console.print("\nThe server ends now: there is no terminal. · 没有终端, 服务现在结束。")


def commands(*, own: OwnServer, show: str) -> list[str]:
    """Return commands for a shell that work while the server is up: pay in, tip, and read the statement."""
    tip = {
        "viewer": _TRY_VIEWER,
        "creator": _TRY_CREATOR,
        "asset": "USD",
        "amount_minor": 1_500,
        "message": "Hi!",
    }
    return [
        _curl(
            own,
            f"/v1/wallets/{_TRY_VIEWER}/credits",
            {"asset": "USD", "amount_minor": 5_000},
            f"try-in-{show}",
        ),
        _curl(own, "/v1/tips", tip, f"try-tip-{show}"),
        _curl(own, f"/v1/creators/{_TRY_CREATOR}/statement?asset=USD&limit=1"),
    ]


def _curl(own: OwnServer, path: str, body: object = None, key: str = "") -> str:
    parts = [
        f"curl -s {shlex.quote(own.url + path)}",
        f"-H {shlex.quote(f'Authorization: Bearer {own.key}')}",
    ]
    if body is not None:
        parts += [
            f"-H {shlex.quote(f'Idempotency-Key: {key}')} -H 'Content-Type: application/json'",
            f"-d {shlex.quote(msgspec.json.encode(body).decode())}",
        ]
    return " \\\n    ".join(parts)


def _print_ranking(
    console: Console, headings: tuple[str, str], ranked: Sequence[Ranked], currency: str
) -> None:
    title, who = headings
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.add_column("#", justify="right")
    table.add_column(who)
    table.add_column("tips · 笔数", justify="right")
    table.add_column("amount · 金额", justify="right")
    for place, one in enumerate(ranked, 1):
        amount = amount_text(amount_minor=one.amount_minor, currency=currency)
        table.add_row(str(place), one.id, f"{one.tips:,}", amount)
    console.print(table)


def _print_statement(console: Console, shown: Shown) -> None:
    table = Table(
        title=f"Statement of {shown.creator} · 主播对账单 ({shown.currency}, UTC)",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("at\n时间", "cause\n事由", "from\n来自"):
        table.add_column(heading, no_wrap=True)
    for heading in ("tip\n打赏", "share\n分成", "before\n之前", "after\n之后"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in shown.statement:
        tip_minor = line.cause.amount_minor or 0
        amounts = (tip_minor, line.amount_minor, line.balance_before_minor, line.balance_after_minor)
        table.add_row(
            line.at[_CLOCK_TIME],
            line.kind,
            line.cause.viewer or "anonymous · 匿名",
            *(amount_text(amount_minor=one, currency=shown.currency).split(" ")[0] for one in amounts),
        )
    console.print(table)


def _print_verdict(console: Console, verdict: Verdict | None) -> None:
    assert verdict is not None, "an embedded replay asks the doctor"
    if verdict.green:
        console.print(
            f"[bold]Doctor · 账目体检[/]  [green]green · 正常[/]: {verdict.audits} audits; "
            f"equal to the rebuild: {', '.join(verdict.projections)}"
        )
        return
    console.print(f"[bold]Doctor · 账目体检[/]  [red]RED · 异常[/]: {len(verdict.findings):,} findings")
    for finding in verdict.findings[:_FINDINGS_MAX]:
        console.print(f"  {finding}", markup=False)
