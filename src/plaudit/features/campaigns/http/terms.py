"""The terms of a campaign for everybody: a page in Chinese or English, and the text that its hash is of.

No credential is needed: nothing is shown that another person has not approved. The page has no script and
asks for nothing from elsewhere.
"""

import base64
import hashlib
import re
from html import escape
from importlib import resources
from string import Template
from typing import Annotated, Any, Final, Protocol

from plaudit.features.campaigns.actions.base import open_seed
from plaudit.features.campaigns.http.fields import ANYBODY
from plaudit.features.campaigns.model.life import Campaign, Revision, State, in_force, terms_in
from plaudit.features.campaigns.model.sentences import Language
from plaudit.features.campaigns.model.terms import Random, Terms
from plaudit.features.campaigns.model.wording import PAGE, lines_of, moment_text
from plaudit.features.campaigns.queries import life as queries
from plaudit.features.campaigns.queries.life import Promise
from plaudit.platform.crypto import Vault
from plaudit.platform.web import MediaType, Parameter, Response, get

_PAGE: Final = (resources.files(__package__) / "terms.html").read_text(encoding="utf-8")
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def _style_hash() -> str:
    match = _STYLE.search(_PAGE)
    assert match is not None, "the page has a style"
    return base64.b64encode(hashlib.sha256(match[1].encode()).digest()).decode()


_SAFE: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_style_hash()}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_HEADERS: Final = {
    **_SAFE,
    "content-security-policy": _POLICY,
}
Lang = Annotated[str, Parameter(description='The language of the page, "zh" (else) or "en".')]


class Means(queries.Addressed, Protocol):
    """What the page needs of the assembled house."""

    @property
    def vault(self) -> Vault:
        """What opens secrets."""


@get("/campaigns/{tenant:str}/{campaign:str}", opt=ANYBODY, include_in_schema=False)
async def terms_page(*, tenant: str, campaign: str, house: Means, lang: Lang = "zh") -> Response[bytes]:
    """Return the page of a campaign's terms."""
    promise = await queries.promise(database=house.database, tenant=tenant, campaign=campaign)
    language: Language = "en" if lang == "en" else "zh"
    page = _rendered(promise, house, tenant=tenant, language=language)
    return Response(page.encode(), media_type=MediaType.HTML, headers=_HEADERS)


@get(
    "/campaigns/{tenant:str}/{campaign:str}/revisions/{revision:int}/terms.json",
    opt=ANYBODY,
    include_in_schema=False,
)
async def terms_text(
    *, tenant: str, campaign: str, revision: int, house: queries.Addressed
) -> Response[bytes]:
    """Return the text of an approved revision, byte for byte what its hash is of."""
    found = await queries.promised(database=house.database, tenant=tenant, campaign=campaign, number=revision)
    return Response(found.terms, media_type="application/json", headers=_SAFE)


ROUTES: Final[tuple[Any, ...]] = (terms_page, terms_text)


def _rendered(promise: Promise, house: Means, *, tenant: str, language: Language) -> str:
    campaign = promise.campaign
    now = house.clock.now()
    terms = terms_in(in_force(promise.revisions, now=now))
    zh = language == "zh"
    title = terms.texts.title_zh if zh else terms.texts.title_en
    text = terms.texts.text_zh if zh else terms.texts.text_en
    path = f"/campaigns/{tenant}/{campaign.id}"
    state: State = campaign.state(now, newest="approved")
    other = "en" if zh else "zh"
    nav = f'<nav><a href="{escape(path)}?lang={other}">{_say("other", language)}</a></nav>'
    about = f'<p class="dim">{_say(state, language)}</p><p>{escape(text)}</p>'
    intro = f'<p class="dim">{_say("intro", language)}</p>{_secret(promise, house, terms, language)}'
    parts = [f"<header>{nav}<h1>{escape(title)}</h1>{about}{intro}</header>"]
    address = f"{house.settings.public_url}{path}"
    parts += [_section(one, address=address, language=language) for one in promise.revisions]
    return Template(_PAGE).substitute(language=language, title=escape(title), body="\n".join(parts))


def _section(revision: Revision, *, address: str, language: Language) -> str:
    terms = terms_in(revision)
    url = f"{address}/revisions/{revision.revision}/terms.json"
    assert revision.effective_from is not None, revision
    lines = [
        (_say("from", language), moment_text(revision.effective_from, zone=terms.zone)),
        *lines_of(terms, language=language),
    ]
    said = "".join(f"<dt>{escape(what)}</dt><dd>{escape(words)}</dd>" for what, words in lines)
    check = _say("check", language).format(url=url)
    return (
        f"<section><h2>{_say('revision', language).format(n=revision.revision)}</h2><dl>{said}"
        f"<dt>{_say('hash', language)}</dt><dd><code>{escape(revision.terms_hash)}</code></dd>"
        f'<dt>{_say("text", language)}</dt><dd><a href="{escape(url)}">{escape(url)}</a></dd></dl>'
        f'<p class="dim">{escape(check)}</p></section>'
    )


def _secret(promise: Promise, house: Means, terms: Terms, language: Language) -> str:
    """Return what is told of the secret of random rewards: its hash, and it once nothing is drawn by it."""
    campaign: Campaign = promise.campaign
    if campaign.seed is None or not isinstance(terms.strategy, Random):
        return ""
    seed = open_seed(house.vault, tenant_id=promise.tenant_id, campaign=campaign.id, sealed=campaign.seed)
    told = [(_say("seed_hash", language), hashlib.sha256(seed).hexdigest())]
    if campaign.ended_at is not None:
        told.append((_say("seed", language), seed.hex()))
    return "<dl>" + "".join(f"<dt>{what}</dt><dd><code>{text}</code></dd>" for what, text in told) + "</dl>"


def _say(word: str, language: Language) -> str:
    return PAGE[word][1 if language == "zh" else 0]
