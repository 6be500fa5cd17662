"""What is claimed, and where it is measured."""

from __future__ import annotations

from typing import Final

from tests.proof import campaigns
from tests.proof.claim import Claim, Passing
from tests.proof.making import figure, ratio, told

BENCHMARKS: Final[tuple[Claim, ...]] = (
    figure(
        "ledger",
        "tips_per_s",
        "at least",
        10_000,
        sentence="Tips a second, prepared command to delivered outcome.",
    ),
    ratio(
        "ledger",
        "vs_row_locks",
        "at least",
        5,
        sentence="Times the speed of one PL/pgSQL call a tip, 8 connections.",
    ),
    ratio(
        "ledger",
        "vs_bare_insert",
        "at least",
        0.35,
        sentence="Part of the speed of the same batches unchecked.",
    ),
    ratio(
        "ledger",
        "hot_vs_even",
        "at least",
        0.75,
        sentence="Speed with one creator taking 90 % to the even case.",
    ),
    figure("ledger", "doctor", "equal", "green", sentence="The doctor on the books of the measurement."),
    ratio(
        "growth", "speed", "at least", 0.85, sentence="Speed on 5,000,000 entries to that on a fresh base."
    ),
    ratio(
        "growth",
        "reads",
        "at most",
        1.5,
        sentence="Time of statement and balance reads there to the fresh base.",
    ),
    figure("growth", "entries", "at least", 5_000_000, sentence="Entries of the grown base."),
    figure("growth", "doctor", "equal", "green", sentence="The doctor on the grown base."),
    ratio(
        "tips",
        "vs_noop",
        "at least",
        0.4,
        sentence="Tips over HTTP to a POST that does nothing behind the same door.",
    ),
    ratio("tips", "noop_vs_bare", "at least", 0.5, sentence="That POST to one of the bare framework."),
    ratio(
        "tips", "p99_vs_noop", "at most", 5, sentence="The tips' p99 to that of the POST that does nothing."
    ),
    figure("tips", "p99_ms", "at most", 250, sentence="The tips' p99 in milliseconds, 128 connections."),
    figure("tips", "caught_up_s", "at most", 1, sentence="Seconds until every subscription had caught up."),
    figure("tips", "rss_mib", "at most", 400, sentence="MiB over all Plaudit processes without PostgreSQL."),
    figure(
        "tips", "errors", "equal", 0, sentence="Requests without an answer, or with a fault of the server."
    ),
    figure("tips", "doctor", "equal", "green", sentence="The doctor on the books after the load."),
    ratio(
        "callbacks",
        "vs_noop",
        "at least",
        0.3,
        sentence="Callbacks of WeChat Pay, verified, recorded and answered, to a POST of the same body.",
    ),
    figure(
        "callbacks",
        "credited_s",
        "at most",
        2,
        sentence="Seconds until all were credited after the last answer.",
    ),
    figure("callbacks", "not_credited", "equal", 0, sentence="Callbacks answered and not credited."),
    figure("callbacks", "errors", "equal", 0, sentence="Callbacks without an answer, or with a fault."),
    figure("callbacks", "doctor", "equal", "green", sentence="The doctor on the books after the callbacks."),
    ratio(
        "access",
        "vs_noop",
        "at least",
        0.5,
        sentence="Hooks of SRS beside a sale of 200 a second, to a POST of the same body that does nothing.",
    ),
    ratio("access", "p99_vs_noop", "at most", 3, sentence="Their p99 to that of that POST."),
    figure(
        "access", "revoke_s", "at most", 1, sentence="Seconds until a right given back shows, under load."
    ),
    figure("access", "sold_per_s", "at least", 190, sentence="Sold a second beside (200 asked for)."),
    figure("access", "errors", "equal", 0, sentence="Hooks without an answer, or with a fault."),
    figure("access", "doctor", "equal", "green", sentence="The doctor on the books after the hooks."),
    figure(
        "reconcile", "seconds", "at most", 60, sentence="Seconds for a bill of 1,000,000 rows, two cores."
    ),
    figure("reconcile", "rss_mib", "at most", 1_024, sentence="MiB of the process that compares it."),
    ratio(
        "reconcile",
        "growth",
        "at most",
        1.3,
        sentence="Time for 1,000,000 rows to ten times that for 100,000.",
    ),
    figure("reconcile", "rows", "at least", 1_000_000, sentence="Rows of the bill."),
    figure(
        "reconcile",
        "found",
        "equal",
        "exactly",
        sentence="Differences planted in every class: all found, and nothing else.",
    ),
    ratio(
        "presale",
        "vs_noop",
        "at least",
        0.25,
        sentence="Reservations over HTTP, one stock account, to a POST that does nothing.",
    ),
    figure("presale", "race", "equal", "right", sentence="Viewers race for few seats: all as it must."),
    figure("presale", "race_asked", "at least", 40_000, sentence="Requests of 20,000 viewers in the race."),
    figure("presale", "race_sold", "equal", 5_000, sentence="Seats sold in the race: all of them, once."),
    figure("presale", "race_wrong_steps", "equal", 0, sentence="Prices that sold another number of seats."),
    figure("presale", "race_over_limit", "equal", 0, sentence="Viewers with more seats than one may have."),
    figure("presale", "race_untold", "equal", 0, sentence="Losers who were not told why."),
    figure("presale", "errors", "equal", 0, sentence="Orders without an answer, or with a fault."),
    figure("presale", "doctor", "equal", "green", sentence="The doctor on the books after the race."),
    *campaigns.BENCHMARKS,
)

