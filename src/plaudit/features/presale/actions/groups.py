"""Opening a group, and leaving one before it is full."""

from typing import Final

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.handles import Connection
from plaudit.features.presale.actions.base import GROUP_TOPIC, SWITCHES, Means, check_on, table_command
from plaudit.features.presale.actions.orders import grounded, group_until, plan_order, targets_of
from plaudit.features.presale.actions.pledges import leaving
from plaudit.features.presale.model.groups import Group
from plaudit.features.presale.model.offers import unknown_offer
from plaudit.features.presale.model.orders import GROUP, Wish, check_wish
from plaudit.features.presale.store import bookings as booking_store
from plaudit.features.presale.store import groups as store
from plaudit.features.presale.store import offers as offer_store
from plaudit.features.presale.store import shows as show_store
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import refused

_BITS: Final = 63


async def open_group(means: Means, *, grant: Grant, key: str, wish: Wish) -> Outcome:
    """Open a group with an order of its first member; its id is made from the request's key.

    Raises Refusal as `order_tickets`.
    """
    check_wish(wish)
    tenant_id, now = grant.tenant_id, means.clock.now()
    command = table_command(
        verb="open_group",
        permission="ticket.order",
        grant=grant,
        key=key,
        content=wish,
        targets=targets_of(wish),
    )
    digest, _ = command.digests()
    number = encode_id(GROUP, int.from_bytes(digest[:8]) >> (64 - _BITS))

    off: frozenset[str] = await means.references.get(tenant_id=tenant_id, topic=SWITCHES[0], key=SWITCHES[1])

    async def work(tx: Connection) -> Work:
        offers = await offer_store.load_offers(tx, tenant_id, [wish.offer])
        if wish.offer not in offers:
            raise unknown_offer(wish.offer)
        offer = offers[wish.offer]
        check_on(offer.show, off=off)
        show = await show_store.share_show(tx, tenant_id=tenant_id, show=offer.show)
        assert show is not None, offer
        ground = grounded(wish, show=show, offer=offer, now=now)
        assert offer.group is not None, "the terms were checked"
        until = group_until(offer=offer, show=show, now=now)
        if until <= now:
            raise refused("group.over", "The time for groups is over; order alone.", show=show.id)
        group = Group(
            id=number,
            show=show.id,
            offer=offer.id,
            viewer=wish.viewer,
            size=offer.group.size,
            price_minor=offer.group.price_minor,
            until=until,
            opened_at=now,
        )
        await store.insert_group(tx, tenant_id=tenant_id, group=group)
        return Work(plan=plan_order(ground, opens=(number, until)), changed=((GROUP_TOPIC, number),))

    return await means.corridor.run(command, work)


async def leave_group(means: Means, *, grant: Grant, key: str, order: int) -> Outcome:
    """Let a member who has paid go out of a group that is not full; the money goes back.

    Raises Refusal (REFUSED) `group.filled` when it is full or over, and `order.not_open` when the order is no
    paid place in a group. The caller has seen to it that the order is there, and whose it is.
    """
    tenant_id = grant.tenant_id

    async def work(tx: Connection) -> Work:
        seen = await booking_store.select_booking(tx, tenant_id=tenant_id, order=order)
        if seen is not None and seen.group is not None:
            await store.lock_groups(tx, tenant_id=tenant_id, groups=[seen.group])
        found = await booking_store.lock_bookings(tx, tenant_id=tenant_id, orders=[order])
        booking = found.get(order)
        if booking is None or booking.group is None or booking.state != "pledged":
            raise refused("order.not_open", "This order is no paid place in an open group; look at it again.")
        offers = await offer_store.load_offers(tx, tenant_id, [booking.offer])
        plan = leaving(booking, offers[booking.offer], cause="left")
        booking.state, booking.seats = "ended", 0
        await booking_store.save_bookings(tx, tenant_id=tenant_id, bookings=[booking])
        return Work(plan=plan)

    command = table_command(
        verb="leave_group", permission="ticket.order", grant=grant, key=key, content=order
    )
    return await means.corridor.run(command, work)
