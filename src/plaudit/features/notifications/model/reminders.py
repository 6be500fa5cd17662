"""Who has tickets of which show, and when they are to be told something: facts folded in their order."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from plaudit.features.notifications.model import kinds
from plaudit.features.notifications.model.messages import News
from plaudit.features.notifications.model.wording import Money, Titles
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.vocabulary.facts.shows import ShowSaved, ShowStateChanged
from plaudit.vocabulary.facts.tickets import (
    OrderEnded,
    TicketDeposited,
    TicketForfeited,
    TicketIssued,
    TicketPledged,
    TicketRefunded,
    TicketTransferred,
)

_BEFORE: Final = {
    kinds.SOON_DAY: timedelta(hours=24),
    kinds.SOON_HOUR: timedelta(hours=1),
    kinds.BALANCE_72H: timedelta(hours=72),
    kinds.BALANCE_24H: timedelta(hours=24),
    kinds.BALANCE_1H: timedelta(hours=1),
}
_OVER: Final = frozenset({"ended", "cancelled"})
_ORDER: Final = "ord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What messages say of a show. `timed_at` is since when it is to start at `starts_at`."""

    show: str
    title_en: str
    title_zh: str
    starts_at: datetime
    timed_at: datetime
    watch_url: str | None
    state: str

    @property
    def titles(self) -> Titles:
        """Its name in both languages."""
        return Titles(en=self.title_en, zh=self.title_zh)

    @property
    def link(self) -> str:
        """Where it is watched, empty where nobody said."""
        return (self.watch_url or "").replace("{show}", self.show)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Tickets of one order in a viewer's hand, and since when."""

    show: str
    viewer: str
    order: int
    tickets: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """An order that is paid for and has no tickets yet; `amount_minor` is still due while `is_open`.

    A place in a group that is not full is one, too: nothing more is due, `balance_until` is when it was paid.
    """

    order: int
    show: str
    viewer: str
    asset: str
    amount_minor: int
    balance_until: datetime
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What is to be told once `due_at` has come: about a show, or about the order that `thing` is."""

    kind: str
    thing: str
    show: str
    occasion: str
    due_at: datetime
    moved_from: datetime | None = None
    reached: str = ""


@dataclass(slots=True)
class Register:
    """The rows that a span of facts is about, locked, and what becomes of them.

    `changed_…` are rows to be written. Before `reminders` are, there are deleted those before the start of
    the shows in `retimed`, all of the shows in `over`, and those of the orders in `settled`. `told` is to be
    told at once; in `left` are viewers and shows of which they may have no ticket any more.
    """

    shows: dict[str, Show] = field(default_factory=dict)
    holdings: dict[tuple[int, str], Holding] = field(default_factory=dict)
    deposits: dict[int, Deposit] = field(default_factory=dict)
    changed_shows: set[str] = field(default_factory=set)
    changed_holdings: set[tuple[int, str]] = field(default_factory=set)
    changed_deposits: set[int] = field(default_factory=set)
    retimed: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    settled: set[int] = field(default_factory=set)
    reminders: dict[tuple[str, str], Reminder] = field(default_factory=dict)
    told: list[News] = field(default_factory=list)
    left: set[tuple[str, str]] = field(default_factory=set)

    def save_show(self, said: ShowSaved, *, at: datetime) -> None:
        """Take a show that was announced or changed; one that was moved is told to all who have tickets."""
        before = self.shows.get(said.show)
        same_time = before is not None and before.starts_at == said.starts_at
        show = Show(
            show=said.show,
            title_en=said.title_en,
            title_zh=said.title_zh,
            starts_at=said.starts_at,
            timed_at=before.timed_at if before is not None and same_time else at,
            watch_url=said.watch_url,
            state=said.state,
        )
        self._put_show(show)
        if same_time or said.state in _OVER:
            return
        self._time(show)
        if said.starts_before is not None and said.starts_before != said.starts_at:
            self._announce(
                kinds.MOVED, show, occasion=str(said.revision), at=at, moved_from=said.starts_before
            )

    def change_state(self, said: ShowStateChanged, *, at: datetime) -> None:
        """Take a show that went on; one that is cancelled is told to all who have tickets or a deposit."""
        before = self.shows.get(said.show)
        if before is None:
            return
        show = replace(before, state=said.state)
        self._put_show(show)
        if said.state in _OVER:
            self._forget(said.show)
        if said.state == "cancelled":
            self._announce(kinds.CANCELLED, show, occasion="", at=at)

    def issue(self, said: TicketIssued, *, at: datetime) -> None:
        """Take tickets that were issued, and tell their buyer."""
        self._close_deposit(said.order)
        self._give(order=said.order, show=said.show, viewer=said.viewer, tickets=said.quantity, at=at)
        show = self.shows.get(said.show)
        if show is None:
            return
        self.told.append(
            News(
                viewer=said.viewer,
                kind=kinds.BOUGHT,
                thing=order_id(said.order),
                occasion="",
                show=said.show,
                values={
                    "show": show.titles,
                    "starts_at": show.starts_at,
                    "quantity": said.quantity,
                    "amount": Money(asset=said.asset, amount_minor=said.paid_minor),
                    "order": order_id(said.order),
                    "link": show.link,
                },
                link=show.link,
            )
        )

    def deposit(self, said: TicketDeposited, *, at: datetime) -> None:
        """Take a deposit, and be reminded of its balance; not before that can be paid."""
        self._put_deposit(
            Deposit(
                order=said.order,
                show=said.show,
                viewer=said.payer,
                asset=said.asset,
                amount_minor=said.amount_minor,
                balance_until=said.balance_until,
                is_open=True,
            )
        )
        for kind in kinds.BALANCE:
            mark = said.balance_until - _BEFORE[kind]
            if mark > at:
                reminder = Reminder(
                    kind=kind,
                    thing=order_id(said.order),
                    show=said.show,
                    occasion="",
                    due_at=max(mark, said.balance_from),
                )
                self.reminders[kind, reminder.thing] = reminder

    def pledge(self, said: TicketPledged, *, at: datetime) -> None:
        """Take a paid place in a group: its buyer hears of the show, and is reminded of nothing."""
        self._put_deposit(
            Deposit(
                order=said.order,
                show=said.show,
                viewer=said.viewer,
                asset=said.asset,
                amount_minor=0,
                balance_until=at,
                is_open=True,
            )
        )

    def end(self, said: OrderEnded) -> None:
        """Take that a paid place in a group was left, or the group did not fill."""
        self._close_deposit(said.order)

    def forfeit(self, said: TicketForfeited) -> None:
        """Take that an order's balance did not come."""
        self._close_deposit(said.order)

    def refund(self, said: TicketRefunded) -> None:
        """Take tickets back. Those of a cancelled show stay, so that all are told who had some."""
        if self._is_cancelled(said.show):
            return
        if said.quantity:
            self._close_deposit(said.order)
        left = said.quantity
        for viewer in said.holders:
            left -= self._take(order=said.order, viewer=viewer, tickets=min(left, 1))
        others = sorted(viewer for order, viewer in self.holdings if order == said.order)
        for viewer in (*said.holders, said.viewer, *others):
            left -= self._take(order=said.order, viewer=viewer, tickets=left)

    def transfer(self, said: TicketTransferred, *, at: datetime) -> None:
        """Take a ticket from its holder to its recipient."""
        self._take(order=said.order, viewer=said.holder, tickets=1)
        self._give(order=said.order, show=said.show, viewer=said.recipient, tickets=1, at=at)

    def _time(self, show: Show) -> None:
        self.retimed.add(show.show)
        for kind in kinds.SOON:
            self.reminders.pop((kind, show.show), None)
            due_at = show.starts_at - _BEFORE[kind]
            if due_at > show.timed_at:
                occasion = show.starts_at.isoformat()
                self.reminders[kind, show.show] = Reminder(
                    kind=kind, thing=show.show, show=show.show, occasion=occasion, due_at=due_at
                )

    def _forget(self, show: str) -> None:
        self.over.add(show)
        for kind, thing in list(self.reminders):
            if self.reminders[kind, thing].show == show:
                del self.reminders[kind, thing]

    def _announce(
        self, kind: str, show: Show, *, occasion: str, at: datetime, moved_from: datetime | None = None
    ) -> None:
        self.reminders[kind, show.show] = Reminder(
            kind=kind, thing=show.show, show=show.show, occasion=occasion, due_at=at, moved_from=moved_from
        )

    def _is_cancelled(self, show: str) -> bool:
        found = self.shows.get(show)
        return found is not None and found.state == "cancelled"

    def _put_show(self, show: Show) -> None:
        self.shows[show.show] = show
        self.changed_shows.add(show.show)

    def _put_deposit(self, deposit: Deposit) -> None:
        self.deposits[deposit.order] = deposit
        self.changed_deposits.add(deposit.order)

    def _close_deposit(self, order: int) -> None:
        found = self.deposits.get(order)
        if found is None or not found.is_open or self._is_cancelled(found.show):
            return
        self._put_deposit(replace(found, is_open=False))
        self.settled.add(order)
        for kind in kinds.BALANCE:
            self.reminders.pop((kind, order_id(order)), None)

    def _give(self, *, order: int, show: str, viewer: str, tickets: int, at: datetime) -> None:
        before = self.holdings.get((order, viewer))
        if before is not None and before.tickets:
            given = replace(before, tickets=before.tickets + tickets)
        else:
            given = Holding(show=show, viewer=viewer, order=order, tickets=tickets, since=at)
        self.holdings[order, viewer] = given
        self.changed_holdings.add((order, viewer))

    def _take(self, *, order: int, viewer: str, tickets: int) -> int:
        """Take up to so many tickets of an order from a viewer, and return how many there were to take."""
        before = self.holdings.get((order, viewer))
        taken = min(tickets, before.tickets) if before is not None else 0
        if before is None or not taken:
            return 0
        self.holdings[order, viewer] = replace(before, tickets=before.tickets - taken)
        self.changed_holdings.add((order, viewer))
        self.left.add((viewer, before.show))
        return taken


