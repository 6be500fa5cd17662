"""No input is a fault of the server: each field and parameter of every route is given what it should not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.app.edge import Caller, UnderTest
from tests.app.test_isolation import DOCUMENT, UNNAMED_OK, WRITES, Things

ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**53,
    2**63,
    10**30,
    "",
    " ",
    "x" * 5_000,
    "a/b",
    "..",
    "\u0000",
    "\u202e",
    "1e400",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    [],
    [None],
    ["x"] * 2_000,
    {},
    {"x": 1},
)
IN_PATHS: Final = ("%00", "%ff", "..%2f..", "x" * 5_000, "-", "%F0%9F%98%80", "a%20b", "%2e")
IN_QUERIES: Final = (
    "",
    " ",
    "-1",
    "0",
    "9" * 40,
    "x" * 5_000,
    "\u0000",
    "\u202e",
    "1.5",
    "null",
    "2026-02-30T00:00:00Z",
    "a/b",
)
IDS: Final = {
    "account": "acc_0000004000001",
    "adjustment": "adj_0000000000001",
    "api_key": "plk_0000000000001",
    "delivery": "dlv_0000000000001",
    "due": "due_0000000000001",
    "exception": "exc_0000000000001",
    "fact": "1",
    "invitation": "inv_00000010000000000000000",
    "message": "msg_0000000000001",
    "group": "grp_0000000000001",
    "order": "ord_0000000000001",
    "payment": "pay_0000000000001",
    "reconciliation": "rec_0000000000001",
    "refund": "ref_0000000000001",
    "site": "site_0000004000001",
    "site_key": "site_0000004000001",
    "secret": "0123456789abcdef",
    "server": "med_0000004000001",
    "session": "ses_0000000000001",
    "staff": "pls_0000000000001",
    "ticket": "tkt_0000000000001",
    "transfer": "cbt_0000000000001",
    "tip": "tip_0000000000001",
    "token_key": "tkn_0000000000001",
    "webhook": "whk_0000000000001",
    "waiting": "wtg_0000000000001",
}
READS: Final = [path for path, item in DOCUMENT["paths"].items() if "get" in item and path not in UNNAMED_OK]


def _changed(body: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield the body with one of its parts odd, for every part and every oddity."""
    yield from ODD
    for name, value in body.items():
        for odd in ODD:
            yield body | {name: odd}
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            for one in inner:
                for odd in ODD:
                    changed = copy.deepcopy(body)
                    place = changed[name][0] if isinstance(value, list) else changed[name]
                    place[one] = odd
                    yield changed


@pytest.mark.parametrize(("path", "method"), WRITES)
async def test_bodies(acme: Caller, path: str, method: str) -> None:
    things = Things()
    things.ids |= IDS
    operation = DOCUMENT["paths"][path][method.lower()]
    example = things.body(operation)
    if example is None:
        return
    for body in _changed(example):
        answer = await acme.send(method, things.path(path), body)
        assert answer.status_code < 500, (body, answer.text)


@pytest.mark.parametrize(
    "path", sorted({path for path in [*READS, *(path for path, _ in WRITES)] if "{" in path})
)
async def test_paths(acme: Caller, path: str) -> None:
    head, _, tail = path.partition("{")
    for odd in IN_PATHS:
        for method, operation in DOCUMENT["paths"][path].items():
            body = Things().body(operation)
            answer = await acme.send(method.upper(), head + odd + tail.partition("}")[2], body)
            assert answer.status_code < 500, (method, odd, answer.text)


@pytest.mark.parametrize("path", READS)
async def test_queries(edge: UnderTest, acme: Caller, path: str) -> None:
    things = Things()
    things.ids |= IDS
    good = things.query(DOCUMENT["paths"][path]["get"])
    for one in DOCUMENT["paths"][path]["get"].get("parameters", ()):
        if one["in"] != "query":
            continue
        for odd in IN_QUERIES:
            answer = await edge.client.get(
                things.path(path),
                params=good | {one["name"]: odd},
                headers={"Authorization": f"Bearer {acme.credential}"},
            )
            assert answer.status_code < 500, (one["name"], odd, answer.text)
