"""Debts by cases and by whatever comes: what is taken back is all there, and no debt is paid twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Account, Book, Decision
from plaudit.core.ledger.debts import Policy, losses_of, owed, pay_in, take_back, take_what_is_there
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.identity import KeyRevoked
from tests.kit.house import BEGINNING

WALLET = chart.viewer_wallet(viewer="v1", asset="coin")
DEBT = chart.viewer_debt(viewer="v1", asset="coin")
ISSUANCE = chart.issuance(asset="coin")
LOSSES = losses_of(WALLET)
FACT = Fact("test", KeyRevoked(key="k"))


def opened(*, wallet: int = 0, owes: int = 0, freeze: int = 0) -> Book:
    """Open a book on a wallet, its debt, issuance and losses."""
    balances = {WALLET: wallet, DEBT: -owes, ISSUANCE: owes - wallet, LOSSES: 0}
    accounts = {}
    for number, (address, balance) in enumerate(balances.items()):
        read = chart.account_of(address)
        accounts[address] = Account(
            number, address, "coin", read.template.floor, freeze if address == WALLET else 0, balance
        )
    return Book(accounts=accounts, counters={}, holds={}, now=BEGINNING)


def paid_in(book: Book, amount_minor: int) -> int:
    done = pay_in(book, source=ISSUANCE, wallet=WALLET, debt=DEBT, amount_minor=amount_minor)
    book.post(Decision(FACT, done.transfers))
    return done.repaid_minor


def taken_back(book: Book, amount_minor: int, policy: Policy) -> tuple[int, int, int]:
    done = take_back(
        book, wallet=WALLET, debt=DEBT, destination=ISSUANCE, amount_minor=amount_minor, policy=policy
    )
    book.post(Decision(FACT, done.transfers))
    return done.taken_minor, done.owed_minor, done.lost_minor


@pytest.mark.parametrize(
    ("owes", "amount", "after"),
    [(0, 100, (0, 100, 0)), (30, 100, (30, 70, 0)), (100, 100, (100, 0, 0)), (100, 30, (30, 0, 70))],
)
def test_a_credit_pays_off_what_is_owed_first(owes: int, amount: int, after: tuple[int, int, int]) -> None:
    book = opened(owes=owes)
    repaid = paid_in(book, amount)
    assert (repaid, book.balance(WALLET), owed(book, DEBT)) == after


@pytest.mark.parametrize(
    ("before", "amount", "policy", "expected"),
    [
        ((100, 0), 100, Policy("refuse"), (100, 0, 0)),
        ((100, 0), 101, Policy("refuse"), "clawback.insufficient"),
        ((40, 0), 100, Policy("debt", 60), (40, 60, 0)),
        ((40, 0), 100, Policy("debt", 59), "clawback.limit"),
        ((40, 50), 100, Policy("debt", 110), (40, 60, 0)),
        ((40, 50), 100, Policy("debt", 109), "clawback.limit"),
        ((40, 0), 100, Policy("available"), (40, 0, 60)),
        ((0, 0), 100, Policy("available"), (0, 0, 100)),
        ((40, 0), 0, Policy("refuse"), (0, 0, 0)),
    ],
)
def test_what_was_spent_is_refused_owed_or_lost(
    before: tuple[int, int], amount: int, policy: Policy, expected: tuple[int, int, int] | str
) -> None:
    wallet, owes = before
    book = opened(wallet=wallet, owes=owes)
    issued = book.balance(ISSUANCE)
    if isinstance(expected, str):
        with pytest.raises(Refusal) as refusal:
            taken_back(book, amount, policy)
        assert refusal.value.code == expected
        assert (book.balance(WALLET), book.balance(ISSUANCE)) == (wallet, issued)
        return
    assert taken_back(book, amount, policy) == expected
    assert book.balance(ISSUANCE) == issued + amount


def test_a_frozen_wallet_is_not_taken_from() -> None:
    book = opened(wallet=100, freeze=1)
    with pytest.raises(Refusal, match=r"account\.frozen"):
        taken_back(book, 50, Policy("debt", 1_000))
    assert paid_in(book, 5) == 0


@pytest.mark.parametrize(
    ("wallet", "owes", "freeze", "limit", "expected"),
    [
        (100, 0, 0, 0, (100, 0, 0)),
        (40, 0, 0, 0, (40, 0, 60)),
        (40, 0, 0, 60, (40, 60, 0)),
        (40, 0, 0, 50, (40, 50, 10)),
        (0, 45, 0, 50, (0, 5, 95)),
        (0, 60, 0, 50, (0, 0, 100)),
        (100, 0, 1, 30, (0, 30, 70)),
    ],
)
def test_what_must_be_undone_is_taken_then_owed_then_lost(
    *, wallet: int, owes: int, freeze: int, limit: int, expected: tuple[int, int, int]
) -> None:
    book = opened(wallet=wallet, owes=owes, freeze=freeze)
    issued = book.balance(ISSUANCE)
    done = take_what_is_there(
        book,
        wallet=WALLET,
        debt=DEBT if limit else None,
        destination=ISSUANCE,
        amount_minor=100,
        debt_limit_minor=limit,
    )
    book.post(Decision(FACT, done.transfers))
    assert (done.taken_minor, done.owed_minor, done.lost_minor) == expected
    assert book.balance(ISSUANCE) == issued + 100


@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 500)), max_size=30),
    shortfall=st.sampled_from(["refuse", "debt", "available"]),
    limit=st.integers(0, 600),
)
def test_whatever_comes_nothing_is_lost_but_what_is_said(
    steps: list[tuple[bool, int]], shortfall: str, limit: int
) -> None:
    book = opened()
    policy = Policy(shortfall, limit)  # type: ignore[arg-type]
    issued = lost = 0
    for comes_in, amount in steps:
        try:
            if comes_in:
                paid_in(book, amount)
                issued += amount
            else:
                parts = taken_back(book, amount, policy)
                assert sum(parts) == amount
                issued -= amount
                lost += parts[2]
        except Refusal as refusal:
            assert refusal.code in {"clawback.insufficient", "clawback.limit"}  # noqa: PT017 - others are faults
        assert book.balance(ISSUANCE) == -issued
        assert book.balance(LOSSES) == -lost
        assert book.balance(WALLET) >= 0
        assert 0 <= owed(book, DEBT) <= limit
        # A wallet that owes is empty, for whatever comes in pays off the debt first.
        assert not (owed(book, DEBT) and book.balance(WALLET))