def order_id(order: int) -> str:
    """Return the public id of an order."""
    return encode_id(_ORDER, order)


def order_number(order: str) -> int:
    """Return the number of an order from its public id."""
    return decode_id(_ORDER, order)


def newest(reminders: list[Reminder]) -> tuple[list[Reminder], list[Reminder]]:
    """Return of reminders that are due those to send, and those that later ones have overtaken.

    Of the marks before one start, and of those before one deadline, only the last one counts.
    """
    send: dict[tuple[str, str], Reminder] = {}
    overtaken: list[Reminder] = []
    for one in sorted(reminders, key=lambda one: _rank(one.kind)):
        family = next((name for name in (kinds.SOON, kinds.BALANCE) if one.kind in name), (one.kind,))
        before = send.get((family[0], one.thing))
        if before is not None:
            overtaken.append(before)
        send[family[0], one.thing] = one
    return list(send.values()), overtaken


def _rank(kind: str) -> int:
    order = (*kinds.SOON, *kinds.BALANCE)
    return order.index(kind) if kind in order else 0


def held_by(*, due_at: datetime, timed_at: datetime) -> datetime | None:
    """Return until when a ticket had to be in hand for a reminder of a mark: the mark itself.

    None when the show was given its time only after that: then nobody gets it.
    """
    return due_at if timed_at <= due_at else None
