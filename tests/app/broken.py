"""A route behind which an invariant is broken."""

from typing import Any

from plaudit.platform.web import get


@get("/v1/broken", opt={"permission": None}, include_in_schema=False)
async def broken() -> dict[str, Any]:
    raise AssertionError("two and two are five")


ROUTES = (broken,)
