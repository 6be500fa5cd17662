"""Saving what is sold of a show. With the fact of each save, the seats it adds or takes away are moved."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.presale.actions.base import CODE, OFFER, table_command
from plaudit.features.presale.model.offers import (
    Code,
    Offer,
    check_deposit_of,
    check_steps_come,
    code_key,
    unknown_offer,
)
from plaudit.features.presale.model.shows import Show, check_changeable, unknown_show
from plaudit.features.presale.store import codes as code_store
from plaudit.features.presale.store import offers as store
from plaudit.features.presale.store import shows as show_store
from plaudit.kernel.refusal import Refusal, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.offers import OfferCodeSaved, OfferSaved

_WRITE: Final = "show.write"


async def save_offer(*, corridor: Corridor, grant: Grant, key: str, offer: Offer) -> Outcome:
    """Make an offer of a show, or change it; its revision in `offer` is ignored.

    Raises Refusal `show.unknown` (NOT_FOUND), `offer.invalid` (INVALID) for a step that never comes and for a
    deposit whose balance may come when the show is over, and (REFUSED) `show.over`, `offer.fixed` when it
    would change its show or currency, `offer.stock` when more seats would be taken away than are free.
    """
    tenant_id = grant.tenant_id

    async def work(tx: Connection) -> Work:
        check_steps_come(offer)
        show = await _open_show(tx, tenant_id, offer.show)
        check_deposit_of(offer, show)
        before = await store.lock_offer(tx, tenant_id=tenant_id, offer=offer.id)
        if before is None:
            saved = replace(offer, revision=1)
            await store.insert_offer(tx, tenant_id=tenant_id, offer=saved)
        else:
            _check_fixed(before, offer)
            saved = replace(offer, revision=before.revision + 1)
            await store.update_offer(tx, tenant_id=tenant_id, offer=saved)
        had = 0 if before is None else before.stock
        plan = _moving(
            Fact(f"show/{offer.show}", _offer_saved(saved)),
            source=chart.offer_issued(offer=offer.id),
            destination=chart.offer_stock(offer=offer.id),
            count=offer.stock - had,
            short=lambda free: _too_few_to_take_away(free, had),
        )
        return Work(plan=plan, changed=((OFFER, offer.id),))

    command = table_command(verb="save_offer", permission=_WRITE, grant=grant, key=key, content=offer)
    return await corridor.run(command, work)


async def save_code(*, corridor: Corridor, grant: Grant, key: str, code: Code) -> Outcome:
    """Make a code of an offer, or change it; its revision in `code` is ignored.

    Raises Refusal `offer.unknown` (NOT_FOUND), and (REFUSED) `show.over`, `code.stock` when fewer seats are
    free than are to be kept for it, or fewer are kept than are to be given back.
    """
    tenant_id = grant.tenant_id

    async def work(tx: Connection) -> Work:
        show = await _show_of(tx, tenant_id, code.offer)
        await _open_show(tx, tenant_id, show)
        before = await code_store.lock_code(tx, tenant_id=tenant_id, offer=code.offer, code=code.code)
        saved = replace(code, revision=1 if before is None else before.revision + 1)
        if before is None:
            await code_store.insert_code(tx, tenant_id=tenant_id, code=saved)
        else:
            await code_store.update_code(tx, tenant_id=tenant_id, code=saved)
        added = code.reserved - (0 if before is None else before.reserved)
        plan = _moving(
            Fact(f"show/{show}", _code_saved(saved, show)),
            source=chart.offer_stock(offer=code.offer),
            destination=chart.offer_code(offer=code.offer, code=code.code),
            count=added,
            short=lambda free: _too_few_to_keep(free, added),
        )
        return Work(plan=plan, changed=((CODE, code_key(offer=code.offer, code=code.code)),))

    command = table_command(verb="save_code", permission=_WRITE, grant=grant, key=key, content=code)
    return await corridor.run(command, work)


async def _open_show(tx: Connection, tenant_id: int, show: str) -> Show:
    """Return a show that is not over, and stays as it is to the transaction's end.

    Raises Refusal `show.unknown` (NOT_FOUND), `show.over` (REFUSED).
    """
    found = await show_store.share_show(tx, tenant_id=tenant_id, show=show)
    if found is None:
        raise unknown_show(show)
    check_changeable(found)
    return found


async def _show_of(tx: Connection, tenant_id: int, offer: str) -> str:
    """Return the show of an offer, which never changes. Raises Refusal `offer.unknown` (NOT_FOUND)."""
    found = await store.load_offers(tx, tenant_id, [offer])
    if offer not in found:
        raise unknown_offer(offer)
    return found[offer].show


def _check_fixed(before: Offer, offer: Offer) -> None:
    if (before.show, before.asset) != (offer.show, offer.asset):
        raise refused(
            "offer.fixed",
            "An offer keeps its show and its currency; make another offer with an id of its own.",
            show=before.show,
            asset=before.asset,
        )


def _moving(
    fact: Fact, *, source: str, destination: str, count: int, short: Callable[[int], Refusal]
) -> Plan:
    """Return the plan that moves seats with a fact: `count` to the destination, a negative one back.

    `short` makes the refusal of how many are free where they would come from.
    """
    if count == 0:
        decision = Decision(fact)
        return Plan(lambda _book: decision)
    if count < 0:
        source, destination = destination, source
    moved = (Transfer(source, destination, abs(count)),)
    bounded = chart.account_of(source).template.floor is not None

    def decide(book: Book) -> Decision:
        if bounded and book.balance(source) < abs(count):
            raise short(book.balance(source))
        return Decision(fact, moved)

    return Plan(decide, accounts=(source, destination))


def _too_few_to_take_away(free: int, had: int) -> Refusal:
    return refused(
        "offer.stock",
        f"Only {free} seats are free to be taken away; leave the offer at least {had - free}.",
        free=free,
        stock_min=had - free,
    )


def _too_few_to_keep(free: int, added: int) -> Refusal:
    return refused(
        "code.stock",
        f"Only {free} seats of the offer are free to be kept for a code; keep fewer, or add to its stock."
        if added > 0
        else f"Only {free} of the seats kept for this code are left to be given back; give back fewer.",
        free=free,
    )


def _offer_saved(offer: Offer) -> OfferSaved:
    return OfferSaved(
        offer=offer.id,
        show=offer.show,
        revision=offer.revision,
        zone=offer.zone,
        asset=offer.asset,
        on_sale=offer.on_sale,
        steps=offer.steps,
        rights=offer.rights,
        stock=offer.stock,
        hold_s=offer.hold_s,
        per_order_max=offer.per_order_max,
        per_person_max=offer.per_person_max,
        hidden=offer.hidden,
        transferable=offer.transferable,
        deposit=offer.deposit,
        group=offer.group,
        bundle=offer.bundle,
        waiting=offer.waiting,
        waiting_s=offer.waiting_s,
    )


def _code_saved(code: Code, show: str) -> OfferCodeSaved:
    return OfferCodeSaved(
        offer=code.offer,
        show=show,
        code=code.code,
        revision=code.revision,
        enabled=code.enabled,
        reserved=code.reserved,
        uses_max=code.uses_max,
    )