JOURNEYS: Final[tuple[Claim, ...]] = (
    Passing(
        name="replay",
        sentence="183,725 real payments: sums equal to the file's, a second replay adds none, doctor and"
        " projections green.",
        part="tests.journeys",
        tests=("test_replay.py::test_every_payment_of_every_recorded_broadcast",),
    ),
    told(
        "replay.done", "replay.first.done", "equal", 183_725, sentence="Payments of the file that were done."
    ),
    told(
        "replay.second",
        "replay.second.replayed",
        "equal",
        183_725,
        sentence="Payments that a second replay found done: all of them.",
    ),
    Passing(
        name="crash",
        sentence="Killed under load (server, backend, all of PostgreSQL): nothing answered is lost.",
        part="tests.journeys",
        tests=("test_crash.py",),
    ),
    told("crash.rounds", "crash.rounds.#", "at least", 10, sentence="Rounds of the crash test."),
    told(
        "crash.answered",
        "crash.rounds.*.answered",
        "at least",
        500,
        sentence="Tips answered before each kill, at least.",
    ),
    told(
        "crash.in_flight",
        "crash.rounds.*.in_flight",
        "at least",
        20,
        sentence="Tips in flight at each kill, at least.",
    ),
    Passing(
        name="switch",
        sentence="A switch flipped under load stops tips in each of four processes, LISTEN cut in one.",
        part="tests.journeys",
        tests=("test_switch.py",),
    ),
    told(
        "switch.last_done_s",
        "switch.last_done_s.*",
        "at most",
        1,
        sentence="Seconds after the flip of the last tip that was done, in any process.",
    ),
    told(
        "switch.tips_per_s",
        "switch.tips_per_s",
        "at least",
        1_900,
        sentence="Tips a second under which it was flipped (2,000 asked for).",
    ),
    Passing(
        name="payments",
        sentence="Payments at simulated channels, callbacks and answers lost, the server killed: each paid"
        " intent is credited once, the day's bill agrees; refunds, failing channels, false callbacks.",
        part="tests.journeys",
        tests=("test_payments.py", "test_channels.py"),
    ),
    told("payments.payments", "payments.payments", "at least", 10_000, sentence="Payments in the storm."),
    told(
        "payments.kills",
        "payments.kills.#",
        "at least",
        3,
        sentence="Times that the server was killed in the storm.",
    ),
    told(
        "payments.missing",
        "payments.credited_wrongly.missing",
        "equal",
        0,
        sentence="Payments that were paid and not credited.",
    ),
    told(
        "payments.false",
        "payments.credited_wrongly.false",
        "equal",
        0,
        sentence="Credits that nobody paid for, or a second time.",
    ),
    told(
        "payments.differences",
        "payments.differences",
        "equal",
        0,
        sentence="Differences that the day's reconciliation finds, none being planted.",
    ),
    told(
        "payments.found",
        "payments.found",
        "equal",
        10,
        sentence="Differences found after ten of all classes were planted: those ten.",
    ),
    Passing(
        name="presale.show",
        sentence="A whole show, the server killed on the way: steps, deposits paid, late, forfeited, groups,"
        " waiting list, transfers, refunds, reminders, hooks, settlement; doctor and projections green.",
        part="tests.journeys",
        tests=("journeys/test_presale.py",),
    ),
    told("presale.buyers", "presale.buyers", "at least", 400, sentence="Buyers of that show."),
    told(
        "presale.kills",
        "presale.kills.#",
        "at least",
        2,
        sentence="Times that the server was killed while they bought and paid.",
    ),
    told(
        "presale.reminders",
        "presale.reminders",
        "at least",
        800,
        sentence="Reminders of the show and of balances: each once, in the viewer's language.",
    ),
    told(
        "presale.doubled",
        "presale.doubled",
        "equal",
        0,
        sentence="Messages that came twice, to inbox, mail server or webhook.",
    ),
    told("presale.missing", "presale.missing", "equal", 0, sentence="Messages that did not come."),
    told(
        "presale.lost_minor",
        "presale.lost_minor",
        "equal",
        0,
        sentence="Money that a buyer neither holds in seats, nor had back, nor forfeited.",
    ),
    told(
        "presale.unsettled_minor",
        "presale.unsettled_minor",
        "equal",
        0,
        sentence="Takings that went neither to the organiser nor to the platform.",
    ),
    *campaigns.JOURNEYS,
    Passing(
        name="bad_input",
        sentence="Every sort of bad input is answered with its code and changes nothing.",
        part="tests.journeys",
        tests=("test_bad_input.py", "test_replay.py::test_a_broken_row_is_named_by_its_line"),
    ),
)

