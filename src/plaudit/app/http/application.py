"""The framework's application: the features' routes and the house's own, with one way for errors."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, Response
from litestar.types import ASGIApp

from plaudit.app.assembly import House
from plaudit.app.errors import MEDIA_TYPE
from plaudit.app.http import facts, house
from plaudit.app.http.access import AccessLog
from plaudit.app.http.body import StrictRequest
from plaudit.app.http.edge import Edge, told
from plaudit.app.http.openapi import Description
from plaudit.core.feature import Feature


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = told(error=error, scope=request.scope)
    headers = {name.decode(): value.decode() for name, value in problem.headers}
    return Response(problem.body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def routes_of(features: Sequence[Feature]) -> list[Any]:
    """Return the routes of some features and of the house itself, all that the description tells of."""
    return [*(route for feature in features for route in feature.routes), *facts.ROUTES, *house.ROUTES]


def framework(features: Sequence[Feature], *, more_routes: Sequence[Any] = ()) -> ASGIApp:
    """Return the framework's application with the routes of some features. It belongs to no house."""
    routes = routes_of(features)
    return Litestar(
        route_handlers=[*routes, *Description(routes).routes(), *more_routes],
        exception_handlers={Exception: _on_error},
        request_class=StrictRequest,
        request_max_body_size=None,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def build(the_house: House, *, access: AccessLog | None = None, more_routes: Sequence[Any] = ()) -> Edge:
    """Return the ASGI application of a house; `more_routes` are for benchmarks and tests."""
    inner = framework(the_house.features, more_routes=more_routes)
    return Edge(inner=inner, house=the_house, access=access)
