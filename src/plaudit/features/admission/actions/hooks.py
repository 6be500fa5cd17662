"""What media servers ask: may this client begin here, with this token? And: this one has left."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from plaudit.features.admission.actions.base import Means
from plaudit.features.admission.actions.gate import Answer, Let, gate_of
from plaudit.features.admission.model.places import Ask
from plaudit.features.admission.model.shows import refusal_of_show
from plaudit.features.admission.model.tokens import Pass, elsewhere, opened
from plaudit.features.admission.providers import Ready
from plaudit.features.admission.store import shows
from plaudit.kernel.refusal import Refusal

Endings: TypeAlias = Callable[[str], Sequence[str]]
"""By what the name of a stream would go on for others that a question may be about as well."""


def no_endings(_name: str) -> tuple[str, ...]:
    """Return none: most servers ask about one stream by its whole name."""
    return ()


def checked(
    ready: Ready, *, token: str, publish: bool, is_at: Callable[[str], bool], now: datetime
) -> Pass | Refusal:
    """Return what a token says if it is ours, not over, and for what is asked; no database is asked.

    `is_at` tells whether the question is about the stream of a name. Refusals: those of `tokens.opened`, and
    `token.elsewhere`.
    """
    given = opened(token, keys=ready.token_keys, now_s=int(now.timestamp()))
    if isinstance(given, Refusal):
        return given
    name = ready.server.terms.name_of(show=given.show, stream=given.stream)
    if given.publish is not publish or not is_at(name):
        return elsewhere()
    return given


async def begin(
    means: Means,
    *,
    ready: Ready,
    given: Pass,
    client: str | None,
    protocol: str,
    endings: Endings = no_endings,
    now: datetime,
) -> Answer:
    """Return whether the holder of a token may begin now, and where it may take a place for its client.

    Without a `client` the token itself stands for it, for as long as it is good. Refusals: those of
    `places.decide`, and `token.elsewhere`.
    """
    server = ready.server
    if not given.viewer:
        return await _organiser(means, tenant_id=server.tenant_id, given=given)
    longer = endings(server.terms.name_of(show=given.show, stream=given.stream))
    if longer and server.terms.ends_with_show:
        # Another show might go on like this, and shows are not looked through at each question.
        return elsewhere()
    ask = Ask(
        viewer=given.viewer,
        show=given.show,
        stream=given.stream,
        device=given.device,
        publish=given.publish,
        serial=given.serial,
        server=server.number,
        client=str(given.serial) if client is None else client,
        protocol=protocol,
        at_limit=server.terms.at_limit,
        not_of=tuple(given.stream + ending for ending in longer) if server.terms.ends_with_stream else (),
        at=now,
        ends_at=datetime.fromtimestamp(given.ends_at_s, UTC) if client is None else None,
    )
    return await gate_of(database=means.database, tenant_id=server.tenant_id).ask(ask)


async def end(means: Means, ready: Ready, *, client: str, name: str | None = None) -> None:
    """Give up the place of a client that has left: whatever it is at, or only the stream of this name."""
    server = ready.server
    gate = gate_of(database=means.database, tenant_id=server.tenant_id)
    await gate.end(server=server.number, client=client, name=name)


async def _organiser(means: Means, *, tenant_id: int, given: Pass) -> Answer:
    async with means.database.connection() as conn:
        found = await shows.select_shows(conn, tenant_id=tenant_id, shows=[given.show])
    return refusal_of_show(found.get(given.show), given.stream, publish=True) or Let(0)