CORE: Final[tuple[Claim, ...]] = (
    Passing(
        name="oracle",
        sentence="The ledger and its in-memory oracle never differ, six invariants after each step.",
        part="tests.core",
        tests=("test_state_machine.py", "test_book.py"),
    ),
    Passing(
        name="many_clients",
        sentence="With many clients at once every answer is explained by some order.",
        part="tests.core",
        tests=("test_many_clients.py",),
    ),
    Passing(
        name="same_keys",
        sentence="Processes send the same keys, half with other content: one effect each, nobody harmed.",
        part="tests.core",
        tests=("test_processes.py::test_each_key_has_one_effect",),
    ),
    Passing(
        name="positions",
        sentence="Readers beside eight writers see every position once and in order; open transactions hold"
        " nobody up.",
        part="tests.core",
        tests=("test_order.py",),
    ),
    Passing(
        name="append_only",
        sentence="The running role cannot change or remove a fact or an entry, partition by partition.",
        part="tests.core",
        tests=("test_append_only.py",),
    ),
    Passing(
        name="audits",
        sentence="Every audit names the fault that is planted for it.",
        part="tests.core",
        tests=("journal/test_audit.py", "ledger/test_audit.py"),
    ),
    Passing(
        name="restored",
        sentence="A dump restored into a new cluster reads on.",
        part="tests.core",
        tests=("test_restored.py",),
    ),
)

OTHERS: Final[tuple[Claim, ...]] = (
    Passing(
        name="samples",
        sentence="Real callbacks and bills verify, decrypt and parse; altered by a byte they are refused.",
        part="tests.others",
        tests=(
            "wechat/test_samples.py",
            "wechat/test_trade_bill.py",
            "alipay/test_callbacks.py",
            "stripe/test_callbacks.py",
        ),
    ),
    Passing(
        name="presale.any_order",
        sentence="Whatever the order of payment, expiry, refund and cancel: what was paid is held, went back"
        " or was forfeited.",
        part="tests.others",
        tests=("features/presale/test_any_order.py",),
    ),
    *campaigns.OTHERS,
    Passing(
        name="all_tests",
        sentence="All other tests pass.",
        part="tests.others",
        tests=("",),
    ),
)

CLAIMS: Final = (*BENCHMARKS, *JOURNEYS, *CORE, *OTHERS)
