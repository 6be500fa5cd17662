"""Ending clients at their media servers: a job for all that one transaction ended, tried until it is done."""

from collections.abc import Sequence
from typing import Final

import msgspec

from plaudit.core.handles import Connection
from plaudit.features.admission.actions.base import SERVER, Means, ready_of
from plaudit.features.admission.model.media import Client
from plaudit.features.admission.model.places import Place
from plaudit.features.admission.model.servers import MediaServer
from plaudit.platform import jobs, log, telemetry
from plaudit.platform.failures import Failure
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.jobs import Attempt, Job, Retry

_log = log.logger("admission")

KICKS: Final = telemetry.counter(
    "access_kicks",
    "Clients that were to be ended at their media server, by what came of a try: done, or how it failed.",
    labels=("kind", "answer"),
)

_MOST: Final = 200
"""Clients of one job: what fails keeps no more than these waiting."""


class Kicked(msgspec.Struct, frozen=True, kw_only=True):
    """A client to end: its server's number, its id there, and where it is."""

    server: int
    client: str
    protocol: str
    show: str
    stream: str
    session: int


class Kick(msgspec.Struct, frozen=True, kw_only=True):
    """The clients to end."""

    tenant_id: int
    clients: tuple[Kicked, ...]


async def enqueue_kicks(tx: Connection, *, tenant_id: int, places: Sequence[Place]) -> None:
    """Have the clients of places ended after this transaction, some in each job."""
    clients = [
        Kicked(
            server=place.server,
            client=place.client,
            protocol=place.protocol,
            show=place.show,
            stream=place.stream,
            session=place.number,
        )
        for place in places
    ]
    for first in range(0, len(clients), _MOST):
        some = tuple(clients[first : first + _MOST])
        await jobs.enqueue(tx, KICK, arguments=Kick(tenant_id=tenant_id, clients=some))


async def _kick(house: Means, attempt: Attempt[Kick]) -> None:
    """End each client; those that failed are tried again, and the others with them: a kick may come twice.

    Raises the first failure that may pass, and else the first that is final.
    """
    failures: list[Failure] = []
    for one in attempt.arguments.clients:
        server: MediaServer | None = await house.references.get(
            tenant_id=attempt.arguments.tenant_id, topic=SERVER, key=str(one.server)
        )
        assert server is not None, "a media server is never removed"
        try:
            await ready_of(house, server).media.kick(
                Client(
                    client=one.client,
                    protocol=one.protocol,
                    name=server.terms.name_of(show=one.show, stream=one.stream),
                    session=one.session,
                )
            )
        except Failure as failure:
            failures.append(failure)
            KICKS.labels(server.kind, type(failure).__name__.lower()).inc()
            _log.warning("client not ended", server=server.id, kind=server.kind, error=str(failure))
        else:
            KICKS.labels(server.kind, "done").inc()
    passing = [failure for failure in failures if not isinstance(failure, FinalFailure)]
    if failures:
        raise (*passing, *failures)[0]


KICK: Final = Job("admission.kick", Kick, _kick, retry=Retry(tries=10, first_s=1, most_s=300))
