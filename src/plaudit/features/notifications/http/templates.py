"""What messages say, over HTTP."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.commands.command import Grant
from plaudit.core.commands.references import References
from plaudit.core.handles import Database
from plaudit.features.notifications.actions import saving
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.http.fields import READ, TAGS, WRITE, fact_of, text_of
from plaudit.features.notifications.model.contacts import Contact
from plaudit.features.notifications.model.kinds import SAMPLE, Text, kind_of, language_of
from plaudit.features.notifications.model.templates import Template, as_html, check_text, render
from plaudit.features.notifications.queries import lists
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import is_zone
from plaudit.platform.web import Response, answer, delete, get, post, put
from plaudit.vocabulary.facts.notifications import TemplateSaved

Language = Literal["en", "zh"]


class NewTemplate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A title of one line and a body, both with `{variables}` of their kind; a brace itself is written twice.

    A line of the body all of whose variables are empty is left out.
    """

    title: str
    body: str


class TemplateView(msgspec.Struct, kw_only=True):
    """What a kind of message says in a language, and which variables it may have.

    `revision` counts the changes, 0 where nothing was saved; `is_default` says that it is the built-in text.
    """

    kind: str
    language: Language
    title: str
    body: str
    variables: list[str]
    urgent: bool
    is_default: bool
    revision: int
    saved_at: str | None


class Templates(msgspec.Struct, kw_only=True):
    """What every kind of message says in every language."""

    items: list[TemplateView]


class NewPreview(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text to be tried on sample data; without title and body, the text as it is."""

    kind: str
    language: Language
    title: str | None = None
    body: str | None = None
    time_zone: str | None = None


class Preview(msgspec.Struct, kw_only=True):
    """A message as its reader would get it: as text, and as HTML in an e-mail."""

    title: str
    body: str
    html: str


@get("/v1/templates", opt=READ, summary="List what messages say", tags=TAGS)
async def list_templates(*, grant: Grant, database: Database) -> Templates:
    """Return what every kind of message says in every language, changed or not."""
    found = await lists.templates(database=database, tenant_id=grant.tenant_id)
    return Templates(items=[_view(one) for one in found])


@get("/v1/templates/{kind:str}/{language:str}", opt=READ, summary="What a message says", tags=TAGS)
async def show_template(*, kind: str, language: str, grant: Grant, database: Database) -> TemplateView:
    """Return what a kind of message says in a language."""
    found = await lists.template(database=database, tenant_id=grant.tenant_id, kind=kind, language=language)
    return _view(found)


@put("/v1/templates/{kind:str}/{language:str}", opt=WRITE, summary="Save what a message says", tags=TAGS)
async def put_template(
    *, kind: str, language: str, data: NewTemplate, grant: Grant, idempotency_key: str, house: Means
) -> Response[TemplateView]:
    """Save a text, for all messages from now on."""
    text = Text(data.title, data.body)
    return await _save(house, grant=grant, key=idempotency_key, place=(kind, language), text=text)


@delete(
    "/v1/templates/{kind:str}/{language:str}", opt=WRITE, summary="Use the built-in text again", tags=TAGS
)
async def reset_template(
    *, kind: str, language: str, grant: Grant, idempotency_key: str, house: Means
) -> Response[TemplateView]:
    """Give a kind of message its built-in text back, for all messages from now on."""
    return await _save(house, grant=grant, key=idempotency_key, place=(kind, language), text=None)


@post("/v1/templates/preview", opt=READ, status_code=200, summary="Try a text on sample data", tags=TAGS)
async def preview_template(
    *,
    data: NewPreview,
    grant: Grant,
    idempotency_key: str,  # noqa: ARG001 - every POST names one; this one changes nothing
    database: Database,
    references: References,
) -> Preview:
    """Return a text with sample data in it; nothing is saved or sent."""
    kind, language = kind_of(data.kind), language_of(data.language)
    if data.time_zone is not None and not is_zone(data.time_zone):
        raise invalid(
            "contact.time_zone", 'Name a time zone like "Asia/Shanghai", or none.', field="time_zone"
        )
    used = await lists.template(
        database=database, tenant_id=grant.tenant_id, kind=kind.name, language=language
    )
    current = used.current
    text = Text(
        current.title if data.title is None else data.title, current.body if data.body is None else data.body
    )
    check_text(text, kind=kind)
    tenants_zone = await references.get(tenant_id=grant.tenant_id, topic=core_tenants.ZONE, key="*")
    rendered = render(
        text,
        values={name: value for name, value in SAMPLE.items() if name in kind.variables},
        language=language,
        zone=Contact(viewer="", time_zone=data.time_zone).zone(tenants_zone),
        link=str(SAMPLE["link"]) if "link" in kind.variables else "",
    )
    html = as_html(rendered.body, link=rendered.link)
    return Preview(title=rendered.title, body=rendered.body, html=html)


ROUTES: Final[tuple[Any, ...]] = (
    list_templates,
    show_template,
    put_template,
    reset_template,
    preview_template,
)


async def _save(
    house: Means, *, grant: Grant, key: str, place: tuple[str, str], text: Text | None
) -> Response[TemplateView]:
    kind, language = place
    outcome = await saving.save_template(house, grant=grant, key=key, kind=kind, language=language, text=text)
    saved = Template(
        kind=kind,
        language=language_of(language),
        revision=fact_of(outcome, TemplateSaved).revision,
        text=text,
        saved_at=outcome.recorded_at,
    )
    return answer(_view(saved), replayed=outcome.replayed)


def _view(one: Template) -> TemplateView:
    kind = kind_of(one.kind)
    return TemplateView(
        kind=one.kind,
        language=one.language,
        title=one.current.title,
        body=one.current.body,
        variables=sorted(kind.variables),
        urgent=kind.urgent,
        is_default=one.text is None,
        revision=one.revision,
        saved_at=text_of(one.saved_at),
    )
