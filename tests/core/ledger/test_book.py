"""The book by cases in a table, and against the oracle by whatever comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import (
    Account,
    Book,
    Counter,
    Decision,
    Draw,
    Hold,
    Movement,
    Opening,
    Transfer,
    Use,
    Window,
)
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.identity import KeyRevoked
from tests.kit.granting import plan_of
from tests.kit.house import BEGINNING
from tests.kit.lots import ADDRESSES, AMOUNT_MAX, CREATORS, VERBS, VIEWERS, Lot, wish_of
from tests.kit.oracle import Oracle
from tests.kit.wishes import Freeze, Open, Tip, Wish, escrow, wallet

CASES = Path(__file__).with_name("book_cases.txt")
FACT = Fact("test", KeyRevoked(key="k"))
ENDS = ("done", "refused", "broken")


def account(number: int, address: str, *, balance: int = 0, freeze: int = 0) -> Account:
    read = chart.account_of(address)
    return Account(number, address, read.asset.code, read.template.floor, freeze, balance)


def window(name: str) -> Window:
    return Window(name, BEGINNING, BEGINNING + timedelta(days=1))


@dataclass(slots=True)
class Table:
    """One case while it runs."""

    accounts: dict[str, Account] = field(default_factory=dict)
    counters: dict[Window, Counter] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    opening: Opening | None = None
    draws: list[Draw] = field(default_factory=list)
    book: Book | None = None

    def set(self, verb: str, words: list[str]) -> None:
        """Take a line that says what is locked."""
        if verb == "have":
            freeze = {"debits": 1, "all": 2}[words[2]] if words[2:] else 0
            self.accounts[words[0]] = account(
                len(self.accounts), words[0], balance=int(words[1]), freeze=freeze
            )
        elif verb == "used":
            self.counters[window(words[0])] = Counter(window(words[0]), int(words[1]), new=False)
        else:
            number, address, remaining = int(words[0]), words[1], int(words[2])
            deadline = BEGINNING + timedelta(minutes=int(words[3]))
            self.holds[number] = Hold(number, address, "coin", 100, remaining, deadline)

    def decide(self, verb: str, words: list[str]) -> None:
        """Take a line of a decision."""
        if verb == "move":
            self.transfers.append(Transfer(words[0], words[2], int(words[3])))
        elif verb == "use":
            self.uses.append(Use(window(words[0]), int(words[1]), int(words[2]) if words[2:] else None))
        elif verb == "open":
            deadline = BEGINNING + timedelta(minutes=int(words[2]))
            self.opening = Opening(words[0], int(words[1]), deadline)
        else:
            assert verb in {"capture", "release", "expire"}, verb
            self.draws.append(Draw(int(words[0]), int(words[1]), verb))  # type: ignore[arg-type]

    def end(self, verb: str, words: list[str]) -> None:
        """Post the decision and compare what comes of it; a refusal must have changed nothing."""
        book = self.book = self.book or Book(
            accounts=self.accounts, counters=self.counters, holds=self.holds, now=BEGINNING
        )
        decision = Decision(FACT, tuple(self.transfers), tuple(self.uses), self.opening, tuple(self.draws))
        self.transfers, self.uses, self.opening, self.draws = [], [], None, []
        before = self.state()
        if verb == "done":
            posted = [(account.address, amount, balance) for account, amount, balance in book.post(decision)]
            expected = list(zip(words[::3], map(int, words[1::3]), map(int, words[2::3]), strict=True))
            assert sorted(posted) == sorted(expected)
            return
        if verb == "broken":
            with pytest.raises(AssertionError):
                book.post(decision)
        else:
            with pytest.raises(Refusal) as refusal:
                book.post(decision)
            assert refusal.value.code == words[0]
            for name, value in zip(words[1::2], words[2::2], strict=True):
                assert str(refusal.value.details[name]) == value
        assert self.state() == before

    def check(self, words: list[str]) -> None:
        """Compare one balance, counter or hold."""
        name, value = words[0], int(words[1])
        if name in self.accounts:
            assert self.accounts[name].balance == value
        elif name.isdigit():
            assert self.holds[int(name)].remaining == value
        else:
            assert self.counters[window(name)].used == value

    def state(self) -> tuple[list[int], list[int], list[int]]:
        """Return all values."""
        return (
            [one.balance for one in self.accounts.values()],
            [one.used for one in self.counters.values()],
            [one.remaining for one in self.holds.values()],
        )


def cases() -> Iterator[tuple[str, list[list[str]]]]:
    name, lines = "", list[list[str]]()
    for text in CASES.read_text().splitlines():
        words = text.split("#")[0].split()
        if words and words[0] == "case":
            if name:
                yield name, lines
            name, lines = " ".join(words[1:]), []
        elif words:
            lines.append(words)
    yield name, lines


@pytest.mark.parametrize("lines", [lines for _, lines in cases()], ids=[name for name, _ in cases()])
def test_case(lines: list[list[str]]) -> None:
    table = Table()
    for verb, *words in lines:
        if verb in {"have", "used", "hold"}:
            table.set(verb, words)
        elif verb in ENDS:
            table.end(verb, words)
        elif verb == "then":
            table.check(words)
        else:
            table.decide(verb, words)


lots = st.builds(
    Lot,
    verb=st.sampled_from([*VERBS, "credit", "tip", "tip", "open", "capture"]),
    viewer=st.sampled_from(VIEWERS),
    creator=st.sampled_from(CREATORS),
    amount=st.integers(1, AMOUNT_MAX),
    pick=st.integers(0, 12),
    address=st.sampled_from(ADDRESSES),
    level=st.integers(0, 2),
)


class Ledger:
    """The book's accounts, counters and holds kept from one decision to the next, beside the oracle."""

    def __init__(self) -> None:
        self.oracle = Oracle()
        self.tips: dict[int, Tip] = {}
        self.accounts = {address: account(n, address) for n, address in enumerate(ADDRESSES)}
        self.counters: dict[Window, Counter] = {}
        self.holds: dict[int, Hold] = {}
        self.now = BEGINNING

    def wish(self, lot: Lot) -> Wish:
        owners = {number: hold.viewer for number, hold in self.oracle.holds.items()}
        return wish_of(lot, now=self.now, holds=owners, tips=self.tips)

    def post(self, wish: Wish, book: Book) -> Refusal | Sequence[Movement]:
        try:
            return book.post(plan_of(wish).decide(book))
        except Refusal as refusal:
            return refusal

    def ask_both(self, wish: Wish) -> None:
        """Ask book and oracle for the same, and compare what they say."""
        for one in plan_of(wish).windows:
            self.counters.setdefault(one, Counter(one, 0, new=True))
        book = Book(accounts=self.accounts, counters=self.counters, holds=self.holds, now=self.now)
        reasons = self.oracle.reasons(wish, now=self.now)
        answer = self.post(wish, book)
        if isinstance(answer, Refusal):
            assert answer.code in reasons
            assert not any((book.touched_accounts, book.touched_counters, book.touched_holds))
            return
        assert reasons == set()
        entries = self.oracle.do(wish, now=self.now)
        assert {one.address: (amount, balance) for one, amount, balance in answer} == entries
        assert sum(amount for _, amount, _ in answer) == 0
        self.note(wish)

    def note(self, wish: Wish) -> None:
        position = self.oracle.position
        if isinstance(wish, Freeze):
            self.accounts[wish.address].freeze = wish.level
        if isinstance(wish, Tip):
            self.tips[position] = wish
        if isinstance(wish, Open):
            address, amount = wallet(wish.viewer), wish.amount
            self.holds[position] = Hold(position, address, "coin", amount, amount, wish.deadline)

    def compare(self) -> None:
        """Compare every balance and hold, and the escrows with their holds."""
        for address, one in self.accounts.items():
            assert one.balance == self.oracle.balances[address]
        for number, hold in self.oracle.holds.items():
            assert self.holds[number].remaining == hold.left
        for viewer in VIEWERS:
            left = sum(hold.left for hold in self.oracle.holds.values() if hold.viewer == viewer)
            assert self.accounts[escrow(viewer)].balance == left


@settings(max_examples=300, deadline=None)
@given(script=st.lists(st.tuples(st.integers(0, 10), lots), max_size=40))
def test_book_and_oracle_agree_on_every_answer_and_every_balance(script: list[tuple[int, Lot]]) -> None:
    ledger = Ledger()
    for minutes, lot in script:
        ledger.now += timedelta(minutes=minutes)
        ledger.ask_both(ledger.wish(lot))
        ledger.compare()
