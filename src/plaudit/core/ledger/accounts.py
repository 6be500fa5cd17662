"""Every account by its address: what never changes about it, kept per process; missing ones are opened."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from plaudit.core.ledger import store
from plaudit.core.ledger.store import Card
from plaudit.platform.db import Connection, Database
from plaudit.vocabulary import chart

# About 250 bytes each; past this the directory is emptied and fills again from what is in use.
_CARDS_MAX = 200_000


class Directory:
    """Address to card, per tenant. Cards never change, so nothing here can be stale."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cards: dict[int, dict[str, Card]] = {}
        self._count = 0

    def cards(self, tenant_id: int) -> dict[str, Card]:
        """Return the known cards of a tenant by address, for reading."""
        known = self._cards.get(tenant_id)
        if known is None:
            known = self._cards[tenant_id] = {}
        return known

    async def ensure(self, *, tenant_id: int, addresses: Iterable[str], now: datetime) -> Mapping[str, Card]:
        """Return the cards of all addresses at least, opening what does not exist in its own transaction.

        They are opened in sorted order, so two processes that open the same ones cannot deadlock. Raises
        Refusal account.unknown when the chart has no such address.
        """
        wanted = set(addresses)
        known = self.cards(tenant_id)
        missing = sorted(wanted.difference(known))
        if not missing:
            return known
        async with self._database.connection() as conn:
            found = await store.select_cards(conn, tenant_id=tenant_id, addresses=missing)
        if len(found) < len(missing):
            unopened = sorted(set(missing).difference(card.address for card in found))
            async with self._database.transaction() as tx:
                await store.open_accounts(
                    tx, tenant_id=tenant_id, accounts=[_described(address) for address in unopened], now=now
                )
                found += await store.select_cards(tx, tenant_id=tenant_id, addresses=unopened)
        assert len(found) == len(missing), missing
        found += [known[address] for address in wanted if address in known]
        if self._count + len(found) > _CARDS_MAX:
            # Others may have been handed what is here now, so it is left to them as it is.
            self._cards.clear()
            self._count = 0
        known = self.cards(tenant_id)
        before = len(known)
        known.update((card.address, card) for card in found)
        self._count += len(known) - before
        return known

    async def find(self, *, tenant_id: int, address: str) -> Card | None:
        """Return the card of an address, or None when no such account is open."""
        known = self.cards(tenant_id).get(address)
        if known is not None:
            return known
        async with self._database.connection() as conn:
            found = await store.select_cards(conn, tenant_id=tenant_id, addresses=[address])
        return found[0] if found else None


async def freeze_account(conn: Connection, *, tenant_id: int, address: str, frozen: int) -> bool:
    """Set an account's freeze, one of those in ``book``; False when it is not open.

    Waits for batches that hold the account and binds every later one; nothing is cached. Takes the account's
    lock to the end of the transaction, so it comes last in a table command's work.
    """
    return await store.update_freeze(conn, tenant_id=tenant_id, address=address, frozen=frozen)


def _described(address: str) -> tuple[str, str, int | None, int]:
    account = chart.account_of(address)
    return address, account.asset.code, account.template.floor, account.template.rank
