"""Having a delivery tried again that was given up."""

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.features.notifications.actions.base import WRITE, Means, table_command
from plaudit.features.notifications.actions.sending import enqueue
from plaudit.features.notifications.model.deliveries import DELIVERY, unknown_delivery
from plaudit.features.notifications.store import deliveries as store
from plaudit.kernel.ids import decode_id
from plaudit.kernel.refusal import conflict
from plaudit.vocabulary.facts.notifications import DeliveryRevived


async def revive(means: Means, *, grant: Grant, key: str, delivery: str) -> Outcome:
    """Try a dead delivery again at once, with all its attempts before it.

    Raises Refusal `invalid.id`, `delivery.unknown` (NOT_FOUND), and `delivery.alive` (CONFLICT) when it is
    not dead.
    """
    number, now = decode_id(DELIVERY, delivery), means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await store.lock_delivery(tx, tenant_id=grant.tenant_id, number=number)
        if found is None:
            raise unknown_delivery()
        if found.state != "dead":
            raise conflict(
                "delivery.alive", "Only a delivery that is dead can be tried again.", state=found.state
            )
        await store.revive_delivery(tx, tenant_id=grant.tenant_id, number=number, now=now)
        await enqueue(tx, tenant_id=grant.tenant_id, channel=found.channel, endpoint=found.endpoint)
        revived = DeliveryRevived(delivery=delivery, channel=found.channel, attempts=found.attempts)
        return work_of(f"delivery/{delivery}", revived)

    command = table_command(verb="revive", permission=WRITE, grant=grant, key=key, content=number)
    return await means.corridor.run(command, work)
