"""Shows over HTTP: announced, changed, moved on, and the page that a buyer sees."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.presale.actions.shows import change_state, save_show
from plaudit.features.presale.http.fields import (
    READ,
    TAGS,
    WRITE,
    CodeGiven,
    Cursor,
    Limit,
    Ratio,
    asking_of,
    fact_of,
    maybe_time_of,
    text_of,
    time_of,
)
from plaudit.features.presale.http.offers import OfferPage, offer_page
from plaudit.features.presale.model.shows import LANGUAGES, Show, Text, commission_of
from plaudit.features.presale.queries import catalogue
from plaudit.features.presale.queries.catalogue import Offering
from plaudit.kernel.page import LIMIT_MAX, Page
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Parameter, Response, answer, get, post, put
from plaudit.vocabulary.facts.shows import ShowSaved, ShowState, ShowStateChanged, StreamRights

Language = Annotated[
    Literal["en", "zh"] | None, Parameter(description="Only the texts in this language; both if not given.")
]
Wanted = Annotated[ShowState | None, Parameter(name="state", description="Only shows in this state.")]


class ShowText(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a show's page says in one language: its title, what it is about, and its terms."""

    title: str
    body: str = ""
    terms: str = ""


class ShowTexts(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A show's page in English and Chinese."""

    en: ShowText
    zh: ShowText


class StreamBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A stream of a show, and the rights of which any one lets a viewer watch it."""

    stream: str
    rights: list[str]


class NewShow(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A show: whose it is, when, its page, its streams, and the platform's part of what it takes.

    `sale_at` is when a presale becomes the sale by itself. `watch_url` may have {show} in it. `devices_max`
    is on how many devices at once a viewer may watch.
    """

    organiser: str
    starts_at: str
    ends_at: str
    texts: ShowTexts
    streams: list[StreamBody]
    commission: Ratio = "0%"
    sale_at: str | None = None
    poster_url: str | None = None
    watch_url: str | None = None
    devices_max: int = 1


class NewState(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where a show goes on to: presale, on_sale, live, ended. Cancelling a show is a call of its own."""

    state: ShowState


class StateView(msgspec.Struct, kw_only=True):
    """Where a show is now, and where it was before."""

    show: str
    before: ShowState
    state: ShowState
    revision: int


class TextsView(msgspec.Struct, kw_only=True):
    """A show's page, in the languages asked for."""

    en: ShowText | None
    zh: ShowText | None


class SavedShow(msgspec.Struct, kw_only=True):
    """A show; `revision` counts its changes. `commission` is null to those who may not read it."""

    show: str
    revision: int
    state: ShowState
    organiser: str
    starts_at: str
    ends_at: str
    sale_at: str | None
    texts: TextsView
    poster_url: str | None
    watch_url: str | None
    streams: list[StreamBody]
    devices_max: int
    commission: str | None


class ZoneView(msgspec.Struct, kw_only=True):
    """A zone of a show: the offers that sell it, and the streams that their tickets open."""

    zone: str
    offers: list[str]
    streams: list[str]


class ShowView(SavedShow, kw_only=True):
    """A show's page: the show, its zones, and what is sold of it now; more offers by `offers.next_cursor`."""

    zones: list[ZoneView]
    offers: OfferPage


class ShowLine(msgspec.Struct, kw_only=True):
    """A show in the list: what a poster says."""

    show: str
    state: ShowState
    organiser: str
    starts_at: str
    ends_at: str
    sale_at: str | None
    title_en: str
    title_zh: str
    poster_url: str | None
    revision: int


class ShowPage(msgspec.Struct, kw_only=True):
    """Some shows, by when they start."""

    items: list[ShowLine]
    next_cursor: str | None


@put("/v1/shows/{show:str}", opt=WRITE, summary="Announce or change a show", tags=TAGS)
async def put_show(
    *, show: str, data: NewShow, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[SavedShow]:
    """Save a show. A new one is a draft, seen by those who may read drafts."""
    wanted = _wanted(show, data)
    outcome = await save_show(corridor=corridor, grant=grant, key=idempotency_key, show=wanted)
    fact = fact_of(outcome, ShowSaved)
    fields = _fields(wanted, languages=LANGUAGES, with_commission=True)
    saved = SavedShow(**fields | {"revision": fact.revision, "state": fact.state})
    return answer(saved, replayed=outcome.replayed)


@get("/v1/shows", opt=READ, summary="List shows", tags=TAGS)
async def list_shows(
    *,
    grant: Grant,
    database: Database,
    wanted: Wanted = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> ShowPage:
    """Return shows by when they start; drafts to those who may read them."""
    page = await catalogue.shows(
        database=database,
        tenant_id=grant.tenant_id,
        asking=asking_of(grant),
        state=wanted,
        limit=limit,
        cursor=cursor,
    )
    return ShowPage(items=[_line(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/shows/{show:str}", opt=READ, summary="A show's page", tags=TAGS)
async def show_show(
    *,
    show: str,
    grant: Grant,
    database: Database,
    clock: Clock,
    lang: Language = None,
    code: CodeGiven = None,
) -> ShowView:
    """Return a show with what is sold of it now, the first 200 offers."""
    asking = asking_of(grant, code=code)
    found = await catalogue.show(database=database, tenant_id=grant.tenant_id, show=show, asking=asking)
    offers = await catalogue.offers(
        database=database,
        tenant_id=grant.tenant_id,
        show=found,
        asking=asking,
        now=clock.now(),
        limit=LIMIT_MAX,
        cursor=None,
    )
    languages = LANGUAGES if lang is None else (lang,)
    fields = _fields(found, languages=languages, with_commission=asking.everything)
    return ShowView(**fields, zones=_zones(found, offers), offers=offer_page(offers))


@post("/v1/shows/{show:str}/state", opt=WRITE, summary="Move a show on", tags=TAGS, status_code=200)
async def post_state(
    *, show: str, data: NewState, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[StateView]:
    """Move a show on to its next state."""
    outcome = await change_state(
        corridor=corridor, grant=grant, key=idempotency_key, show=show, state=data.state, now=clock.now()
    )
    fact = fact_of(outcome, ShowStateChanged)
    moved = StateView(show=fact.show, before=fact.before, state=fact.state, revision=fact.revision)
    return answer(moved, replayed=outcome.replayed)


ROUTES: Final[tuple[Any, ...]] = (put_show, list_shows, show_show, post_state)


def _wanted(show: str, data: NewShow) -> Show:
    return Show(
        id=show,
        revision=0,
        state="draft",
        organiser=data.organiser,
        starts_at=time_of(data.starts_at, "starts_at"),
        ends_at=time_of(data.ends_at, "ends_at"),
        texts={"en": _text_of(data.texts.en), "zh": _text_of(data.texts.zh)},
        streams=tuple(StreamRights(stream=one.stream, rights=tuple(one.rights)) for one in data.streams),
        commission=commission_of(data.commission),
        sale_at=maybe_time_of(data.sale_at, "sale_at"),
        poster_url=data.poster_url,
        watch_url=data.watch_url,
        devices_max=data.devices_max,
    )


def _text_of(body: ShowText) -> Text:
    return Text(title=body.title, body=body.body, terms=body.terms)


def _fields(show: Show, *, languages: Sequence[str], with_commission: bool) -> dict[str, Any]:
    """Return the fields of a show as it was saved."""
    texts = {
        language: ShowText(title=text.title, body=text.body, terms=text.terms)
        for language, text in show.texts.items()
        if language in languages
    }
    return {
        "show": show.id,
        "revision": show.revision,
        "state": show.state,
        "organiser": show.organiser,
        "starts_at": format_time(show.starts_at),
        "ends_at": format_time(show.ends_at),
        "sale_at": text_of(show.sale_at),
        "texts": TextsView(en=texts.get("en"), zh=texts.get("zh")),
        "poster_url": show.poster_url,
        "watch_url": show.watch_url,
        "streams": [StreamBody(stream=one.stream, rights=list(one.rights)) for one in show.streams],
        "devices_max": show.devices_max,
        "commission": str(show.commission) if with_commission else None,
    }


def _zones(show: Show, offers: Page[Offering]) -> list[ZoneView]:
    """Return the zones that are sold, by name, with the streams that a ticket for one of them opens."""
    zones: dict[str, list[Offering]] = {}
    for one in offers.items:
        zones.setdefault(one.offer.zone, []).append(one)
    return [
        ZoneView(
            zone=zone,
            offers=[one.offer.id for one in sold],
            streams=[
                stream.stream
                for stream in show.streams
                if any(set(stream.rights) & set(one.offer.rights) for one in sold)
            ],
        )
        for zone, sold in sorted(zones.items())
    ]


def _line(show: Show) -> ShowLine:
    return ShowLine(
        show=show.id,
        state=show.state,
        organiser=show.organiser,
        starts_at=format_time(show.starts_at),
        ends_at=format_time(show.ends_at),
        sale_at=text_of(show.sale_at),
        title_en=show.title_en,
        title_zh=show.title_zh,
        poster_url=show.poster_url,
        revision=show.revision,
    )
