"""Risk over HTTP: switches and freezes."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.core.ledger.accounts import Directory
from plaudit.features.risk import actions, queries
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Parameter, Response, answer, get, put
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.risk import AccountFrozen, Freeze, SwitchFlipped

F = TypeVar("F", bound=FactData)

_TAGS: Final = ("risk",)
_SALT_BYTES: Final = 16

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]


class NewSwitch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether the target is to be off; the reason is kept beside the fact."""

    off: bool
    reason: str | None = None


class SwitchFlip(msgspec.Struct, kw_only=True):
    """A switch as it was set; `revision` counts the flips of this target."""

    target: str
    off: bool
    revision: int
    position: int
    recorded_at: str


class SwitchView(msgspec.Struct, kw_only=True):
    """A switch that was flipped at least once, by whom and when last."""

    target: str
    off: bool
    revision: int
    flipped_by: str
    flipped_at: str


class SwitchPage(msgspec.Struct, kw_only=True):
    """Some switches, by target."""

    items: list[SwitchView]
    next_cursor: str | None


class NewFreeze(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be frozen: "debits" leaves credits alone, "all" stops both, "none" releases."""

    freeze: Freeze
    reason: str | None = None


class FreezeDone(msgspec.Struct, kw_only=True):
    """A freeze as it was set."""

    address: str
    freeze: Freeze
    position: int
    recorded_at: str


class FreezeView(msgspec.Struct, kw_only=True):
    """An account that was frozen at least once, by whom and when last."""

    address: str
    freeze: Freeze
    frozen_by: str
    frozen_at: str


class FreezePage(msgspec.Struct, kw_only=True):
    """Some freezes, by address."""

    items: list[FreezeView]
    next_cursor: str | None


@put(
    "/v1/switches/{target:path}",
    opt={"permission": "switch.write"},
    summary="Switch something off or on",
    tags=_TAGS,
)
async def flip_switch(
    *,
    target: str,
    data: NewSwitch,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[SwitchFlip]:
    """Stop `tenant`, `feature/NAME`, `gift/ID` or `creator/ID` within a second, or let it go on."""
    outcome = await actions.flip_switch(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        target=target.removeprefix("/"),
        off=data.off,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    fact = _fact(outcome, SwitchFlipped)
    body = SwitchFlip(
        target=fact.target,
        off=fact.off,
        revision=fact.revision,
        position=outcome.position,
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed)


@get("/v1/switches", opt={"permission": "switch.write"}, summary="List switches", tags=_TAGS)
async def list_switches(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> SwitchPage:
    """Return every switch that was ever flipped, on or off."""
    page = await queries.switches(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    items = [
        SwitchView(
            target=one.target,
            off=one.off,
            revision=one.revision,
            flipped_by=one.flipped_by,
            flipped_at=format_time(one.flipped_at),
        )
        for one in page.items
    ]
    return SwitchPage(items=items, next_cursor=page.next_cursor)


@put(
    "/v1/freezes/{address:path}",
    opt={"permission": "account.freeze"},
    summary="Freeze an account or release it",
    tags=_TAGS,
)
async def freeze_account(
    *,
    address: str,
    data: NewFreeze,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    directory: Directory,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[FreezeDone]:
    """Freeze an account such as `viewer/v1/coin`: the flag binds whatever feature would move it."""
    outcome = await actions.freeze(
        corridor=corridor,
        directory=directory,
        grant=grant,
        key=idempotency_key,
        address=address.removeprefix("/"),
        freeze=data.freeze,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    fact = _fact(outcome, AccountFrozen)
    body = FreezeDone(
        address=fact.address,
        freeze=fact.freeze,
        position=outcome.position,
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed)


@get("/v1/freezes", opt={"permission": "account.freeze"}, summary="List freezes", tags=_TAGS)
async def list_freezes(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> FreezePage:
    """Return every account that was ever frozen, released ones as well."""
    page = await queries.freezes(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    items = [
        FreezeView(
            address=one.address,
            freeze=one.freeze,
            frozen_by=one.frozen_by,
            frozen_at=format_time(one.frozen_at),
        )
        for one in page.items
    ]
    return FreezePage(items=items, next_cursor=page.next_cursor)


ROUTES: Final[tuple[Any, ...]] = (flip_switch, list_switches, freeze_account, list_freezes)


def _fact(outcome: Outcome, kind: type[F]) -> F:
    assert isinstance(outcome.data, kind), outcome
    return outcome.data
