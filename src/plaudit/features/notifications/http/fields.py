"""What the handlers of notifications share: parameters, times, the fact of an outcome, a message as shown."""

from datetime import datetime
from typing import Annotated, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.features.notifications.model.messages import MESSAGE, Message
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter
from plaudit.vocabulary.facts.base import FactData

F = TypeVar("F", bound=FactData)

TAGS: Final = ("notifications",)
CREATED: Final = 201
INBOX: Final = {"permission": "inbox.read"}
READ: Final = {"permission": "notification.read"}
WRITE: Final = {"permission": "notification.write"}

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
Viewer = Annotated[str | None, Parameter(description="Whose inbox; a viewer's token means its own.")]


class MessageView(msgspec.Struct, kw_only=True):
    """A message in an inbox. `about` is the show or order; `read_at` is null until it was read."""

    message: str
    viewer: str
    kind: str
    about: str
    language: str
    title: str
    body: str
    link: str | None
    created_at: str
    read_at: str | None


def view_of(message: Message) -> MessageView:
    """Return a message as it is shown."""
    return MessageView(
        message=encode_id(MESSAGE, message.number),
        viewer=message.viewer,
        kind=message.kind,
        about=message.thing,
        language=message.language,
        title=message.rendered.title,
        body=message.rendered.body,
        link=message.rendered.link or None,
        created_at=format_time(message.created_at),
        read_at=text_of(message.read_at),
    )


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact, which must be of this type."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def text_of(at: datetime | None) -> str | None:
    """Return a time as RFC 3339, None where there is none."""
    return format_time(at) if at is not None else None
