"""The terms of a campaign for everybody: what was promised, word for word, and how to check it."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import Any

import pytest

from plaudit.vocabulary.facts.campaigns import CampaignApproved
from tests.app.edge import problem
from tests.features.campaigns.stage import CAMPAIGN, PATH, RANDOM, TERMS, Stage

pytestmark = pytest.mark.anyio

PAGE = f"/campaigns/acme/{CAMPAIGN}"
EVIL = "<script>alert(1)</script>&\"'"
EVERYTHING: dict[str, Any] = TERMS | {
    "conditions": {
        "all": [
            {"attribute": "amount", "operator": "at_least", "value": 3_000},
            {
                "any": [
                    {"attribute": "weekday", "operator": "one_of", "value": [6, 7]},
                    {"not": {"attribute": "tags", "operator": "contains", "value": "blocked"}},
                ]
            },
        ]
    },
    "strategy": {
        "kind": "cumulative",
        "counted": "week",
        "tiers": [{"from_minor": 5_000, "reward_minor": 30}, {"from_minor": 10_000, "reward_minor": 80}],
    },
    "caps": {"viewer_minor": 500, "total_count": 1_000},
    "clawback": {"policy": "take", "debt_limit_minor": 100},
    "texts": {"title_en": EVIL, "title_zh": EVIL, "text_en": EVIL, "text_zh": EVIL},
    "group": "winter",
    "exclusive": True,
}


async def _page(stage: Stage, lang: str = "en") -> str:
    answer = await stage.edge.client.get(PAGE, params={"lang": lang})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


async def test_each_hash_on_the_page_is_of_the_text_it_links_to(stage: Stage) -> None:
    await stage.approved()
    stage.clock.advance(hours=1)
    await stage.approved(TERMS | {"strategy": {"kind": "ratio", "ratio": "1/4"}})
    page = await _page(stage)
    hashes = re.findall(r"<code>([0-9a-f]{64})</code>", page)
    links = re.findall(r'href="([^"]+terms\.json)"', page)
    assert len(hashes) == len(links) == 2
    facts = {one.revision: one for one in await stage.said(CampaignApproved)}
    for digest, link, revision in zip(hashes, links, (2, 1), strict=True):
        text = await stage.edge.client.get(link)
        assert hashlib.sha256(text.content).hexdigest() == digest == facts[revision].terms_hash
        assert text.json() == facts[revision].terms
        assert text.headers["content-type"] == "application/json"
        assert f"curl -s {link} | sha256sum" in page


async def test_the_heading_is_of_the_revision_in_force(stage: Stage) -> None:
    await stage.approved()
    stage.clock.advance(days=1)
    soon = {"title_en": "A quarter back", "title_zh": "返四分之一", "text_en": "Soon", "text_zh": "即将"}
    await stage.approved(TERMS | {"texts": soon}, effective_from="2026-11-26T00:00:00Z")
    for lang, now, then in (("en", "A fifth back", "A quarter back"), ("zh", "返五分之一", "返四分之一")):
        page = await _page(stage, lang)
        assert f"<h1>{now}</h1>" in page
        assert then not in page
        assert {"en": "Running", "zh": "进行中"}[lang] in page
    stage.clock.advance(days=4)
    assert "<h1>A quarter back</h1>" in await _page(stage)


async def test_both_languages_tell_the_same_terms(stage: Stage) -> None:
    await stage.approved(EVERYTHING)
    en, zh = [unescape(await _page(stage, lang)) for lang in ("en", "zh")]
    for words in (
        "from 50.00 CNY: 30 coins; from 100.00 CNY: 80 coins",
        "amount is at least 30.00 CNY and (day of the week is one of Saturday, Sunday or not (viewer's tags",
        "500 coins for each person; 1,000 times for everybody; as long as the budget lasts",
        "what is not there any more is owed, up to 100 coins",
        "2026-11-23 08:00:00 (Asia/Shanghai)",
    ):
        assert words in en
    for words in (
        "满 50.00 CNY：30 金币；满 100.00 CNY：80 金币",
        "金额不低于 30.00 CNY",
        "每人累计 500 金币",
    ):
        assert words in zh
    assert re.findall(r"[0-9a-f]{64}", en) == re.findall(r"[0-9a-f]{64}", zh)


async def test_what_operators_write_is_text_and_nothing_else(stage: Stage) -> None:
    await stage.approved(EVERYTHING)
    for lang in ("en", "zh"):
        page = await _page(stage, lang)
        assert "<script" not in page
        assert EVIL in unescape(page)


async def test_nobody_sees_what_is_not_approved(stage: Stage) -> None:
    await stage.submitted()
    problem(await stage.edge.client.get(PAGE), 404, "campaign.unknown")
    problem(await stage.edge.client.get(f"{PAGE}/revisions/1/terms.json"), 404, "revision.unknown")
    await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    await stage.draft(TERMS | {"texts": {"title_en": "Not yet", "title_zh": "尚未"}})
    assert "Not yet" not in await _page(stage)
    problem(await stage.edge.client.get(f"{PAGE}/revisions/2/terms.json"), 404, "revision.unknown")
    assert (await stage.ada.get(PATH))["terms_url"] == f"http://plaudit{PAGE}"


@pytest.mark.parametrize(
    "path",
    ["/campaigns/none/first", "/campaigns/acme/none", "/campaigns/%ff/x", "/campaigns/acme/%F0"],
)
async def test_what_there_is_not_is_not_found(stage: Stage, path: str) -> None:
    answer = await stage.edge.client.get(path)
    assert answer.status_code in {400, 404}
    assert (await stage.edge.client.get(f"{PAGE}/revisions/{10**30}/terms.json")).status_code == 404


async def test_the_secret_of_random_rewards_can_be_checked(stage: Stage) -> None:
    await stage.approved(RANDOM)
    (approved,) = await stage.said(CampaignApproved)
    assert approved.seed_hash is not None
    assert approved.seed_hash in await _page(stage)
    ended = await stage.ada.do("POST", f"{PATH}/end")
    page = await _page(stage)
    assert ended["seed"] in page
    assert approved.seed_hash in page
